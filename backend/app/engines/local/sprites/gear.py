"""What is put on or at the head: crown, ring, horns, glasses, spiral eyes, melon, ghost."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.raster import catmull_rom
from app.engines.local.sprites.sketch import WHITE, Fade, Rgb, Sketch, arc, darker, lighter, oval, shift

if TYPE_CHECKING:
    from app.engines.local.raster import Sprite


@lru_cache(maxsize=4)
def crown(pixels: int) -> Sprite:
    """Return a jewelled gold crown ``pixels`` wide, 0.76 as high."""
    sketch = Sketch(110.0, 84.0, pixels / 110.0)
    gold = Fade((255, 232, 120), (244, 168, 28), -30.0, 28.0)
    body = [[-39, 25], [-43, -14], [-22, 4], [0, -27], [22, 4], [43, -14], [39, 25]]
    sketch.fill(body, gold)
    sketch.stroke(body, 3.0, gold, closed=True)
    for x, y in ((-43.0, -16.0), (0.0, -28.0), (43.0, -16.0)):
        sketch.ellipse((x * 0.985, y), (4.6, 4.6), (255, 240, 160))
    sketch.fill([[-40, 13], [0, 16], [40, 13], [40, 27], [-40, 27]], (214, 128, 10), opacity=0.5, inside=True, blur=1.0)
    sketch.stroke(catmull_rom([[-40, 24], [-20, 26.5], [0, 27], [20, 26.5], [40, 24]], 8), 4.6, (255, 226, 110))
    for x, colour in ((-24.0, (62, 142, 255)), (0.0, (240, 40, 84)), (24.0, (62, 142, 255))):
        sketch.ellipse((x, 16.0), (5.4, 6.4), Fade(lighter(colour, 0.35), darker(colour, 0.2), 9.0, 23.0))
        sketch.ellipse((x - 1.6, 13.6), (1.7, 1.5), WHITE, opacity=0.9)
    sketch.fill([[-37, -4], [-33, 10], [-29, 10], [-35, -8]], WHITE, opacity=0.6, inside=True, blur=0.8)
    sketch.fill([[-6, -12], [-9, 8], [-4, 8], [-1, -20]], WHITE, opacity=0.55, inside=True, blur=0.8)
    sketch.rim(1.7, (146, 84, 6))
    sketch.rim(3.6, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def ring(pixels: int, colour: Rgb) -> Sprite:
    """Return a hovering ring ``pixels`` wide, 0.4 as high."""
    sketch = Sketch(100.0, 40.0, pixels / 100.0)
    outer, inner = oval((0.0, 0.0), (43.0, 13.5)), oval((0.0, 0.4), (33.5, 7.4))
    sketch.fill(outer, Fade(lighter(colour, 0.55), darker(colour, 0.05), -12.0, 13.0))
    sketch.stroke(arc((0.0, 0.0), 1.0, 150.0, 205.0, 24) * (38.5, 10.6), 3.0, WHITE, opacity=0.9)
    sketch.stroke(arc((0.0, 0.0), 1.0, 20.0, 60.0, 24) * (38.5, 10.4), 2.4, WHITE, opacity=0.7)
    sketch.erase(inner)
    sketch.rim(1.3, darker(colour, 0.5))
    sketch.rim(2.8, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def horn(pixels: int, colour: Rgb) -> Sprite:
    """Return a horn in a square of ``pixels`` for the picture's right; its root is the lower middle."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    shape = np.concatenate(
        (
            catmull_rom([[-27, 40], [-22, 10], [-4, -16], [26, -40]], 10),
            catmull_rom([[26, -40], [26, -8], [18, 20], [15, 42]], 10),
        )
    )
    sketch.fill(shape, Fade(lighter(colour, 0.28), darker(colour, 0.25), -40.0, 42.0))
    sketch.fill([[26, -40], [30, 40], [6, 44], [8, 10]], darker(colour, 0.6), opacity=0.45, inside=True, blur=3.0)
    sketch.stroke(catmull_rom([[-16, 24], [-9, 4], [5, -14]], 8), 5.0, WHITE, opacity=0.65)
    sketch.rim(2.0, darker(colour, 0.7))
    sketch.rim(4.6, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def glasses(pixels: int) -> Sprite:
    """Return dark glasses ``pixels`` wide, 0.4 as high; the lenses' centres lie 23 % left and right of the middle."""
    sketch = Sketch(104.0, 40.0, pixels / 104.0)
    ink: Rgb = (22, 24, 34)
    for side in (-1.0, 1.0):
        lens = catmull_rom(
            [[4.5, -9], [14, -12.5], [28, -13], [43, -11.5], [45, -3], [40, 8], [30, 13.5], [18, 13], [8.5, 7]],
            8,
            closed=True,
        ) * (side, 1.0)
        sketch.fill(lens, Fade((74, 82, 112), ink, -13.0, 12.0))
        sketch.stroke(lens, 3.0, ink, closed=True)
        sketch.stroke([[side * 43, -9.5], [side * 47, -10.0]], 4.4, ink)
    sketch.stroke(catmull_rom([[-7, -9], [0, -11.5], [7, -9]], 8), 4.4, ink)
    for x in (-31.0, 14.0):
        sketch.fill([[x, -12], [x + 8, -12], [x - 4, 13], [x - 12, 13]], WHITE, opacity=0.30, inside=True)
        sketch.fill([[x + 11, -12], [x + 14, -12], [x + 2, 13], [x - 1, 13]], WHITE, opacity=0.24, inside=True)
    sketch.rim(1.9, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def spiral(pixels: int) -> Sprite:
    """Return a white disc with a dark spiral in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    sketch.ellipse((0.0, 0.0), (43.0, 43.0), Fade(WHITE, (226, 230, 244), -43.0, 43.0))
    angles = np.linspace(0.0, 2.0 * np.pi * 2.6, 160)
    radii = 3.0 + 34.0 * angles / angles[-1]
    sketch.stroke(np.stack((radii * np.cos(angles), radii * np.sin(angles)), axis=1), 6.4, (52, 48, 74))
    sketch.rim(3.0, (52, 48, 74))
    sketch.rim(2.6, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=8)
def melon(pixels: int, bites: int) -> Sprite:
    """Return a slice of watermelon ``pixels`` wide, 0.68 as high, rind down, with bites out of the top."""
    sketch = Sketch(106.0, 72.0, pixels / 106.0)
    top = -22.0

    def half(radius: float) -> list[list[float]]:
        return [*arc((0.0, top), radius, 0.0, 180.0, 48).tolist()]

    sketch.fill(half(46.0), Fade((52, 168, 83), (20, 108, 52), top, 24.0))
    for angle in (22.0, 48.0, 76.0, 104.0, 132.0, 158.0):
        sketch.stroke(arc((0.0, top), 44.5, angle - 5.0, angle + 5.0), 3.0, (16, 84, 42), inside=True)
    sketch.fill(half(40.5), (226, 247, 206))
    sketch.fill(half(37.0), Fade((255, 92, 104), (232, 44, 70), top, 16.0))
    sketch.fill([[-37, top], [37, top], [37, top + 4], [-37, top + 4]], WHITE, opacity=0.3, inside=True)
    for x, y in ((-22, -12), (-9, -6), (6, -9), (20, -12), (-14, 3), (1, 6), (14, 2)):
        seed = shift(catmull_rom([[0, -3.6], [-2.1, 1.4], [0, 3.2], [2.1, 1.4]], 6, closed=True), x, y)
        sketch.fill(seed, (56, 26, 30))
    for bite_x, radius in ((-13.0, 11.0), (7.0, 12.0), (25.0, 9.5))[:bites]:
        sketch.erase(oval((bite_x, top - 1.0), (radius, radius)))
        sketch.erase(oval((bite_x + radius * 0.9, top + 2.0), (radius * 0.6, radius * 0.6)))
    sketch.rim(1.6, (14, 72, 36))
    sketch.rim(3.6, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def ghost(pixels: int) -> Sprite:
    """Return a small pale ghost in a square of ``pixels``; its tail ends at the lower left corner."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    shape = catmull_rom(
        [
            [-42, 42],
            [-34, 22],
            [-30, -2],
            [-24, -26],
            [-4, -41],
            [20, -38],
            [34, -18],
            [32, 6],
            [18, 22],
            [0, 26],
            [-18, 31],
            [-30, 41],
        ],
        8,
        closed=True,
    )
    sketch.fill(shape, Fade(WHITE, (196, 216, 250), -40.0, 42.0), opacity=0.94)
    for x in (-6.0, 15.0):
        sketch.stroke(arc((x, -14.0), 5.0, 200.0, 340.0), 3.4, (72, 84, 128))
    sketch.ellipse((4.0, 0.0), (4.4, 6.0), (72, 84, 128))
    for x in (-14.0, 23.0):
        sketch.ellipse((x, -4.0), (5.0, 3.0), (255, 150, 176), opacity=0.7, blur=0.8)
    sketch.rim(1.9, (120, 138, 190))
    sketch.rim(3.6, WHITE)
    return sketch.sprite()
