"""Comic signs: the vein, bolt, bulb, letter Z, notes, speech bubble, coin, popper."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.raster import catmull_rom
from app.engines.local.sprites.sketch import WHITE, Fade, Rgb, Sketch, arc, darker, lighter, oval, shift, turn

if TYPE_CHECKING:
    from app.engines.local.raster import Sprite

_SLATE: Rgb = (58, 62, 84)


@lru_cache(maxsize=4)
def vein(pixels: int) -> Sprite:
    """Return the four curved strokes of the popping vein in a square of ``pixels``."""
    red: Rgb = (236, 34, 52)
    sketch = Sketch(106.0, 106.0, pixels / 106.0)
    paint = Fade(lighter(red, 0.12), darker(red, 0.15), -42.0, 42.0)
    inner = catmull_rom([[7, 42], [8.5, 24], [12.5, 12.5], [24, 8.5], [42, 7]], 8)
    outer = catmull_rom([[42, 11], [30, 15], [22, 22], [15, 30], [11, 42]], 8)
    corner = np.concatenate((inner, outer))
    for angle in (0.0, 90.0, 180.0, 270.0):
        shape = turn(corner, angle)
        sketch.fill(shape, paint)
        sketch.stroke(shape, 4.6, paint, closed=True)
    sketch.rim(1.7, darker(red, 0.55))
    sketch.rim(4.4, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def bolt(pixels: int, colour: Rgb) -> Sprite:
    """Return a lightning bolt ``pixels`` high, 0.7 as wide."""
    sketch = Sketch(76.0, 108.0, pixels / 108.0)
    shape = np.array([[8, -44], [-22, 4], [-4, 4], [-14, 44], [24, -10], [5, -10], [22, -44]], dtype=np.float64)
    sketch.fill(shape, Fade(lighter(colour, 0.5), colour, -44.0, 30.0))
    sketch.stroke(shape, 3.0, Fade(lighter(colour, 0.5), colour, -44.0, 30.0), closed=True)
    sketch.fill([[8, -44], [-22, 4], [-15, 4], [14, -44]], WHITE, opacity=0.55, inside=True)
    sketch.rim(2.2, darker(colour, 0.6))
    sketch.rim(4.2, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def bulb(pixels: int, *, lit: bool) -> Sprite:
    """Return a light bulb in a square of ``pixels``; lit, it has rays."""
    sketch = Sketch(110.0, 110.0, pixels / 110.0)
    glass = catmull_rom(
        [
            [-9, 20],
            [-13, 12],
            [-22, 1],
            [-24.5, -12],
            [-19, -25],
            [-8, -32],
            [0, -33],
            [8, -32],
            [19, -25],
            [24.5, -12],
            [22, 1],
            [13, 12],
            [9, 20],
        ],
        6,
    )
    paint = (
        Fade((255, 244, 168), (255, 196, 40), -32.0, 20.0)
        if lit
        else Fade((232, 238, 246), (176, 190, 210), -32.0, 20.0)
    )
    sketch.fill(glass, paint)
    shade = (232, 140, 20) if lit else (120, 136, 164)
    sketch.fill(np.concatenate((glass, (glass * 0.9 + (-2.5, -3.0))[::-1])), shade, opacity=0.6, inside=True, blur=2.0)
    sketch.stroke([[-6, 18], [-5, 1], [-1.5, 5], [1.5, 1], [5, 5], [6, 18]], 2.2, darker(shade, 0.3), opacity=0.85)
    sketch.stroke(arc((0.0, -11.0), 17.5, 185.0, 245.0), 4.6, WHITE, opacity=0.95)
    for y, half in ((22.5, 10.0), (28.5, 9.2), (34.0, 6.6)):
        sketch.stroke([[-half, y], [half, y]], 5.4, Fade((196, 204, 220), (110, 120, 146), 19.0, 37.0))
    if lit:
        for angle in (-62.0, -31.0, 31.0, 62.0, 93.0, -93.0):
            ray = shift(turn([[0.0, -35.0], [0.0, -43.5]], angle), 0.0, -9.0)
            sketch.stroke(ray, 4.6, (255, 190, 30))
    sketch.rim(1.7, (150, 92, 10) if lit else (80, 92, 120))
    sketch.rim(3.6, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=8)
def letter_z(pixels: int, colour: Rgb) -> Sprite:
    """Return a bold slanted Z in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    strokes = np.array([[-26, -28], [30, -28], [-30, 28], [26, 28]], dtype=np.float64)
    paint = Fade(lighter(colour, 0.35), darker(colour, 0.05), -32.0, 32.0)
    sketch.stroke(strokes, 16.0, paint)
    sketch.stroke([[-26, -30.5], [24, -30.5]], 3.0, WHITE, opacity=0.6, inside=True)
    sketch.rim(2.2, darker(colour, 0.6))
    sketch.rim(5.0, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=12)
def note(pixels: int, colour: Rgb, *, pair: bool) -> Sprite:
    """Return an eighth note, or a beamed pair, in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    paint = Fade(lighter(colour, 0.3), darker(colour, 0.05), -40.0, 40.0)
    if pair:
        sketch.fill([[-19, -30], [30, -39], [30, -25], [-19, -16]], paint)
        stems: tuple[tuple[float, float, float], ...] = ((-19.0, -29.0, 26.0), (30.0, -36.0, 18.0))
        heads: tuple[tuple[float, float], ...] = ((-26.0, 27.0), (23.0, 19.0))
    else:
        flag = catmull_rom([[2, -40], [10, -26], [26, -14], [24, 6], [19, -4], [2, -16]], 8)
        sketch.fill(flag, paint)
        stems = ((3.0, -38.0, 26.0),)
        heads = ((-6.0, 27.0),)
    for x, top, bottom in stems:
        sketch.stroke([[x, top], [x, bottom]], 6.4, paint)
    for x, y in heads:
        sketch.ellipse((x, y), (14.0, 10.5), paint, angle=-22.0)
        sketch.ellipse((x - 4.0, y - 3.0), (4.4, 2.4), WHITE, angle=-22.0, opacity=0.75)
    sketch.rim(2.0, darker(colour, 0.6))
    sketch.rim(4.6, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def speech_bubble(pixels: int, *, tail_left: bool) -> Sprite:
    """Return an empty speech bubble ``pixels`` wide, 0.8 as high, its tail down towards one side."""
    sketch = Sketch(108.0, 86.0, pixels / 108.0)
    side = -1.0 if tail_left else 1.0
    angles = np.linspace(0.0, 2.0 * np.pi, 96, endpoint=False)
    c, s = np.cos(angles), np.sin(angles)
    body = shift(
        np.stack((43.0 * np.sign(c) * np.abs(c) ** 0.75, 25.0 * np.sign(s) * np.abs(s) ** 0.75), axis=1), 0.0, -7.0
    )
    paint = Fade(WHITE, (228, 236, 248), -30.0, 20.0)
    sketch.fill(body, paint)
    sketch.fill(
        catmull_rom([[side * 12, 12], [side * 19, 22], [side * 31, 31], [side * 29, 20], [side * 30, 8]], 8), paint
    )
    sketch.rim(2.6, _SLATE)
    sketch.rim(2.8, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def bead(pixels: int, colour: Rgb) -> Sprite:
    """Return a small shaded ball in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    sketch.ellipse((0.0, 0.0), (46.0, 46.0), Fade(lighter(colour, 0.3), darker(colour, 0.2), -46.0, 46.0))
    sketch.ellipse((-14.0, -18.0), (13.0, 9.0), WHITE, angle=-30.0, opacity=0.8)
    return sketch.sprite()


@lru_cache(maxsize=4)
def coin(pixels: int) -> Sprite:
    """Return a gold coin with a yuan sign in a square of ``pixels``."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    sketch.ellipse((0.0, 0.0), (42.0, 42.0), Fade((255, 226, 110), (240, 158, 20), -42.0, 42.0))
    sketch.ellipse((0.0, 0.0), (32.5, 32.5), Fade((246, 172, 30), (255, 214, 84), -32.0, 32.0))
    for stroke in (
        [[-14, -20], [0, -2]],
        [[14, -20], [0, -2]],
        [[0, -2], [0, 21]],
        [[-13, 3], [13, 3]],
        [[-13, 11.5], [13, 11.5]],
    ):
        sketch.stroke(stroke, 6.0, (166, 92, 6))
    sketch.stroke(arc((0.0, 0.0), 37.0, 195.0, 255.0), 4.4, WHITE, opacity=0.9)
    sketch.rim(1.9, (150, 86, 6))
    sketch.rim(4.4, WHITE)
    return sketch.sprite()


@lru_cache(maxsize=4)
def popper(pixels: int) -> Sprite:
    """Return a striped party popper in a square of ``pixels``; its mouth points to the upper right."""
    sketch = Sketch(100.0, 100.0, pixels / 100.0)
    cone = np.array([[-40.0, 40.0], [-20.0, -22.0], [22.0, 20.0]])
    sketch.fill(cone, Fade((255, 206, 66), (246, 158, 24), -22.0, 40.0))
    for near, far, colour in ((0.16, 0.36, (255, 84, 122)), (0.56, 0.78, (92, 120, 255))):
        first, second = cone[1] - cone[0], cone[2] - cone[0]
        band = [cone[0] + first * near, cone[0] + first * far, cone[0] + second * far, cone[0] + second * near]
        sketch.fill(band, colour)
    sketch.fill(
        [cone[0], (cone[1] + cone[2]) / 2.0 + (2.0, 2.0), cone[2]], (120, 60, 0), opacity=0.22, inside=True, blur=1.5
    )
    sketch.fill(oval((1.0, -1.0), (30.0, 10.0), 45.0), Fade((150, 84, 20), (88, 44, 10), -22.0, 20.0))
    sketch.stroke(oval((1.0, -1.0), (30.0, 10.0), 45.0), 3.6, (255, 228, 140), closed=True)
    sketch.rim(1.8, (140, 78, 8))
    sketch.rim(4.2, WHITE)
    return sketch.sprite()
