from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from app.cli.sheet import Cell, columns_for, draw_sheet, save_sheet
from app.cli.sizes import human_bytes
from app.engines.local.errors import EncodeFailed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def picture(colour: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    return np.full((64, 64, 4), colour, np.uint8)


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (6, 3), (7, 4), (48, 8), (50, 10)])
def test_grid(count: int, columns: int) -> None:
    assert columns_for(count) == columns


def test_cards_hold_the_stickers_over_a_soft_checker() -> None:
    clear, red = picture((0, 0, 0, 0)), picture((255, 0, 0, 255))
    page = np.asarray(draw_sheet([Cell(clear, "无", "none"), Cell(red, "红", "red")]))
    middle = page.shape[0] // 2 - 26
    assert 200 < page[middle, page.shape[1] // 4].min() < 240
    assert page[middle, page.shape[1] * 3 // 4].tolist() == [255, 0, 0]
    assert page[2, 2].tolist() == [238, 240, 245]


def test_long_names_stay_on_their_card() -> None:
    short, long = (
        draw_sheet([Cell(picture((0, 0, 0, 0)), name, "id")]) for name in ("A", "A very long name of a sticker " * 3)
    )
    assert short.size == long.size
    left = np.asarray(long)[-60:, :6]
    assert (left == left[0, 0]).all()


@pytest.mark.parametrize(("name", "kind"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.webp", "WEBP")])
def test_saving(name: str, kind: str, tmp_path: Path) -> None:
    size = save_sheet(Image.new("RGB", (40, 30)), tmp_path / name)
    assert size == (tmp_path / name).stat().st_size
    with Image.open(tmp_path / name) as saved:
        assert saved.format == kind
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_saving_where_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(EncodeFailed):
        save_sheet(Image.new("RGB", (40, 30)), tmp_path / "missing" / "a.png")


def test_a_full_disk_is_told_like_a_sticker_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(EncodeFailed, match="encode_disk_full"):
        save_sheet(Image.new("RGB", (40, 30)), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1 KB"), (128_400, "128 KB"), (999_600, "1.0 MB"), (1_440_000, "1.4 MB")],
)
def test_sizes_as_people_write_them(count: int, words: str) -> None:
    assert human_bytes(count) == words
