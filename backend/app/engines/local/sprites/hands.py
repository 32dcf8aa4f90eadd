"""Drawn hands: thumb up, OK sign, clapping palms."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.raster import catmull_rom
from app.engines.local.sprites.sketch import WHITE, Fade, Rgb, Sketch, darker, lighter

if TYPE_CHECKING:
    from app.engines.local.raster import Outline, Sprite

_CUFF: Rgb = (74, 116, 238)


@lru_cache(maxsize=6)
def thumb(pixels: int, colour: Rgb) -> Sprite:
    """Return a fist with the thumb up in a square of ``pixels``; the cuff is on the left."""
    sketch = Sketch(112.0, 112.0, pixels / 112.0)
    skin, line = _skin(colour), darker(colour, 0.55)
    _sleeve(sketch, [[-44, -2], [-27, -4], [-27, 35], [-44, 33]])
    back = catmull_rom(
        [
            [-27, -3],
            [-17, -8],
            [-8, -20],
            [-4, -34],
            [0, -42],
            [9, -42],
            [14, -34],
            [13, -22],
            [10, -8],
            [20, -6],
            [24, 12],
            [20, 34],
            [4, 38],
            [-14, 36],
            [-27, 32],
        ],
        8,
        closed=True,
    )
    sketch.fill(back, skin)
    sketch.fill(np.asarray([[-27, 22], [6, 30], [10, 44], [-30, 44]]), line, opacity=0.35, inside=True, blur=3.0)
    for y, left, right in ((-1.5, 5.0, 32.0), (11.0, 6.0, 34.5), (22.5, 6.0, 32.0), (32.5, 7.0, 26.0)):
        _finger(sketch, [[left, y], [right, y]], 13.0 if y < 30.0 else 11.0, skin, line)
    sketch.stroke(catmull_rom([[-1, -36], [-3, -26], [-8, -14]], 8), 4.2, WHITE, opacity=0.6)
    return _finished(sketch, line)


@lru_cache(maxsize=6)
def ok(pixels: int, colour: Rgb) -> Sprite:
    """Return the OK sign, three fingers up and a ring, in a square of ``pixels``."""
    sketch = Sketch(112.0, 112.0, pixels / 112.0)
    skin, line = _skin(colour), darker(colour, 0.55)
    _sleeve(sketch, [[-12, 33], [22, 33], [23, 47], [-13, 47]])
    sketch.fill(
        catmull_rom([[-12, 34], [-16, 16], [-8, 0], [4, -6], [22, -4], [28, 10], [22, 34]], 8, closed=True), skin
    )
    for path in ([[24, 6], [31, -12], [35, -26]], [[14, 0], [19, -20], [20, -37]], [[4, -2], [5, -22], [2, -38]]):
        _finger(sketch, path, 12.6, skin, line)
    _finger(sketch, [[2, -2], [-12, -12], [-26, -12], [-33, 0]], 12.2, skin, line)
    _finger(sketch, [[-6, 24], [-20, 22], [-31, 13], [-33, 3]], 12.6, skin, line)
    sketch.fill(
        catmull_rom([[-16, 30], [-12, 8], [-2, -2], [8, 6], [8, 26], [0, 34]], 8, closed=True),
        skin,
        inside=True,
        blur=2.0,
    )
    for shine in ([[17.0, -24.0], [17.5, -35.0]], [[2.0, -24.0], [0.5, -35.0]], [[31.0, -16.0], [33.0, -25.0]]):
        sketch.stroke(shine, 3.2, WHITE, opacity=0.55)
    return _finished(sketch, line)


@lru_cache(maxsize=6)
def palm(pixels: int, colour: Rgb) -> Sprite:
    """Return a flat hand seen from its edge in a square of ``pixels``, fingers up, palm towards the right."""
    sketch = Sketch(112.0, 112.0, pixels / 112.0)
    skin, line = _skin(colour), darker(colour, 0.55)
    _sleeve(sketch, [[-20, 30], [12, 30], [13, 46], [-22, 46]])
    sketch.fill(catmull_rom([[-18, 31], [-21, 12], [-17, -4], [8, -6], [15, 8], [11, 31]], 8, closed=True), skin)
    for path in (
        [[-13, 2], [-18, -14], [-18, -27]],
        [[-7, -2], [-9, -22], [-8, -36]],
        [[1, -2], [1, -24], [3, -38]],
        [[8, 2], [10, -18], [14, -31]],
    ):
        _finger(sketch, path, 10.6, skin, line)
    sketch.fill(
        catmull_rom([[-17, 30], [-18, 6], [-4, -2], [10, 4], [10, 30]], 8, closed=True), skin, inside=True, blur=2.0
    )
    _finger(sketch, [[4, 22], [16, 12], [23, -2]], 11.0, skin, line)
    sketch.stroke([[0.5, -22], [2, -35]], 2.8, WHITE, opacity=0.55)
    return _finished(sketch, line)


def _skin(colour: Rgb) -> Fade:
    return Fade(lighter(colour, 0.34), darker(colour, 0.06), -42.0, 40.0)


def _finger(sketch: Sketch, path: Outline, width: float, skin: Fade, line: Rgb) -> None:
    curve = catmull_rom(path, 8)
    sketch.stroke(curve, width + 2.6, line, opacity=0.75)
    sketch.stroke(curve, width, skin)


def _sleeve(sketch: Sketch, corners: Outline) -> None:
    sketch.fill(corners, Fade(lighter(_CUFF, 0.2), darker(_CUFF, 0.2), -5.0, 46.0))
    sketch.stroke(corners, 3.0, Fade(lighter(_CUFF, 0.2), darker(_CUFF, 0.2), -5.0, 46.0), closed=True)


def _finished(sketch: Sketch, line: Rgb) -> Sprite:
    sketch.rim(1.9, line)
    sketch.rim(4.0, WHITE)
    return sketch.sprite()
