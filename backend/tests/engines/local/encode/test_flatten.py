from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.engines.local.encode.flatten import Colour, Planes

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rgb_of(planes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Undo BT.709 by its published inverse."""
    luma, blue, red = (planes[0] - 16) / 219, (planes[1] - 128) / 224, (planes[2] - 128) / 224
    blue, red = (chroma.repeat(2, axis=0).repeat(2, axis=1) for chroma in (blue, red))
    green = luma - 0.187324 * blue - 0.468124 * red
    return 255 * np.stack([luma + 1.5748 * red, green, luma + 1.8556 * blue], axis=-1)


def planes_of(
    frame: NDArray[np.uint8], background: tuple[int, int, int], *, keep_alpha: bool
) -> list[NDArray[np.float64]]:
    height, width = frame.shape[:2]
    video = Planes(width, height, background, keep_alpha=keep_alpha).convert(frame)
    read = []
    for plane in video.planes:
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        read.append(lines[:, : plane.width].astype(np.float64))
    return read


@pytest.mark.parametrize("background", [(255, 255, 255), (0, 0, 0), (200, 40, 90)])
def test_blocks_of_colour_lie_on_the_background(background: Colour) -> None:
    blocks = np.random.default_rng(5).integers(0, 256, (12, 16, 4), np.uint8)
    frame = blocks.repeat(4, axis=0).repeat(4, axis=1)
    alpha = frame[..., 3:] / 255
    wanted = frame[..., :3] * alpha + np.array(background) * (1 - alpha)
    error = rgb_of(planes_of(frame, background, keep_alpha=False)) - wanted
    assert np.abs(error).max() < 3
    assert np.abs(error.mean(axis=(0, 1))).max() < 0.5


def test_white_and_black_reach_the_ends_of_the_limited_range() -> None:
    for level, luma in ((255, 235), (0, 16)):
        planes = planes_of(
            np.full((4, 4, 4), level, np.uint8) | np.array([0, 0, 0, 255], np.uint8), (0, 0, 0), keep_alpha=False
        )
        assert [plane.ravel()[0] for plane in planes] == [luma, 128, 128]


def test_kept_alpha_is_copied_and_invisible_pixels_take_the_colour() -> None:
    frame = np.zeros((6, 8, 4), np.uint8)
    frame[:, :4] = (255, 255, 255, 90)
    planes = planes_of(frame, (255, 255, 255), keep_alpha=True)
    assert np.array_equal(planes[3], frame[..., 3])
    assert (planes[0] == 235).all()
