from __future__ import annotations

import numpy as np
import pytest

from app.engines.local.font import FontFile, find_font
from app.engines.local.lettering import Inks, clean, letters, text_width, wall_of


@pytest.fixture(scope="module")
def file() -> FontFile:
    return find_font(environ={})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("开心", "开心"),
        ("a\x00b\x07c\u200d\ufeff", "abc"),
        ("谢\ud800谢", "谢谢"),
        ("  many \t spaces  ", "many spaces"),
        ("上\r\n\n下", "上\n下"),
        ("一\n二\n三", "一\n二"),
        ("爱你❤️", "爱你♥"),
        ("哈😀", "哈〓"),
        ("e\u0301", "é"),
        ("\x00\u200d \n", ""),
    ],
)
def test_text_becomes_drawable(file: FontFile, text: str, expected: str) -> None:
    assert clean(text, file, 24).text == expected


def test_says_what_was_replaced_and_cut(file: FontFile) -> None:
    cleaned = clean("😀" + "字" * 30, file, 24)
    assert cleaned.replaced == ("😀",)
    assert cleaned.cut
    assert cleaned.text == "〓" + "字" * 22 + "…"
    assert clean("x" * 48, file, 24).text == "x" * 48
    assert clean("x" * 60, file, 24).text == "x" * 46 + "…"
    assert len(clean("长" * 100_000, file, 24).text) == 24


def test_letters_are_valid_and_reach_no_border(file: FontFile) -> None:
    sprite = letters(("好的 OK", "行"), file, 40.0, Inks.of((255, 90, 60)))
    assert (sprite[..., :3] <= sprite[..., 3:]).all()
    assert sprite.shape[1] == pytest.approx(text_width("好的 OK", file, 40.0), abs=4)
    assert not sprite[0, :, 3].any()
    assert not sprite[:, 0, 3].any()
    assert not sprite[:, -1, 3].any()
    assert sprite[..., 3].max() == 255


def test_letters_come_one_by_one_in_place(file: FontFile) -> None:
    inks = Inks.of((90, 120, 255))
    first, all_of_it = (letters(("一二三",), file, 40.0, inks, visible=n, draft=True) for n in (1, 3))
    assert first.shape == all_of_it.shape
    third = first.shape[1] // 3
    assert not first[:, 2 * third :, 3].any()
    assert all_of_it[:, 2 * third :, 3].any()
    left = slice(0, int(third * 0.7))
    assert np.array_equal(first[:, left], all_of_it[:, left])


def test_wall_is_dark_in_the_hue_of_the_letters() -> None:
    assert max(wall_of((255, 220, 60))) < 110
    assert wall_of((255, 220, 60))[2] < 30
    assert wall_of((250, 250, 250)) == (43, 38, 60)


def test_a_joined_sign_is_one_sign(file: FontFile) -> None:
    family, thumb = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd"
    assert len(clean(family, file, 24).text) == 1
    assert len(clean(thumb, file, 24).text) == 1
    assert clean(family + thumb, file, 24).replaced == ("\U0001f468", "\U0001f44d")
