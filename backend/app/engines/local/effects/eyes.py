"""What covers or adorns the eyes."""

from __future__ import annotations

from functools import partial
from math import cos, radians, sin
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.effects.anchors import outwards
from app.engines.local.effects.timing import ease_in, ease_out, progress, spring, swell, wave
from app.engines.local.sprites.gear import glasses, spiral
from app.engines.local.sprites.hearts import heart
from app.engines.local.sprites.shines import glint, star
from app.engines.local.sprites.sketch import rgb
from app.engines.local.topology import EYE_OUTER_LEFT, EYE_OUTER_RIGHT, Side

if TYPE_CHECKING:
    from app.engines.local.effects.specs import HeartEyes, Sparkle, Spirals, StarEyes, Sunglasses
    from app.engines.local.effects.stage import Stage


def draw_heart_eyes(stage: Stage, spec: HeartEyes) -> None:
    """Let hearts beat over both eyes: a quick double beat, then rest."""
    beat = 0.5 * wave(stage.t, spec.cycles) + 0.3 * wave(stage.t, spec.cycles * 2)
    sprite = stage.sized(partial(heart, colour=rgb(spec.colour)), 0.40 * spec.size)
    for side in Side:
        angle = stage.anchors.tilt + 9.0 * outwards(side)
        place = stage.anchors.at(stage.anchors.eye(side), 0.008 * outwards(side), -0.01)
        stage.put(sprite, place, grow=stage.strength * (1.0 + 0.14 * beat), angle=angle)


def draw_star_eyes(stage: Stage, spec: StarEyes) -> None:
    """Rock stars over both eyes."""
    sprite = stage.sized(partial(star, colour=rgb(spec.colour)), 0.40 * spec.size)
    for side in Side:
        rock = 14.0 * wave(stage.t, spec.cycles)
        grow = stage.strength * (1.0 + 0.07 * wave(stage.t, spec.cycles * 2))
        place = stage.anchors.eye(side)
        stage.put(sprite, place, grow=grow, angle=stage.anchors.tilt + rock * outwards(side))


def draw_spirals(stage: Stage, spec: Spirals) -> None:
    """Turn spirals over both eyes, against each other."""
    sprite = stage.sized(spiral, 0.30 * spec.size)
    for side in Side:
        angle = 360.0 * spec.cycles * stage.t * outwards(side)
        stretch = (outwards(side), 1.0)
        stage.put(sprite, stage.anchors.eye(side), grow=stage.strength, angle=angle, stretch=stretch)


def draw_sunglasses(stage: Stage, spec: Sunglasses) -> None:
    """Drop the glasses on the nose, let them settle, and lift them off at the end."""
    anchors = stage.anchors
    corners = anchors.points[EYE_OUTER_LEFT] - anchors.points[EYE_OUTER_RIGHT]
    width = float(np.hypot(*corners)) / anchors.face_height
    sprite = stage.sized(glasses, 1.52 * width * spec.size)
    always = spec.start <= 0.0 and spec.end >= 1.0
    landed = 1.0 if always else progress(stage.t, spec.start, spec.start + 0.24)
    lifted = 0.0 if always else progress(stage.t, spec.end - 0.12, spec.end)
    height = -0.95 * (1.0 - spring(landed)) - 0.9 * ease_in(lifted)
    opacity = stage.opacity * min(1.0, landed * 4.0, (1.0 - lifted) * 3.0)
    middle = (anchors.eye(Side.LEFT) + anchors.eye(Side.RIGHT)) / 2.0
    place = anchors.at(middle, 0.0, 0.012 + height)
    stage.put(sprite, place, angle=anchors.tilt + 10.0 * (1.0 - ease_out(landed)), opacity=opacity)
    shine = progress(stage.t, spec.start + 0.3, spec.start + 0.52)
    star_place = anchors.at(anchors.eye(Side.LEFT), 0.10, -0.05)
    twinkle = stage.sized(partial(glint, colour=(255, 240, 170)), 0.26 * spec.size)
    if 0.0 < shine < 1.0 and not always:
        stage.put(twinkle, star_place, grow=swell(shine), angle=70.0 * shine, opacity=opacity)


def draw_sparkle(stage: Stage, spec: Sparkle) -> None:
    """Flash a glint at the eye's outer corner while two small ones fly off."""
    q = progress(stage.t, spec.start, spec.end)
    if not 0.0 < q < 1.0:
        return
    anchors = stage.anchors
    out = outwards(spec.side)
    centre = anchors.at(anchors.eye(spec.side), 0.15 * out, -0.07)
    large = stage.sized(partial(glint, colour=rgb(spec.colour)), 0.46 * spec.size)
    small = stage.sized(partial(glint, colour=rgb(spec.colour)), 0.20 * spec.size)
    size = stage.strength * swell(q) ** 0.6
    for degrees, lag in ((-100.0, 0.0), (20.0, 0.1), (-35.0, 0.2)):
        reach = 0.10 + 0.17 * ease_out(max(q - lag, 0.0))
        place = anchors.at(centre, out * reach * cos(radians(degrees)), reach * sin(radians(degrees)))
        stage.put(small, place, grow=size * (1.0 - lag), angle=-60.0 * q)
    stage.put(large, centre, grow=size, angle=90.0 * ease_out(q) * out)
