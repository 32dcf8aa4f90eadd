from __future__ import annotations

import io
import os
import time

import pytest
from PIL import Image

from app.engines.local.errors import PhotoRefused
from app.engines.local.jpeg_scans import MAX_SCANS, too_many_scans
from app.engines.local.photo import load_photo
from tests.photo_files import quarters, scan_bomb, stored


def test_a_file_that_decodes_for_minutes_is_refused_at_once() -> None:
    bomb = scan_bomb(Image.new("L", (4_000, 4_000), 128), 2_000)
    assert len(bomb) < 300_000
    started = time.process_time()
    with pytest.raises(PhotoRefused) as caught:
        load_photo(bomb)
    assert caught.value.code == "broken_file"
    assert time.process_time() - started < 1


def test_as_many_as_are_allowed() -> None:
    usual = scan_bomb(quarters(), 0).count(b"\xff\xda")
    assert not too_many_scans(scan_bomb(quarters(), MAX_SCANS - usual))
    assert too_many_scans(scan_bomb(quarters(), MAX_SCANS - usual + 1))
    assert load_photo(scan_bomb(quarters(), MAX_SCANS - usual)).pixels.shape == (420, 480, 3)


@pytest.mark.parametrize("progressive", [False, True])
def test_usual_files(progressive: bool) -> None:
    noise = Image.frombytes("RGB", (800, 600), os.urandom(800 * 600 * 3))
    buffer = io.BytesIO()
    noise.save(buffer, "JPEG", quality=95, progressive=progressive)
    assert not too_many_scans(buffer.getvalue())


def test_what_comes_along_does_not_count() -> None:
    scans = b"\xff\xda" * (MAX_SCANS + 1)
    assert not too_many_scans(stored(quarters(), "JPEG", progressive=True, comment=scans))
    assert not too_many_scans(stored(quarters(), "JPEG", progressive=True) + scans)


def test_padding_before_markers_hides_nothing() -> None:
    bomb = scan_bomb(quarters(), MAX_SCANS + 10).replace(b"\xff\xda", b"\xff\xff\xff\xda")
    assert too_many_scans(bomb)


@pytest.mark.parametrize("cut", range(2, 60, 7))
def test_anything_ends(cut: int) -> None:
    too_many_scans(b"\xff\xd8" + b"\xff\xda\x00" * 200 + os.urandom(500)[:cut])
