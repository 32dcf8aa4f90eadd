from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.engines.local.encode import encode
from tests.moving_shapes import over, read_with_opencv, read_with_pillow, walk

if TYPE_CHECKING:
    from pathlib import Path


def test_two_readers_agree_on_frames_times_and_the_endless_loop(tmp_path: Path) -> None:
    encode(walk(), tmp_path / "a.webp", fps=25)
    for animation in (read_with_pillow(tmp_path / "a.webp"), read_with_opencv(tmp_path / "a.webp")):
        assert len(animation.frames) == 6
        assert animation.durations == [40] * 6
        assert animation.loop == 0


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255)])
def test_colours_and_alpha_come_back(colour: tuple[int, int, int], tmp_path: Path) -> None:
    encode(walk(), tmp_path / "a.webp", fps=25)
    for source, shown in zip(walk(), read_with_pillow(tmp_path / "a.webp").frames, strict=True):
        assert np.abs(shown[..., 3].astype(int) - source[..., 3]).max() <= 4
        assert (shown[..., 3][source[..., 3] == 255] == 255).all()
        assert not shown[..., 3][source[..., 3] == 0].any()
        error = over(shown, colour) - over(source, colour)
        assert np.sqrt((error**2).mean()) < 5
        assert np.abs(error).mean() < 2


def test_durations_keep_a_rate_that_milliseconds_cannot_say(tmp_path: Path) -> None:
    encode(walk(9), tmp_path / "a.webp", fps=30)
    durations = read_with_pillow(tmp_path / "a.webp").durations
    assert set(durations) <= {33, 34}
    assert sum(durations) == pytest.approx(300, abs=1)


def test_one_frame_and_odd_sides(tmp_path: Path) -> None:
    done = encode(walk(1, 97, 81), tmp_path / "a.webp", fps=25)
    assert (done.width, done.height) == (97, 81)
    assert read_with_pillow(tmp_path / "a.webp").frames[0].shape == (81, 97, 4)


def test_quality_moves_the_size(tmp_path: Path) -> None:
    sizes = [encode(walk(), tmp_path / "a.webp", fps=25, quality=quality).bytes for quality in (20, 80, 100)]
    assert sizes == sorted(set(sizes))
