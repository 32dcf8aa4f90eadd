"""Hearts, their halves, and lipstick prints."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.raster import catmull_rom
from app.engines.local.sprites.sketch import WHITE, Fade, Rgb, Sketch, darker, lighter, shift, turn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.raster import Sprite


def heart_outline(width: float) -> NDArray[np.float64]:
    """Return 120 points (120, 2) of a plump heart ``width`` units wide, middle at the origin."""
    t = np.linspace(0.0, 2.0 * np.pi, 120, endpoint=False)
    x = 16.0 * np.sin(t) ** 3
    y = -(13.6 * np.cos(t) - 5.2 * np.cos(2.0 * t) - 1.7 * np.cos(3.0 * t) - 0.7 * np.cos(4.0 * t))
    points: NDArray[np.float64] = np.stack((x, y - (y.max() + y.min()) / 2.0), axis=1) * (width / 32.0)
    return points


@lru_cache(maxsize=16)
def heart(pixels: int, colour: Rgb) -> Sprite:
    """Return a glossy heart in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    shape = heart_outline(84.0)
    sketch.fill(shape, Fade(lighter(colour, 0.22), darker(colour, 0.10), -36.0, 36.0))
    _shade(sketch, shape, colour)
    sketch.fill(shift(turn(_bean(), -38.0), -24.0, -17.0), WHITE, opacity=0.85)
    sketch.ellipse((-31.5, -3.0), (3.2, 4.2), WHITE, angle=-10.0, opacity=0.75)
    sketch.rim(1.8, darker(colour, 0.45))
    sketch.rim(4.6, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=8)
def heart_halves(pixels: int, colour: Rgb) -> tuple[Sprite, Sprite]:
    """Return the left and the right part of a heart torn along a zigzag, both in the whole heart's square."""
    zigzag = np.array([[2, -60], [2, -22], [-9, -12], [8, 0], [-7, 12], [4, 24], [0, 60]], dtype=np.float64)
    parts = []
    for outer in (-70.0, 70.0):
        sketch = Sketch(100.0, 100.0, pixels / 100.0)
        shape = heart_outline(84.0)
        sketch.fill(shape, Fade(lighter(colour, 0.18), darker(colour, 0.14), -36.0, 36.0))
        _shade(sketch, shape, colour)
        if outer < 0.0:
            sketch.fill(shift(turn(_bean(), -38.0), -24.0, -17.0), WHITE, opacity=0.85)
        sketch.erase(np.concatenate((zigzag, [[-outer, 60.0], [-outer, -60.0]])))
        sketch.rim(1.8, darker(colour, 0.45))
        sketch.rim(4.6, WHITE)
        parts.append(sketch.sprite())
    return parts[0], parts[1]


@lru_cache(maxsize=8)
def lips(pixels: int, colour: Rgb) -> Sprite:
    """Return a lipstick print, its skin showing through the creases."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    upper = catmull_rom(
        [[-42, -4], [-30, -17], [-13, -26], [0, -19], [13, -26], [30, -17], [42, -4], [22, -4], [0, -1], [-22, -4]],
        8,
        closed=True,
    )
    lower = catmull_rom(
        [[-40, 1], [-20, 3], [0, 6], [20, 3], [40, 1], [28, 17], [12, 26], [0, 27.5], [-12, 26], [-28, 17]],
        8,
        closed=True,
    )
    for shape in (upper, lower):
        sketch.fill(shape, Fade(lighter(colour, 0.12), darker(colour, 0.12), -26.0, 28.0))
    for x in (-27.0, -18.0, -9.0, 0.0, 9.0, 18.0, 27.0):
        sketch.stroke([[x, -20], [x * 0.93, -9]], 1.5, WHITE, opacity=0.34, inside=True)
        sketch.stroke([[x * 0.9, 7], [x * 0.96, 20]], 1.5, WHITE, opacity=0.34, inside=True)
    sketch.ellipse((-11.0, 17.0), (8.0, 2.6), WHITE, angle=-12.0, opacity=0.45, inside=True)
    return sketch.sprite()


def _bean() -> NDArray[np.float64]:
    return catmull_rom(
        [[-11, 2], [-7, -4.5], [2, -6], [10, -2.5], [11, 2], [5, 1.5], [-2, 2.5], [-8, 6]], 6, closed=True
    )


def _shade(sketch: Sketch, shape: NDArray[np.float64], colour: Rgb) -> None:
    lower_right = np.concatenate((shape, (shape * 0.96 + (-6.0, -7.5))[::-1]))
    sketch.fill(lower_right, darker(colour, 0.45), opacity=0.55, inside=True, blur=2.2)
