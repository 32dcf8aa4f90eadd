from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError

from app.engines.local.caption import LONGEST, Caption, CaptionStyle, Motion, build_caption, draw_caption
from app.engines.local.errors import FontMissing

MOTIONS = get_args(Motion)


def _draw(caption: Caption, t: float) -> np.ndarray:
    canvas = np.zeros((caption.size, caption.size, 4), np.uint8)
    draw_caption(canvas, caption, t)
    return canvas


@pytest.mark.parametrize("motion", MOTIONS)
def test_motion_closes_moves_and_stays_inside(motion: str) -> None:
    caption = build_caption("开心 HAPPY", CaptionStyle.model_validate({"motion": motion}), 256)
    frames = [_draw(caption, t) for t in (0.0, 0.13, 0.3, 0.55, 0.8)]
    assert np.array_equal(frames[0], _draw(caption, 1.0)) or motion == "typewriter"
    if motion != "typewriter":
        late = _draw(caption, 1.0 - 1e-4)
        assert np.abs(late.astype(int) - frames[0]).mean() < 0.25
    assert motion == "still" or any(not np.array_equal(frames[1], frame) for frame in frames[2:])
    for frame in frames:
        assert (frame[..., :3] <= frame[..., 3:]).all()
        assert not frame[: int(256 * 0.72)].any()


@pytest.mark.parametrize("size", [128, 512])
def test_is_low_and_small(size: int) -> None:
    drawn = _draw(build_caption("气死我了！", CaptionStyle(motion="still"), size), 0.5)
    rows = np.flatnonzero(drawn[..., 3].any(axis=1))
    assert (size - 1 - rows[-1]) / size == pytest.approx(0.025, abs=0.015)
    assert 0.11 <= (rows[-1] - rows[0]) / size <= 0.15


@pytest.mark.parametrize(
    "text",
    [
        "嗯",
        "今天也要元气满满",
        "今天也要元气满满地去上班哦加油",
        "What do you mean by that?",
        "W" * 48,
        "字" * 60,
        "上面\n下面",
    ],
)
def test_every_length_fits(text: str) -> None:
    caption = build_caption(text, CaptionStyle(motion="still"), 512)
    assert 1 <= len(caption.lines) <= 2
    assert caption.stages[-1].shape[1] <= 512
    assert caption.stages[-1].shape[0] <= 512 * 0.23
    assert caption.cut is (text == "字" * 60)
    assert sum(map(len, caption.lines)) <= max(LONGEST, len(text) if text.isascii() else 0)


def test_long_english_breaks_between_words() -> None:
    caption = build_caption("What do you mean by that?", CaptionStyle(), 512)
    assert caption.lines == ("What do you", "mean by that?")


def test_same_text_same_bytes() -> None:
    style = CaptionStyle(fill="#ffe14d", fill_bottom="#ff9d1e", motion="wave")
    first, second = (_draw(build_caption("哈哈哈", style, 200), 0.37) for _ in range(2))
    assert np.array_equal(first, second)


def test_colours_are_used() -> None:
    style = CaptionStyle(fill="#ff0000", stroke="#00ff00", outer="#0000ff", motion="still")
    drawn = _draw(build_caption("中", style, 256), 0.0).reshape(-1, 4)
    solid = {tuple(colour) for colour in drawn[drawn[:, 3] == 255].tolist()}
    assert {(255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)} <= solid


def test_nothing_drawable_draws_nothing() -> None:
    caption = build_caption("\x00\u200b", CaptionStyle(), 128)
    assert caption.stages == ()
    assert not _draw(caption, 0.2).any()


def test_missing_font_is_an_error_not_an_empty_caption() -> None:
    with pytest.raises(FontMissing):
        build_caption("开心", CaptionStyle(), 128, font="/nowhere.otf")


@pytest.mark.parametrize(
    "field", [{"fill": "red"}, {"motion": "fly"}, {"size": 9}, {"cycles": 0}, {"colour": "#ffffff"}]
)
def test_style_refuses_nonsense(field: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CaptionStyle.model_validate(field)
