from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.local.raster import blit, catmull_rom, fill_polygon, over, placed, smoothstep

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _sprite(height: int, width: int, seed: int = 0) -> NDArray[Any]:
    numbers = np.random.default_rng(seed)
    coarse = numbers.integers(0, 256, (4, 4, 4)).astype(np.float64)
    rows, columns = np.linspace(0, 2.999, height), np.linspace(0, 2.999, width)
    r, c = rows.astype(int)[:, None], columns.astype(int)
    u, v = (rows - rows.astype(int))[:, None, None], (columns - columns.astype(int))[None, :, None]
    smooth = (coarse[r, c] * (1 - v) + coarse[r, c + 1] * v) * (1 - u) + (
        coarse[r + 1, c] * (1 - v) + coarse[r + 1, c + 1] * v
    ) * u
    smooth[..., :3] *= smooth[..., 3:] / 255.0
    result: NDArray[np.uint8] = np.rint(smooth).astype(np.uint8)
    return result


def _canvas(seed: int = 1, size: int = 96) -> NDArray[Any]:
    return _sprite(size, size, seed)


def _reference(canvas: NDArray[Any], sprite: NDArray[Any], matrix: NDArray[Any], opacity: float) -> NDArray[Any]:
    """Bilinear sampling and "over" in float, pixel by pixel."""
    inverse = np.linalg.inv(np.vstack((matrix, [0.0, 0.0, 1.0])))
    y, x = np.mgrid[0 : canvas.shape[0], 0 : canvas.shape[1]]
    sx = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
    sy = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
    framed = np.zeros((sprite.shape[0] + 2, sprite.shape[1] + 2, 4))
    framed[1:-1, 1:-1] = sprite
    sx, sy = np.clip(sx + 1, 0, framed.shape[1] - 1.001), np.clip(sy + 1, 0, framed.shape[0] - 1.001)
    x0, y0 = sx.astype(int), sy.astype(int)
    u, v = (sx - x0)[..., None], (sy - y0)[..., None]
    top = framed[y0, x0] * (1 - u) + framed[y0, x0 + 1] * u
    bottom = framed[y0 + 1, x0] * (1 - u) + framed[y0 + 1, x0 + 1] * u
    layer = (top * (1 - v) + bottom * v) * opacity
    result: NDArray[np.float64] = layer + canvas * (1.0 - layer[..., 3:] / 255.0)
    return result


@pytest.mark.parametrize(
    ("scale", "angle", "stretch", "opacity"),
    [
        (1.0, 0.0, (1.0, 1.0), 1.0),
        (1.3, 25.0, (1.0, 1.0), 1.0),
        (0.8, -70.0, (-1.0, 1.2), 0.6),
        (2.0, 180.0, (0.7, 1.0), 0.3),
    ],
)
def test_blit_agrees_with_float_arithmetic(
    scale: float, angle: float, stretch: tuple[float, float], opacity: float
) -> None:
    canvas, sprite = _canvas(), _sprite(30, 40)
    matrix = placed(sprite, (47.3, 50.6), scale, angle, stretch)
    expected = _reference(canvas.astype(np.float64), sprite.astype(np.float64), matrix, opacity)
    blit(canvas, sprite, matrix, opacity)
    # The sampler knows 32 steps between pixels; at the sprite's hard edge one step is 8 levels.
    difference = np.abs(canvas - expected)
    assert difference.max() <= 9.0
    assert difference.mean() < 0.5


def test_whole_pixel_blit_is_exact_and_equals_the_general_path() -> None:
    sprite = _sprite(20, 20)
    exact, general = _canvas(), _canvas()
    blit(exact, sprite, np.array([[1.0, 0.0, 10.0], [0.0, 1.0, -5.0]]))
    blit(general, sprite, np.array([[1.0, 0.0, 10.0], [1e-7, 1.0, -5.0]]))
    assert np.abs(exact.astype(int) - general).max() <= 1


def test_mask_limits_the_sprite() -> None:
    canvas, before = _canvas(), _canvas()
    mask = np.zeros(canvas.shape[:2], np.uint8)
    mask[:, 50:] = 255
    blit(canvas, _sprite(40, 40), placed(_sprite(40, 40), (50, 50), 1.2, 10.0), mask=mask)
    assert np.array_equal(canvas[:, :50], before[:, :50])
    assert not np.array_equal(canvas[:, 50:], before[:, 50:])


@pytest.mark.parametrize("centre", [(-500.0, 40.0), (40.0, 5000.0), (1e7, 0.0), (float("nan"), 0.0)])
def test_sprite_outside_changes_nothing(centre: tuple[float, float]) -> None:
    canvas = _canvas()
    blit(canvas, _sprite(20, 20), placed(_sprite(20, 20), centre, 1.5, 30.0))
    assert np.array_equal(canvas, _canvas())


def test_no_opacity_and_no_area_change_nothing() -> None:
    canvas, sprite = _canvas(), _sprite(20, 20)
    blit(canvas, sprite, placed(sprite, (40, 40), 1.0), 0.0)
    blit(canvas, sprite, placed(sprite, (40, 40), 0.0))
    blit(canvas, sprite, placed(sprite, (40, 40), 1.0, stretch=(0.0, 1.0)))
    assert np.array_equal(canvas, _canvas())


def test_strong_reduction_averages_instead_of_skipping() -> None:
    stripes = np.zeros((128, 128, 4), np.uint8)
    stripes[:, ::2] = 255
    canvas = np.zeros((64, 64, 4), np.uint8)
    blit(canvas, stripes, placed(stripes, (32, 32), 0.125, 7.0))
    inner = canvas[28:36, 28:36, 3].astype(int)
    assert abs(inner.mean() - 127.5) < 4
    assert np.ptp(inner) < 12


def test_reduction_keeps_the_place() -> None:
    dot = np.zeros((120, 100, 4), np.uint8)
    dot[10:110, 10:90] = 255
    for scale in (0.9, 0.45, 0.3, 0.11):
        canvas = np.zeros((200, 200, 4), np.uint8)
        blit(canvas, dot, placed(dot, (100.25, 99.5), scale))
        weight = canvas[..., 3].astype(float)
        y, x = np.mgrid[0:200, 0:200]
        assert (weight * x).sum() / weight.sum() == pytest.approx(100.25, abs=0.06)
        assert (weight * y).sum() / weight.sum() == pytest.approx(99.5, abs=0.06)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 99),
    scale=st.floats(0.05, 3.0),
    angle=st.floats(-720.0, 720.0),
    x=st.floats(-50.0, 150.0),
    y=st.floats(-50.0, 150.0),
    opacity=st.floats(0.0, 1.3),
)
def test_result_stays_premultiplied(seed: int, scale: float, angle: float, x: float, y: float, opacity: float) -> None:
    canvas, sprite = _canvas(seed + 1), _sprite(33, 27, seed)
    mask = _canvas(seed + 2)[..., 3].copy()
    blit(canvas, sprite, placed(sprite, (x, y), scale, angle), opacity, mask)
    assert (canvas[..., :3] <= canvas[..., 3:]).all()


def test_bands_do_not_show() -> None:
    tall = _sprite(600, 500, 3)
    canvas = _sprite(600, 500, 4)
    expected = tall + canvas * (1.0 - tall[..., 3:] / 255.0)
    over(canvas, tall)
    assert np.abs(canvas - expected).max() <= 1.0


def test_polygon_covers_its_area_in_a_window() -> None:
    circle = np.stack((60 + 30 * np.cos(np.linspace(0, 6.28, 90)), 50 + 30 * np.sin(np.linspace(0, 6.28, 90))), axis=1)
    mask = fill_polygon(circle, 20, 10, 80, 80)
    assert mask.shape == (80, 80)
    assert mask.dtype == np.uint8
    assert mask.sum() / 255.0 == pytest.approx(np.pi * 30**2, rel=0.05)
    assert mask[40, 40] == 255
    assert mask[0, 0] == 0
    assert not fill_polygon(circle[:2], 0, 0, 9, 9).any()


def test_smoothstep_rises_or_falls() -> None:
    assert smoothstep(1.0, 3.0, [0.0, 1.0, 2.0, 3.0, 9.0]).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert smoothstep(3.0, 1.0, [0.0, 2.0, 4.0]).tolist() == [1.0, 0.5, 0.0]


def test_spline_passes_through_its_points() -> None:
    points = np.array([[0.0, 0.0], [3.0, 1.0], [4.0, 4.0], [9.0, 2.0]])
    curve = catmull_rom(points, 5)
    assert curve.shape == (16, 2)
    assert np.allclose(curve[::5], points)
    ring = catmull_rom(points, 5, closed=True)
    assert ring.shape == (20, 2)
    assert np.allclose(ring[::5], points)
    line = catmull_rom([[0.0, 0.0], [2.0, 4.0]], 4)
    assert np.allclose(line[:, 1], 2.0 * line[:, 0])
