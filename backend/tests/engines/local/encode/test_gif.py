from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.engines.local import errors
from app.engines.local.encode import encode
from tests.moving_shapes import disc, over, read_with_ffmpeg, read_with_pillow, walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.moving_shapes import Frames

WHITE = (255, 255, 255)


def test_pillow_reads_the_frames_their_times_and_the_endless_loop(tmp_path: Path) -> None:
    encode(walk(), tmp_path / "a.gif", fps=25)
    animation = read_with_pillow(tmp_path / "a.gif")
    assert len(animation.frames) == 6
    assert animation.durations == [40] * 6
    assert animation.loop == 0


@pytest.mark.parametrize("read", [lambda path: read_with_pillow(path).frames, read_with_ffmpeg])
def test_what_a_shape_leaves_becomes_transparent_again(read: Callable[[Path], Frames], tmp_path: Path) -> None:
    encode(walk(), tmp_path / "a.gif", fps=25)
    for source, shown in zip(walk(), read(tmp_path / "a.gif"), strict=True):
        assert np.array_equal(shown[..., 3] > 0, source[..., 3] >= 128)


def test_colours_stay_close_and_edges_show_no_dark_fringe(tmp_path: Path) -> None:
    encode(walk(), tmp_path / "a.gif", fps=25)
    for source, shown in zip(walk(), read_with_pillow(tmp_path / "a.gif").frames, strict=True):
        drawn = source[..., 3] >= 128
        error = over(shown, WHITE)[drawn].astype(int) - source[..., :3][drawn]
        assert np.abs(error).max() <= 30
        assert np.sqrt((error**2).mean()) < 4
        outline = drawn & (source[..., :3] == 255).all(axis=2)
        assert (shown[outline] == 255).all()


def test_a_still_outline_costs_only_what_changes_inside(tmp_path: Path) -> None:
    def blink(moving: bool) -> list[NDArray[np.uint8]]:
        frames = [disc((48, 40), 34) for _ in range(8)]
        for number, frame in enumerate(frames):
            frame[40:44, 40 + number * moving : 44 + number * moving, :3] = (120, 20, 20)
        return frames

    still = encode(blink(moving=False), tmp_path / "still.gif", fps=25).bytes
    one = encode(blink(moving=False)[:1], tmp_path / "one.gif", fps=25).bytes
    moving = encode(blink(moving=True), tmp_path / "moving.gif", fps=25).bytes
    assert still - one < 8 * 40
    assert moving - one < 8 * 80
    shown = read_with_pillow(tmp_path / "moving.gif").frames
    assert (np.abs(shown[-1][41, 48].astype(int) - (120, 20, 20, 255)) < 12).all()


def test_delays_keep_a_rate_that_hundredths_cannot_say(tmp_path: Path) -> None:
    encode(walk(10), tmp_path / "a.gif", fps=30)
    durations = read_with_pillow(tmp_path / "a.gif").durations
    assert set(durations) == {30, 40}
    assert sum(durations) == 330


def test_wide_soft_zones_are_thinned_and_narrow_edges_are_cut(tmp_path: Path) -> None:
    frame = np.zeros((64, 64, 4), np.uint8)
    frame[8:56, 8:56] = (255, 120, 160, 120)
    frame[4:8, 8:56] = (255, 120, 160, 100)
    encode([frame], tmp_path / "a.gif", fps=10)
    shown = read_with_pillow(tmp_path / "a.gif").frames[0]
    assert 0.35 < (shown[16:48, 16:48, 3] > 0).mean() < 0.65
    assert not shown[:4, :, 3].any()


def test_an_empty_picture_and_a_single_colour(tmp_path: Path) -> None:
    encode([np.zeros((9, 7, 4), np.uint8)] * 2, tmp_path / "empty.gif", fps=10)
    assert not read_with_pillow(tmp_path / "empty.gif").frames[0][..., 3].any()
    encode([np.full((9, 7, 4), 255, np.uint8)], tmp_path / "white.gif", fps=10)
    assert (read_with_pillow(tmp_path / "white.gif").frames[0] == 255).all()


def test_a_shape_that_vanishes_and_comes_back(tmp_path: Path) -> None:
    empty = np.zeros((80, 96, 4), np.uint8)
    frames = [disc((30, 40), 20), empty, empty, disc((60, 40), 20), disc((60, 40), 20)]
    encode(frames, tmp_path / "a.gif", fps=10)
    for source, shown in zip(frames, read_with_pillow(tmp_path / "a.gif").frames, strict=True):
        assert np.array_equal(shown[..., 3] > 0, source[..., 3] >= 128)


def test_lower_quality_means_fewer_colours_and_bytes(tmp_path: Path) -> None:
    best = encode(walk(), tmp_path / "best.gif", fps=25)
    low = encode(walk(), tmp_path / "low.gif", fps=25, quality=10)
    assert low.bytes < best.bytes
    colours = np.concatenate([frame.reshape(-1, 4) for frame in read_with_pillow(tmp_path / "low.gif").frames])
    assert len(np.unique(colours, axis=0)) <= 27


def test_refuses_a_rate_that_viewers_slow_down(tmp_path: Path) -> None:
    with pytest.raises(errors.EncodeFailed) as caught:
        encode(walk(), tmp_path / "a.gif", fps=60)
    assert caught.value.code == "encode_frame_rate"
    assert not list(tmp_path.iterdir())
