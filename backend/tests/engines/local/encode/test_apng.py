from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.engines.local.encode import Format, encode
from tests.moving_shapes import disc, over, read_with_ffmpeg, read_with_opencv, read_with_pillow, walk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("quality", [None, 100])
def test_pillow_reads_the_frames_their_times_and_the_endless_loop(quality: int | None, tmp_path: Path) -> None:
    encode(walk(), tmp_path / "a.png", fps=30, quality=quality)
    animation = read_with_pillow(tmp_path / "a.png")
    assert len(animation.frames) == 6
    assert animation.durations == pytest.approx([1000 / 30] * 6)
    assert animation.loop == 0


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255)])
def test_a_palette_keeps_colours_and_smooth_edges_close(colour: tuple[int, int, int], tmp_path: Path) -> None:
    encode(walk(), tmp_path / "a.png", fps=25)
    readings = (read_with_pillow(tmp_path / "a.png").frames, read_with_ffmpeg(tmp_path / "a.png"))
    for frames in readings:
        for source, shown in zip(walk(), frames, strict=True):
            error = over(shown, colour) - over(source, colour)
            assert np.abs(error).max() <= 30
            assert np.sqrt((error**2).mean()) < 3
            assert not shown[source[..., 3] == 0].any(axis=0)[3]


def test_true_colour_is_without_loss(tmp_path: Path) -> None:
    encode(walk(), tmp_path / "a.apng", fps=25, quality=100)
    readings = (read_with_pillow(tmp_path / "a.apng").frames, read_with_opencv(tmp_path / "a.apng").frames)
    for frames in readings:
        for source, shown in zip(walk(), frames, strict=True):
            assert np.array_equal(shown, source)


def test_translucent_over_translucent_replaces(tmp_path: Path) -> None:
    frames = [np.zeros((40, 40, 4), np.uint8) for _ in range(3)]
    for frame, level in zip(frames, (200, 120, 60), strict=True):
        frame[10:30, 10:30] = (80, 160, 240, level)
    encode(frames, tmp_path / "a.png", fps=10)
    shown = read_with_pillow(tmp_path / "a.png").frames
    assert [int(frame[20, 20, 3]) for frame in shown] == pytest.approx([200, 120, 60], abs=9)


def test_opaque_changes_are_laid_over(tmp_path: Path) -> None:
    frames = [disc((48, 40), 34) for _ in range(6)]
    for number, frame in enumerate(frames):
        frame[40:44, 30 + 5 * number : 34 + 5 * number, :3] = (20, 20, 120)
    one = encode(frames[:1], tmp_path / "one.png", fps=10).bytes
    assert encode(frames, tmp_path / "six.png", fps=10).bytes - one < 6 * 160
    for source, shown in zip(frames, read_with_pillow(tmp_path / "six.png").frames, strict=True):
        assert np.abs(over(shown, (0, 0, 0)) - over(source, (0, 0, 0))).max() <= 24


def test_one_frame_is_a_picture_of_one_frame(tmp_path: Path) -> None:
    done = encode(walk(1), tmp_path / "a.png", fps=25)
    assert (done.format, done.frames) == (Format.APNG, 1)
    assert len(read_with_pillow(tmp_path / "a.png").frames) == 1
