from __future__ import annotations

import os
import struct
import sys
import threading
import warnings
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from app.engines.local import photo
from app.engines.local.errors import PhotoRefused
from app.engines.local.photo import MAX_SIDE, load_photo
from tests.photo_files import BLUE, GREEN, HEIGHT, RED, WHITE, WIDTH, corners, png_header, quarters, stored

if TYPE_CHECKING:
    from pathlib import Path


def refusal(source: Path | bytes) -> PhotoRefused:
    with pytest.raises(PhotoRefused) as caught:
        load_photo(source)
    return caught.value


class TestSizes:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG"])
    def test_large_is_scaled_down(self, kind: str) -> None:
        read = load_photo(stored(quarters().resize((MAX_SIDE + 1_000, 800)), kind))
        assert read.pixels.shape == (700, MAX_SIDE, 3)
        np.testing.assert_allclose(corners(read.pixels), [RED, GREEN, BLUE, WHITE], atol=10)

    def test_large_jpeg_is_decoded_small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(photo, "MAX_SIDE", 900)
        decoded: list[tuple[int, int]] = []
        eight_bits = photo._eight_bits

        def watched(image: Image.Image) -> Image.Image:
            decoded.append(image.size)
            return eight_bits(image)

        monkeypatch.setattr(photo, "_eight_bits", watched)
        assert load_photo(stored(quarters().resize((4_000, 3_500)), "JPEG")).pixels.shape == (788, 900, 3)
        assert decoded == [(1_000, 875)]

    def test_large_with_alpha(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(photo, "MAX_SIDE", 1_000)
        image = quarters().resize((2_000, 1_000)).convert("RGBA")
        image.paste((0, 0, 0, 0), (0, 0, 1_000, 1_000))
        read = load_photo(stored(image, "PNG"))
        assert read.alpha is not None
        assert read.pixels.shape == (500, 1_000, 3)
        assert set(read.alpha[:, :400].ravel()) == {0}
        assert set(read.alpha[:, 600:].ravel()) == {255}

    def test_the_smallest_is_accepted(self) -> None:
        assert load_photo(stored(quarters().resize((400, 400)), "PNG")).pixels.shape == (400, 400, 3)

    @pytest.mark.parametrize("size", [(399, 900), (900, 399), (1, 1)])
    def test_small_is_refused(self, size: tuple[int, int]) -> None:
        error = refusal(stored(quarters().resize(size), "PNG"))
        assert error.code == "too_small_image"
        assert (error.params["width"], error.params["height"]) == size

    def test_a_strip_that_would_become_too_thin_is_refused(self) -> None:
        assert refusal(stored(Image.new("L", (20_000, 500)), "PNG")).code == "too_small_image"

    @pytest.mark.parametrize("size", [(20_000, 20_000), (65_000, 60_000), (2**31 - 1, 2**31 - 1)])
    def test_a_bomb_is_refused_by_its_header(self, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
        def decode(_image: Image.Image) -> None:
            pytest.fail("decoded")

        monkeypatch.setattr(photo, "_eight_bits", decode)
        assert refusal(png_header(*size)).code == "bomb"

    def test_a_bomb_of_each_other_format(self) -> None:
        jpeg = bytearray(stored(quarters(), "JPEG"))
        frame = jpeg.index(b"\xff\xc0")
        jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 60_000, 60_000)
        assert refusal(bytes(jpeg)).code == "bomb"
        bmp = bytearray(stored(quarters(), "BMP"))
        bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
        assert refusal(bytes(bmp)).code == "bomb"


class TestBadFiles:
    def test_empty(self, tmp_path: Path) -> None:
        (tmp_path / "empty.jpg").touch()
        assert refusal(tmp_path / "empty.jpg").code == "empty_file"
        assert refusal(b"").code == "empty_file"

    def test_too_many_bytes(self, tmp_path: Path) -> None:
        path = tmp_path / "huge.jpg"
        with path.open("wb") as file:
            file.truncate(photo.MAX_BYTES + 1)  # sparse: nothing is written
        assert refusal(path).code == "too_large"
        assert refusal(bytes(photo.MAX_BYTES + 1)).params["limit"] == photo.MAX_BYTES

    @pytest.mark.parametrize(
        "data",
        [
            b"hello, I am text\n" * 40,
            b"BMW is a make of cars, and this is text",
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="500" height="500"/>',
            b"GIF89a" + bytes(50),
            b"%PDF-1.7",
            b"\x00",
            b"\x00\x00\x00\x1cftypavif" + bytes(40),
        ],
    )
    def test_other_formats(self, data: bytes, tmp_path: Path) -> None:
        path = tmp_path / "photo.png"
        path.write_bytes(data)
        assert refusal(path).code == "unsupported_format"

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "HEIF"])
    @pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
    def test_truncated(self, kind: str, part: float) -> None:
        pillow_heif.register_heif_opener()
        noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
        data = stored(Image.fromarray(noise), kind)
        assert refusal(data[: int(len(data) * part)]).code == "broken_file"

    @pytest.mark.parametrize(
        "data",
        [
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            b"RIFF\x00\x00\x00\x00WEBPVP8 ",
            b"\x00\x00\x00\x18ftypheic" + bytes(16),
        ],
    )
    def test_only_a_beginning(self, data: bytes) -> None:
        assert refusal(data).code == "broken_file"

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
    def test_damaged_anywhere_is_read_or_refused_but_never_raises_else(self, kind: str) -> None:
        random = np.random.default_rng(7)
        data = stored(quarters(), kind)
        for _ in range(40):
            damaged = bytearray(data)
            for place in random.integers(0, min(len(data), 600), 4):
                damaged[place] = random.integers(0, 256)
            try:
                load_photo(bytes(damaged))
            except PhotoRefused as error:
                assert error.code in {"broken_file", "unsupported_format", "too_small_image", "bomb"}  # noqa: PT017

    def test_pixels_that_cannot_be_unpacked_are_not_taken_for_bad_exif(self) -> None:
        assert refusal(png_header(800, 800).replace(zlib.compress(b""), b"nonsense")).code == "broken_file"

    def test_missing(self, tmp_path: Path) -> None:
        assert refusal(tmp_path / "nothing.jpg").code == "missing_file"
        assert refusal(tmp_path / "a\x00b.jpg").code == "missing_file"
        (tmp_path / "file").touch()
        assert refusal(tmp_path / "file" / "photo.jpg").code == "missing_file"

    def test_not_a_file(self, tmp_path: Path) -> None:
        assert refusal(tmp_path).code == "not_a_file"

    @pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
    def test_a_pipe_does_not_hang(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.jpg")
        assert refusal(tmp_path / "pipe.jpg").code == "not_a_file"

    def test_unreadable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "photo.png"
        path.write_bytes(stored(quarters(), "PNG"))

        def deny(_path: Path) -> bytes:
            raise PermissionError(13, "denied")

        monkeypatch.setattr(type(path), "read_bytes", deny)  # permission bits do not bind root
        assert refusal(path).code == "unreadable_file"
        assert refusal(tmp_path / ("n" * 300)).code == "unreadable_file"


class TestWarnings:
    def test_none_leak_and_the_filters_come_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
        data = stored(quarters().resize((400, 400)), "JPEG")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)  # Pillow warns above this, and refuses above twice
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            before = list(warnings.filters)
            assert load_photo(data).pixels.shape == (400, 400, 3)
            assert warnings.filters == before
        assert seen == []

    def test_threads_that_overlap_leave_the_filters_as_they_were(self) -> None:
        before = list(warnings.filters)
        data = stored(quarters(), "PNG")
        read: list[object] = []

        def work() -> None:
            read.extend(load_photo(data).pixels.shape for _ in range(4))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert read == [(HEIGHT, WIDTH, 3)] * 16
        assert warnings.filters == before
