"""Stars, glints, flames, blossoms and petals."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.raster import catmull_rom
from app.engines.local.sprites.sketch import WHITE, Fade, Rgb, Sketch, darker, lighter, mix, oval, shift, turn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.raster import Sprite


def star_outline(radius: float, *, waist: float = 0.56, points: int = 5) -> NDArray[np.float64]:
    """Return a star with rounded tips, one tip up; ``waist`` is its inner over its outer radius."""
    count = points * 2
    angles = np.arange(count) * (2.0 * np.pi / count) - np.pi / 2.0
    radii = np.where(np.arange(count) % 2 == 0, radius, radius * waist)
    corners = np.stack((radii * np.cos(angles), radii * np.sin(angles)), axis=1)
    before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
    u = np.linspace(0.0, 1.0, 7)[None, :, None]
    start, end = corners + (before - corners) * 0.24, corners + (after - corners) * 0.24
    rounded = (1 - u) ** 2 * start[:, None] + 2 * u * (1 - u) * corners[:, None] + u**2 * end[:, None]
    return np.asarray(rounded.reshape(-1, 2), dtype=np.float64)


@lru_cache(maxsize=16)
def star(pixels: int, colour: Rgb) -> Sprite:
    """Return a plump five-pointed star in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    shape = shift(star_outline(46.0), 0.0, 2.0)
    sketch.fill(shape, Fade(lighter(colour, 0.42), colour, -42.0, 34.0))
    rim = np.concatenate((shape, (shape * 0.92 + (-4.0, -5.5))[::-1]))
    sketch.fill(rim, darker(colour, 0.42), opacity=0.6, inside=True, blur=2.0)
    sketch.ellipse((-9.0, -16.0), (4.4, 9.0), WHITE, angle=24.0, opacity=0.9)
    sketch.ellipse((-19.5, -7.0), (3.0, 3.0), WHITE, opacity=0.75)
    sketch.rim(1.9, darker(colour, 0.55))
    sketch.rim(4.4, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=16)
def glint(pixels: int, colour: Rgb) -> Sprite:
    """Return a four-pointed glint with hollow sides in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    angles = np.linspace(0.0, 2.0 * np.pi, 160, endpoint=False)

    def shape(radius: float, power: float) -> NDArray[np.float64]:
        c, s = np.cos(angles), np.sin(angles)
        return radius * np.stack((np.sign(c) * np.abs(c) ** power, np.sign(s) * np.abs(s) ** power), axis=1)

    sketch.fill(shape(43.0, 3.1), Fade(lighter(colour, 0.25), colour, -40.0, 40.0))
    sketch.fill(shape(27.0, 2.8), (255, 252, 232), opacity=0.95, blur=1.2)
    sketch.rim(1.6, darker(colour, 0.42))
    sketch.rim(3.8, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=16)
def blossom(pixels: int, colour: Rgb) -> Sprite:
    """Return a five-petalled flower in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    petal = catmull_rom(
        [[0, -8], [-15, -24], [-14, -39], [-5, -44], [0, -40.5], [5, -44], [14, -39], [15, -24]], 8, closed=True
    )
    for angle in range(0, 360, 72):
        sketch.fill(turn(petal, float(angle)), colour)
    for angle in range(0, 360, 72):
        sketch.fill(
            turn(oval((0.0, -12.0), (7.0, 12.0)), float(angle)),
            darker(colour, 0.4),
            opacity=0.55,
            inside=True,
            blur=3.0,
        )
        sketch.fill(
            turn(oval((-3.5, -31.0), (5.0, 7.0)), float(angle)),
            lighter(colour, 0.6),
            opacity=0.7,
            inside=True,
            blur=2.0,
        )
    sketch.ellipse((0.0, 0.0), (11.5, 11.5), Fade((255, 228, 92), (255, 171, 35), -11.0, 11.0))
    sketch.ellipse((-3.0, -4.0), (3.6, 2.8), WHITE, opacity=0.7)
    sketch.rim(1.6, darker(colour, 0.5))
    sketch.rim(4.0, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def petal(pixels: int) -> Sprite:
    """Return one pink cherry petal in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    shape = catmull_rom(
        [[0, 40], [-24, 14], [-25, -18], [-10, -38], [0, -27], [10, -38], [25, -18], [24, 14]], 8, closed=True
    )
    sketch.fill(shape, Fade((255, 214, 226), (255, 128, 164), -36.0, 40.0))
    sketch.stroke([[0, 30], [-1, -8]], 2.4, (240, 96, 140), opacity=0.6)
    sketch.rim(2.0, (226, 84, 128))
    sketch.rim(5.0, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def flame(pixels: int, outer: Rgb, inner: Rgb) -> Sprite:
    """Return a tongue of fire with two side tongues in a square of ``pixels``; its foot is the lower middle."""
    sketch = Sketch(104.0, 104.0, pixels / 104.0)
    shape = catmull_rom(
        [
            [5, -45], [9, -32], [19, -20], [23, -9], [29, -20], [35, -2], [35, 16], [28, 33], [14, 43], [0, 45],
            [-15, 43], [-28, 33], [-35, 16], [-34, -1], [-29, -13], [-23, -2], [-17, -8], [-15, -22], [-7, -35],
        ],
        8,
        closed=True,
    )  # fmt: skip
    sketch.fill(shape, Fade(mix(outer, inner, 0.12), outer, -30.0, 40.0))
    for scale, colour in ((0.70, mix(outer, inner, 0.55)), (0.50, inner), (0.26, lighter(inner, 0.65))):
        sketch.fill(shift(shape * (scale, scale * 0.98), 0.0, 43.0 - 43.0 * scale), colour, inside=True)
    # No white edge: tongues stand one before the other, and fire reads on any ground.
    sketch.rim(1.8, darker(outer, 0.22))
    return sketch.sprite()
