"""Colour on the face: blush, strokes, gloom, a wash, lipstick prints."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.effects.anchors import outwards
from app.engines.local.effects.timing import ease_out, progress, wave
from app.engines.local.raster import smoothstep
from app.engines.local.sprites.hearts import lips
from app.engines.local.sprites.sketch import Rgb, rgb
from app.engines.local.topology import CHEEK_LEFT, CHEEK_RIGHT, FOREHEAD_TOP, Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.effects.anchors import Anchors, Point
    from app.engines.local.effects.specs import Blush, Gloom, KissMarks, ShyLines, Tint
    from app.engines.local.effects.stage import Stage
    from app.engines.local.raster import Sprite

_CHEEK = {Side.RIGHT: (CHEEK_RIGHT, 205), Side.LEFT: (CHEEK_LEFT, 425)}
_GLOOM_LINES = 13


def draw_blush(stage: Stage, spec: Blush) -> None:
    """Lay a soft spot on each cheek; it breathes a little."""
    spot = stage.sized(partial(_spot, colour=rgb(spec.colour)), 0.44 * spec.size)
    opacity = stage.opacity * (0.62 + 0.05 * wave(stage.t, 1))
    for side in Side:
        place = _cheek(stage.anchors, side)
        stage.put(spot, place, angle=stage.anchors.tilt, opacity=opacity, stretch=(1.0, 0.72), on_person=True)


def draw_shy_lines(stage: Stage, spec: ShyLines) -> None:
    """Lay slanted strokes over a faint spot on each cheek."""
    anchors = stage.anchors
    colour = rgb(spec.colour)
    spot = stage.sized(partial(_spot, colour=colour), 0.42 * spec.size)
    strokes = stage.sized(partial(_strokes, colour=colour, count=spec.strokes), 0.26 * spec.size)
    for side in Side:
        place = _cheek(anchors, side)
        stage.put(spot, place, angle=anchors.tilt, opacity=0.5 * stage.opacity, stretch=(1.0, 0.7), on_person=True)
        grow = 1.0 + 0.06 * wave(stage.t, 2)
        stage.put(strokes, place, grow=grow, angle=anchors.tilt, opacity=0.9 * stage.opacity, on_person=True)


def draw_gloom(stage: Stage, spec: Gloom) -> None:
    """Lay the shade of gloom over forehead and eyes; the lines sink in with the strength."""
    anchors = stage.anchors
    shade = stage.sized(partial(_shade, colour=rgb(spec.colour)), 1.02 * spec.size)
    sunk = 0.30 - 0.10 * (1.0 - stage.opacity) + 0.006 * wave(stage.t, 2)
    place = anchors.at(anchors.points[FOREHEAD_TOP], 0.0, sunk - 0.06)
    stage.put(shade, place, angle=anchors.tilt, opacity=stage.opacity, on_person=True)


def draw_tint(stage: Stage, spec: Tint) -> None:
    """Wash the face, or its upper or lower half."""
    anchors = stage.anchors
    wash = stage.sized(partial(_spot, colour=rgb(spec.colour)), 1.32 * spec.size)
    down, height = {"face": (0.0, 1.12), "upper": (-0.24, 0.7), "lower": (0.24, 0.7)}[spec.region]
    place = anchors.at(anchors.middle, 0.0, down)
    opacity = stage.opacity * (0.55 + 0.05 * wave(stage.t, 1))
    stage.put(wash, place, angle=anchors.tilt, opacity=opacity, stretch=(0.94, height), on_person=True)


def draw_kiss_marks(stage: Stage, spec: KissMarks) -> None:
    """Stamp lipstick prints one after the other; they fade together."""
    anchors = stage.anchors
    prints = stage.sized(partial(lips, colour=rgb(spec.colour)), 0.26 * spec.size)
    left = anchors.at(_cheek(anchors, Side.LEFT), 0.02, 0.03)
    right = anchors.at(_cheek(anchors, Side.RIGHT), -0.01, 0.07)
    forehead = anchors.at(anchors.points[FOREHEAD_TOP], -0.13, 0.14)
    always = spec.start <= 0.0 and spec.end >= 1.0
    gone = 0.0 if always else progress(stage.t, spec.end - 0.08, spec.end)
    for index, (place, angle) in enumerate(((left, -18.0), (forehead, 14.0), (right, 22.0))[: spec.count]):
        since = 1.0 if always else progress(stage.t, spec.start + 0.13 * index, spec.start + 0.13 * index + 0.08)
        opacity = stage.opacity * 0.86 * min(1.0, since * 3.0) * (1.0 - gone)
        grow = 1.5 - 0.5 * ease_out(since)
        stage.put(prints, place, grow=grow, angle=anchors.tilt + angle, opacity=opacity, on_person=True)


def _cheek(anchors: Anchors, side: Side) -> Point:
    outer, inner = _CHEEK[side]
    between = anchors.points[outer] * 0.7 + anchors.points[inner] * 0.3
    return anchors.at(between, 0.01 * outwards(side), 0.0)


def _grid(width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[0:height, 0:width]
    return (x + 0.5) / width * 2.0 - 1.0, (y + 0.5) / height * 2.0 - 1.0


def _coloured(alpha: NDArray[np.float64], colour: Rgb) -> Sprite:
    planes = [np.rint(alpha * channel).astype(np.uint8) for channel in (*colour, 255)]
    sprite = np.stack(planes, axis=2)
    sprite.setflags(write=False)
    return sprite


@lru_cache(maxsize=12)
def _spot(pixels: int, colour: Rgb) -> Sprite:
    x, y = _grid(pixels, pixels)
    return _coloured(0.9 * smoothstep(1.0, 0.12, np.hypot(x, y)), colour)


@lru_cache(maxsize=6)
def _strokes(pixels: int, colour: Rgb, count: int) -> Sprite:
    height = max(round(pixels * 0.6), 2)
    mask = np.zeros((height * 4, pixels * 4), dtype=np.uint8)
    for index in range(count):
        middle = (index - (count - 1) / 2.0) * 0.24 + 0.5
        reach = 0.30 if index % 2 else 0.36
        ends = np.array([[middle + 0.07, 0.5 - reach], [middle - 0.07, 0.5 + reach]]) * (pixels * 4, height * 4)
        cv2.polylines(mask, [np.rint(ends).astype(np.int32)], False, 255, max(round(pixels * 0.22), 1), cv2.LINE_AA)
    small = cv2.resize(mask, (pixels, height), interpolation=cv2.INTER_AREA)
    return _coloured(np.asarray(small, np.float64) / 255.0, colour)


@lru_cache(maxsize=6)
def _shade(pixels: int, colour: Rgb) -> Sprite:
    height = max(round(pixels * 0.66), 2)
    x, y = _grid(pixels, height)
    side = smoothstep(1.0, 0.55, np.abs(x))
    # Round and without an edge: on a bald head there is no hair to end under.
    wash = 0.66 * smoothstep(0.95, -0.45, y) * smoothstep(1.0, 0.25, np.hypot(x, np.minimum(y + 0.15, 0.0) * 1.15))
    mask = np.zeros((height, pixels), dtype=np.uint8)
    for index in range(_GLOOM_LINES):
        across = (index + 0.5) / _GLOOM_LINES * 1.24 - 0.62
        long = 0.52 + 0.34 * np.sin(index * 2.4) * np.cos(index * 1.1)
        x0, half = (across + 1.0) / 2.0 * pixels, pixels * 0.0066
        top, bottom = (0.05 + 0.10 * abs(np.sin(index * 5.1))) * height, (0.16 + 0.5 * long) * height
        corners = np.array([[x0 - half, top], [x0 + half, top], [x0 + 0.4, bottom], [x0 - 0.4, bottom]])
        cv2.fillConvexPoly(mask, np.rint(corners * 16.0).astype(np.int32), 255, cv2.LINE_AA, 4)
    lines = np.asarray(mask, np.float64) / 255.0 * 0.66 * side * smoothstep(-0.95, -0.25, y)
    return _coloured(1.0 - (1.0 - wash) * (1.0 - lines), colour)
