"""What rises, circles or falls round the head."""

from __future__ import annotations

from functools import partial
from math import cos, sin, tau
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.effects.anchors import Layer, outwards
from app.engines.local.effects.timing import ease_in, ease_out, fade, phase, progress, scatter, swell, wave
from app.engines.local.sprites.gear import ghost
from app.engines.local.sprites.hearts import heart
from app.engines.local.sprites.shines import blossom, glint, petal, star
from app.engines.local.sprites.signs import coin, letter_z, note
from app.engines.local.sprites.sketch import Rgb, rgb
from app.engines.local.topology import (
    EYE_OUTER_LEFT,
    EYE_OUTER_RIGHT,
    FOREHEAD_TOP,
    LOWER_LIP_MIDDLE,
    UPPER_LIP_MIDDLE,
    Side,
)

if TYPE_CHECKING:
    from app.engines.local.effects.specs import (
        Coins,
        Flowers,
        HeartPop,
        Hearts,
        Notes,
        Petals,
        Soul,
        Stars,
        Twinkles,
        Zzz,
    )
    from app.engines.local.effects.stage import Stage

_NOTE_COLOURS: tuple[Rgb, ...] = ((150, 92, 255), (255, 84, 140), (46, 160, 255), (255, 150, 30))
_FLOWER_COLOURS: tuple[Rgb, ...] = ((255, 132, 170), (255, 178, 70), (160, 132, 255), (255, 240, 244), (255, 108, 108))


def draw_hearts(stage: Stage, spec: Hearts) -> None:
    """Let hearts rise on both sides; every third one passes behind the head."""
    anchors = stage.anchors
    sprite = stage.sized(partial(heart, colour=rgb(spec.colour)), 0.32 * spec.size)
    numbers = scatter(spec.seed, spec.count, 4)
    for index, (jitter, lane, extent, swing) in enumerate(numbers):
        behind = index % 3 == 2
        if behind is not (stage.layer is Layer.BACK):
            continue
        q = phase(stage.t, spec.cycles, (index + 0.6 * jitter) / spec.count)
        side = 1.0 if index % 2 else -1.0
        right = side * (0.36 + 0.14 * lane if behind else 0.56 + 0.24 * lane) + 0.05 * sin(tau * (q + swing))
        place = anchors.at(anchors.middle, right, 0.52 - 1.35 * q)
        grow = (0.55 + 0.45 * extent) * (0.4 + 0.6 * ease_out(q * 2.5)) * stage.strength
        angle = 13.0 * sin(tau * (q * 1.5 + swing))
        stage.put(sprite, place, grow=grow, angle=angle, opacity=fade(q, 0.08, 0.22))


def draw_heart_pop(stage: Stage, spec: HeartPop) -> None:
    """Blow a heart from the lips: it grows, swings and flies off, two small ones in its wake."""
    q = progress(stage.t, spec.start, spec.end)
    if not 0.0 < q < 1.0:
        return
    anchors = stage.anchors
    out = outwards(spec.side)
    mouth = (anchors.points[UPPER_LIP_MIDDLE] + anchors.points[LOWER_LIP_MIDDLE]) / 2.0
    for lag, extent, reach, climb in ((0.10, 0.24, 0.34, 0.76), (0.22, 0.18, 0.72, 0.10), (0.0, 0.52, 0.56, 0.46)):
        own = (q - lag) / (1.0 - lag)
        if own <= 0.0:
            continue
        sprite = stage.sized(partial(heart, colour=rgb(spec.colour)), extent * spec.size)
        right = out * (0.06 + reach * ease_out(own)) + 0.03 * sin(tau * (1.5 * own + lag * 3.0))
        place = anchors.at(mouth, right, 0.02 - climb * own)
        grow = stage.strength * (0.15 + 0.85 * ease_out(own * 1.4))
        angle = out * (4.0 + 12.0 * sin(tau * (own + lag * 3.0)))
        stage.put(sprite, place, grow=grow, angle=angle, opacity=fade(own, 0.06, 0.22))


def draw_twinkles(stage: Stage, spec: Twinkles) -> None:
    """Light glints up and out round the head."""
    anchors = stage.anchors
    sprite = stage.sized(partial(glint, colour=rgb(spec.colour)), 0.34 * spec.size)
    numbers = scatter(spec.seed, spec.count, 4)
    for index, (jitter, reach, extent, offset) in enumerate(numbers):
        angle = tau * ((index + 0.7 * jitter) / spec.count * 0.72 + 0.39)
        right, down = cos(angle) * (0.62 + 0.16 * reach), sin(angle) * (0.60 + 0.14 * reach)
        q = phase(stage.t, spec.cycles, offset + index * 0.37)
        place = stage.inside(anchors.at(anchors.middle, right, down), sprite)
        lit = max(0.0, swell(q) * 1.5 - 0.5)
        stage.put(sprite, place, grow=lit * (0.55 + 0.45 * extent) * stage.strength, angle=60.0 * (q - 0.5))


def draw_stars(stage: Stage, spec: Stars) -> None:
    """Let stars circle the head: the near half in front, the far half behind and smaller."""
    anchors = stage.anchors
    centre = anchors.at(anchors.points[FOREHEAD_TOP], 0.0, -0.06)
    sprite = stage.sized(partial(star, colour=rgb(spec.colour)), 0.27 * spec.size)
    places = [(phase(stage.t, spec.cycles, 0.06 + index / spec.count), index) for index in range(spec.count)]
    for q, index in sorted(places, key=lambda place: sin(tau * place[0])):
        depth = sin(tau * q)
        if (depth < 0.0) is not (stage.layer is Layer.BACK):
            continue
        place = anchors.at(centre, 0.60 * cos(tau * q), 0.15 * depth + 0.03 * wave(stage.t, 2, index * 0.3))
        grow = stage.strength * (0.86 + 0.24 * depth)
        stage.put(sprite, place, grow=grow, angle=anchors.tilt + 20.0 * sin(tau * (q + index * 0.2)))


def draw_zzz(stage: Stage, spec: Zzz) -> None:
    """Let three letters rise and grow from the side of the head."""
    anchors = stage.anchors
    out = outwards(spec.side)
    corner = anchors.points[EYE_OUTER_LEFT if spec.side is Side.LEFT else EYE_OUTER_RIGHT]
    sprite = stage.sized(partial(letter_z, colour=rgb(spec.colour)), 0.36 * spec.size)
    for index in range(3):
        q = phase(stage.t, spec.cycles, index / 3.0)
        right = out * (0.20 + 0.26 * q) + 0.035 * sin(tau * (q * 1.5))
        place = stage.inside(anchors.at(corner, right, -0.10 - 0.52 * q), sprite, -0.02)
        grow = stage.strength * (0.32 + 0.68 * q)
        stage.put(sprite, place, grow=grow, angle=10.0 * sin(tau * (q + 0.2)), opacity=fade(q, 0.14, 0.2))


def draw_notes(stage: Stage, spec: Notes) -> None:
    """Let coloured notes float up on both sides, swinging to the beat."""
    anchors = stage.anchors
    numbers = scatter(spec.seed, spec.count, 3)
    for index, (jitter, lane, extent) in enumerate(numbers):
        sprite = stage.sized(partial(note, colour=_NOTE_COLOURS[index % 4], pair=index % 2 == 0), 0.36 * spec.size)
        q = phase(stage.t, spec.cycles, (index + 0.4 * jitter) / spec.count)
        side = 1.0 if index % 2 else -1.0
        right = side * (0.52 + 0.18 * lane + 0.10 * q) + 0.05 * sin(tau * (2.0 * q + lane))
        place = anchors.at(anchors.middle, right, 0.22 - 0.95 * q)
        grow = stage.strength * (0.82 + 0.18 * extent) * (0.55 + 0.45 * ease_out(q * 2.0))
        angle = 16.0 * sin(tau * (2.0 * q + lane))
        stage.put(sprite, place, grow=grow, angle=angle, opacity=fade(q, 0.12, 0.2))


def draw_petals(stage: Stage, spec: Petals) -> None:
    """Let petals sway down; every second one behind the person."""
    size = stage.anchors.size
    sprite = stage.sized(petal, 0.20 * spec.size)
    numbers = scatter(spec.seed, spec.count, 4)
    for index, (lane, offset, extent, swing) in enumerate(numbers):
        if (index % 2 == 1) is not (stage.layer is Layer.BACK):
            continue
        q = phase(stage.t, spec.cycles, offset)
        x = (index + lane) / spec.count + 0.05 * sin(tau * (2.0 * q + swing))
        place = np.array([x * size, (-0.08 + 1.1 * q) * size])
        flip = cos(tau * (2.0 * q + swing))
        stretch = (0.35 + 0.65 * abs(flip), 1.0)
        angle = 360.0 * (swing + q) + 40.0 * flip
        grow = (0.7 + 0.3 * extent) * min(1.0, stage.strength)
        stage.put(sprite, place, grow=grow, angle=angle, opacity=stage.opacity * fade(q, 0.05, 0.12), stretch=stretch)


def draw_flowers(stage: Stage, spec: Flowers) -> None:
    """Let blossoms round the head swell and rock; every second one peeps out from behind."""
    anchors = stage.anchors
    numbers = scatter(spec.seed, spec.count, 3)
    for index, (jitter, extent, reach) in enumerate(numbers):
        behind = index % 2 == 1
        if behind is not (stage.layer is Layer.BACK):
            continue
        colour = _FLOWER_COLOURS[index % len(_FLOWER_COLOURS)]
        sprite = stage.sized(partial(blossom, colour=colour), 0.42 * spec.size)
        around = tau * (0.5 + (index + 0.3 + 0.4 * jitter) / spec.count * 0.5)
        distance = 0.62 + 0.12 * reach - (0.08 if behind else 0.0)
        place = anchors.at(anchors.middle, 1.12 * distance * cos(around), 0.18 + distance * 1.05 * sin(around))
        place = stage.inside(place, sprite)
        breath = 1.0 + 0.08 * wave(stage.t, spec.cycles, index * 0.29)
        angle = 360.0 * jitter + 26.0 * wave(stage.t, spec.cycles, index * 0.41)
        stage.put(sprite, place, grow=stage.strength * breath * (0.72 + 0.28 * extent), angle=angle)


def draw_coins(stage: Stage, spec: Coins) -> None:
    """Rain coins that turn as they fall, faster below; some behind the person."""
    size = stage.anchors.size
    sprite = stage.sized(coin, 0.24 * spec.size)
    numbers = scatter(spec.seed, spec.count, 4)
    for index, (lane, jitter, extent, spin) in enumerate(numbers):
        if (index % 3 != 0) is not (stage.layer is Layer.BACK):
            continue
        q = phase(stage.t, spec.cycles, index * 0.618 + 0.3 * jitter)
        place = np.array(
            [(index + 0.2 + 0.6 * lane) / spec.count * size, (-0.1 + 1.2 * (0.4 * q + 0.6 * q * q)) * size]
        )
        flat = cos(tau * (2.0 * q + spin))
        stretch = (flat if abs(flat) > 0.14 else 0.14, 1.0)
        grow = (0.75 + 0.25 * extent) * min(1.0, stage.strength)
        stage.put(sprite, place, grow=grow, angle=18.0 * sin(tau * spin), opacity=stage.opacity, stretch=stretch)


def draw_soul(stage: Stage, spec: Soul) -> None:
    """Let the ghost slip out of the mouth, sway, and be sucked back."""
    always = spec.start <= 0.0 and spec.end >= 1.0
    out_by = 1.0 if always else ease_out(progress(stage.t, spec.start, spec.start + 0.35))
    back_by = 0.0 if always else ease_in(progress(stage.t, spec.end - 0.12, spec.end))
    share = out_by * (1.0 - back_by)
    if share < 0.02:
        return
    anchors = stage.anchors
    out = outwards(spec.side)
    mouth = (anchors.points[UPPER_LIP_MIDDLE] + anchors.points[LOWER_LIP_MIDDLE]) / 2.0
    sprite = stage.sized(ghost, 0.66 * spec.size)
    grow = stage.strength * (0.12 + 0.88 * share)
    reach = 0.29 * spec.size * grow
    right = out * (reach + 0.22 * share) + 0.02 * wave(stage.t, 2) * share
    place = anchors.at(mouth, right, 0.02 - reach - 0.14 * share + 0.02 * wave(stage.t, 2, 0.25) * share)
    place = stage.inside(place, sprite, -0.02)
    angle = anchors.tilt + 6.0 * wave(stage.t, 2, 0.1) * share
    stage.put(sprite, place, grow=grow, angle=angle, opacity=stage.opacity * 0.95, stretch=(out, 1.0))
