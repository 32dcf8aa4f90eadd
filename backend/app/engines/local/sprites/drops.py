"""Water: drops, bubbles, puffs of steam and clouds."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.sprites.sketch import WHITE, Fade, Rgb, Sketch, arc, oval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.raster import Sprite

DEEP: Rgb = (27, 122, 214)
WATER: Rgb = (79, 183, 250)
PALE: Rgb = (196, 236, 255)
_CLOUD = ((-27.0, 8.0, 17.0), (-12.0, -9.0, 19.0), (11.0, -6.0, 21.0), (28.0, 9.0, 16.0), (2.0, 13.0, 18.0))


def drop_outline(width: float, height: float) -> NDArray[np.float64]:
    """Return 80 points (80, 2) of a drop with its tip up, middle at the origin."""
    t = np.linspace(0.0, 2.0 * np.pi, 80, endpoint=False)
    x = np.sin(t) * np.sin(t / 2.0) ** 1.6
    return np.stack((x / x.max() * width / 2.0, -np.cos(t) * height / 2.0), axis=1)


@lru_cache(maxsize=16)
def drop(pixels: int) -> Sprite:
    """Return a blue drop ``pixels`` high, tip up, with a white edge; 0.8 as wide."""
    sketch = Sketch(80.0, 100.0, pixels / 100.0)
    shape = drop_outline(56.0, 84.0)
    sketch.fill(shape, Fade(PALE, WATER, -34.0, 30.0))
    crescent = np.concatenate((shape, (shape * (0.9, 0.96) + (-3.5, -4.5))[::-1]))
    sketch.fill(crescent, DEEP, opacity=0.6, inside=True, blur=1.6)
    sketch.stroke(arc((0.0, 13.0), 19.5, 118.0, 190.0), 5.2, WHITE, opacity=0.92)
    sketch.ellipse((-15.5, 0.5), (2.6, 3.4), WHITE, opacity=0.9)
    sketch.rim(1.9, DEEP)
    sketch.rim(4.2, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=8)
def bubble(pixels: int) -> Sprite:
    """Return a transparent soap-like bubble in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    disc = oval((0.0, 0.0), (43.0, 43.0))
    sketch.fill(disc, PALE, opacity=0.42)
    ring = np.concatenate((disc, (disc * 0.80 + (-2.5, -3.0))[::-1]))
    sketch.fill(ring, WATER, opacity=0.75, inside=True, blur=3.2)
    sketch.stroke(disc * 0.985, 3.0, DEEP, closed=True, opacity=0.85)
    sketch.stroke(disc * 1.06, 3.2, WHITE, closed=True, opacity=0.95)
    sketch.stroke(arc((0.0, 0.0), 30.0, 185.0, 250.0), 8.0, WHITE, opacity=0.95)
    sketch.ellipse((-28.0, 8.0), (3.6, 4.6), WHITE, opacity=0.9)
    sketch.stroke(arc((0.0, 0.0), 33.0, 20.0, 70.0), 4.0, WHITE, opacity=0.5)
    return sketch.sprite()


@lru_cache(maxsize=8)
def puff(pixels: int) -> Sprite:
    """Return a round puff of steam in a square of ``pixels``; grey-blue edge, for white grounds."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    balls = ((-18.0, 6.0, 22.0), (12.0, -12.0, 25.0), (18.0, 14.0, 20.0), (-8.0, -16.0, 20.0), (-2.0, 18.0, 20.0))
    for x, y, radius in balls:
        sketch.ellipse((x, y), (radius, radius), WHITE)
    for x, y, radius in balls:
        ball = oval((x, y), (radius, radius))
        moon = np.concatenate((ball, ((ball - (x, y)) * 0.92 + (x - 3.0, y - 4.0))[::-1]))
        sketch.fill(moon, (186, 200, 222), opacity=0.55, inside=True, blur=2.6)
    sketch.rim(2.4, (150, 166, 196))
    sketch.rim(2.2, WHITE, opacity=0.9)
    return sketch.sprite()


@lru_cache(maxsize=8)
def cloud(pixels: int, top: Rgb, bottom: Rgb, line: Rgb) -> Sprite:
    """Return a cloud ``pixels`` wide, 0.67 as high, shaded from ``top`` to ``bottom``."""
    sketch = Sketch(110.0, 74.0, pixels / 110.0)
    paint = Fade(top, bottom, -22.0, 26.0)
    for x, y, radius in _CLOUD:
        sketch.ellipse((x, y - 2.0), (radius, radius * 0.92), paint)
    for x, y, radius in _CLOUD[1:3]:
        sketch.stroke(arc((x, y - 2.0), radius * 0.68, 195.0, 285.0), 3.4, WHITE, opacity=0.55, inside=True)
    base = oval((0.0, 27.0), (52.0, 12.0))
    sketch.fill(base, line, opacity=0.45, inside=True, blur=4.0)
    sketch.rim(1.8, line)
    sketch.rim(3.4, WHITE)
    return sketch.sprite()
