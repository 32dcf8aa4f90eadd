"""Hands and what they hold: thumbs, OK, applause, a slice of melon."""

from __future__ import annotations

from functools import partial
from math import pi, sin
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.effects.anchors import outwards
from app.engines.local.effects.timing import appear, ease_in, ease_out, phase, progress, wave
from app.engines.local.sprites.gear import melon
from app.engines.local.sprites.hands import ok, palm, thumb
from app.engines.local.sprites.sketch import WHITE, rgb
from app.engines.local.topology import CHIN, LOWER_LIP_MIDDLE, Side

if TYPE_CHECKING:
    from app.engines.local.effects.specs import Clap, Melon, OkHand, ThumbsUp
    from app.engines.local.effects.stage import Stage
    from app.engines.local.raster import Sprite

_FLASH = (255, 190, 40)


def draw_thumbs_up(stage: Stage, spec: ThumbsUp) -> None:
    """Spring a thumb in from the lower corner; it nods twice."""
    stretch = (-outwards(spec.side), -1.0 if spec.down else 1.0)
    sprite = stage.sized(partial(thumb, colour=rgb(spec.colour)), 0.66 * spec.size)
    _draw_hand(stage, spec, sprite, stretch)


def draw_ok_hand(stage: Stage, spec: OkHand) -> None:
    """Spring an OK sign in from the lower corner; it nods twice."""
    sprite = stage.sized(partial(ok, colour=rgb(spec.colour)), 0.66 * spec.size)
    _draw_hand(stage, spec, sprite, (outwards(spec.side), 1.0))


def draw_clap(stage: Stage, spec: Clap) -> None:
    """Clap two hands below the chin; short rays fly where they meet."""
    anchors = stage.anchors
    sprite = stage.sized(partial(palm, colour=rgb(spec.colour)), 0.52 * spec.size)
    q = phase(stage.t, spec.cycles, 0.6)
    apart = abs(sin(pi * q)) ** 0.8
    centre = anchors.at(anchors.points[CHIN], 0.0, 0.16)
    centre = np.minimum(centre, (anchors.size, 0.78 * anchors.size))
    unit = anchors.face_height * spec.size
    hit = q if q < 0.5 else 1.0
    if hit < 0.28 and stage.strength > 0.5:
        reach = 0.30 + 0.35 * hit
        for degrees in (-52.0, -26.0, 0.0, 26.0, 52.0):
            away = np.array([np.sin(np.radians(degrees)), -np.cos(np.radians(degrees))])
            ray = centre + np.outer([reach * unit, (reach + 0.09 * (1.0 - hit / 0.28)) * unit], away)
            stage.stroke(ray, 0.046 * unit, WHITE)
            stage.stroke(ray, 0.026 * unit, _FLASH)
    for out in (-1.0, 1.0):
        place = anchors.at(centre, out * (0.075 + 0.16 * apart) * spec.size, 0.0)
        stage.put(sprite, place, grow=stage.strength, angle=out * (4.0 + 16.0 * apart), stretch=(-out, 1.0))


def draw_melon(stage: Stage, spec: Melon) -> None:
    """Hold a slice to the mouth, bite by bite, then take a new one."""
    always = spec.start <= 0.0 and spec.end >= 1.0
    shown = 1.0 if always else appear(stage.t, spec.start, spec.end)
    if shown <= 0.02:
        return
    anchors = stage.anchors
    q = stage.t if always else progress(stage.t, spec.start, spec.end)
    meal = progress(q, 0.14, 0.86)
    bites = min(3, int(meal * (spec.bites + 1) * 3 / max(spec.bites, 3))) if meal < 1.0 else 3
    beat = (meal * (spec.bites + 1)) % 1.0
    leaving = ease_in(progress(q, 0.88, 1.0)) + (1.0 - ease_out(progress(q, 0.0, 0.12)))
    sprite = stage.sized(lambda pixels: melon(pixels, bites), 0.62 * spec.size)
    nudge = -0.03 * sin(pi * min(beat * 3.0, 1.0)) if 0.0 < meal < 1.0 else 0.0
    place = anchors.at(anchors.points[LOWER_LIP_MIDDLE], 0.0, 0.165 + nudge + 0.9 * min(leaving, 1.0))
    angle = anchors.tilt - 6.0 + 3.0 * wave(stage.t, spec.bites + 1)
    stage.put(sprite, place, grow=stage.strength * shown, angle=angle, opacity=min(1.0, 3.0 * (1.0 - leaving)))


def _draw_hand(
    stage: Stage, spec: ThumbsUp | OkHand, sprite: tuple[Sprite, float], stretch: tuple[float, float]
) -> None:
    grow = stage.strength * appear(stage.t, spec.start, spec.end)
    if grow <= 0.02:
        return
    anchors = stage.anchors
    out = 1.0 if spec.side is Side.LEFT else -1.0
    place = stage.inside(anchors.at(anchors.middle, 0.62 * out, 0.36), sprite)
    start = place + np.array([0.25 * out, 0.45]) * anchors.face_height
    place = start + (place - start) * min(grow, 1.1)
    nod = wave(progress(stage.t, spec.start + 0.16, spec.start + 0.52), 2)
    stage.put(sprite, place, grow=grow, angle=out * (-4.0 - 9.0 * nod), stretch=stretch)
