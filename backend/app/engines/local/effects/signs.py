"""Comic signs beside the head."""

from __future__ import annotations

from functools import lru_cache, partial
from math import sin, tau
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.effects.anchors import Layer, outwards
from app.engines.local.effects.timing import appear, ease_in, ease_out, fade, phase, progress, scatter, spring, wave
from app.engines.local.font import FontFile, find_font
from app.engines.local.lettering import Inks, clean, letters
from app.engines.local.sprites.drops import cloud, puff
from app.engines.local.sprites.hearts import heart, heart_halves
from app.engines.local.sprites.signs import bead, bulb, speech_bubble, vein
from app.engines.local.sprites.sketch import Rgb, rgb
from app.engines.local.topology import SIDE_LEFT, SIDE_RIGHT, Side

if TYPE_CHECKING:
    from app.engines.local.effects.specs import Anger, BrokenHeart, Bulb, Dots, Mark, RainCloud, Steam
    from app.engines.local.effects.stage import Stage
    from app.engines.local.raster import Sprite

_TEMPLE = {Side.RIGHT: 54, Side.LEFT: 284}
_RAIN: tuple[Rgb, Rgb] = ((64, 150, 236), (150, 208, 255))


def draw_anger(stage: Stage, spec: Anger) -> None:
    """Let the vein throb at the temple."""
    anchors = stage.anchors
    out = outwards(spec.side)
    sprite = stage.sized(vein, 0.36 * spec.size)
    place = anchors.at(anchors.points[_TEMPLE[spec.side]], 0.07 * out, -0.07)
    beat = max(0.0, wave(stage.t, spec.cycles)) ** 2
    angle = anchors.tilt + out * (10.0 + 5.0 * wave(stage.t, spec.cycles))
    stage.put(sprite, place, grow=stage.strength * (0.9 + 0.22 * beat), angle=angle)


def draw_steam(stage: Stage, spec: Steam) -> None:
    """Blow puffs out at both ears: fast at first, then they rise, grow and thin out."""
    anchors = stage.anchors
    sprite = stage.sized(puff, 0.40 * spec.size)
    for side, ear in ((Side.RIGHT, SIDE_RIGHT), (Side.LEFT, SIDE_LEFT)):
        out = outwards(side)
        places = sorted(phase(stage.t, spec.cycles, index / 4.0) for index in range(4))
        for q in reversed(places):
            right = out * (0.10 + 0.40 * ease_out(q))
            place = anchors.at(anchors.points[ear], right, -0.06 - 0.05 * ease_out(q) - 0.14 * q * q)
            grow = stage.strength * (0.26 + 0.74 * ease_out(q))
            angle = out * 70.0 * q
            stage.put(sprite, place, grow=grow, angle=angle, opacity=fade(q, 0.06, 0.45), stretch=(out, 1.0))


def draw_mark(stage: Stage, spec: Mark) -> None:
    """Spring a text in beside the head and let it rock."""
    grow = stage.strength * appear(stage.t, spec.start, spec.end)
    if grow <= 0.02:
        return
    anchors = stage.anchors
    out = outwards(spec.side)
    sprite = stage.sized(partial(_mark, text=spec.text, colour=rgb(spec.colour)), 0.44 * spec.size)
    place = stage.inside(anchors.at(anchors.middle, 0.66 * out, -0.46), sprite)
    angle = out * 11.0 + 5.0 * wave(stage.t, 3)
    stage.put(sprite, place, grow=grow * (1.0 + 0.04 * wave(stage.t, 4)), angle=angle)


def draw_dots(stage: Stage, spec: Dots) -> None:
    """Show a speech bubble in which three dots come one by one."""
    anchors = stage.anchors
    out = outwards(spec.side)
    sprite = stage.sized(partial(speech_bubble, tail_left=spec.side is Side.LEFT), 0.56 * spec.size)
    place = anchors.at(anchors.middle, 0.62 * out, -0.50 + 0.008 * wave(stage.t, 1))
    place = stage.inside(place, sprite)
    grow = min(stage.strength, 1.15)
    stage.put(sprite, place, grow=grow)
    q = phase(stage.t, spec.cycles)
    dot = stage.sized(partial(bead, colour=(72, 78, 104)), 0.085 * spec.size)
    for index in range(3):
        since = q - 0.08 - 0.2 * index
        if q < 0.92:
            spot = place + np.array([0.125 * (index - 1), -0.038]) * anchors.face_height * spec.size * grow
            stage.put(dot, spot, grow=grow * spring(since / 0.18))


def draw_bulb(stage: Stage, spec: Bulb) -> None:
    """Raise a dark bulb over the head; it switches on with a jump."""
    grow = stage.strength * appear(stage.t, spec.start, spec.end)
    if grow <= 0.02:
        return
    anchors = stage.anchors
    out = outwards(spec.side)
    always = spec.start <= 0.0 and spec.end >= 1.0
    since = 1.0 if always else progress(stage.t, spec.start + 0.16, spec.start + 0.36)
    lit = since > 0.0
    sprite = stage.sized(partial(bulb, lit=lit), 0.56 * spec.size)
    place = stage.inside(anchors.at(anchors.middle, 0.60 * out, -0.56), sprite)
    jump = 1.0 + 0.22 * sin(np.pi * min(since, 1.0)) if lit and not always else 1.0
    stage.put(sprite, place, grow=grow * jump * (1.0 + 0.03 * wave(stage.t, 3)), angle=8.0 * out)


def draw_rain_cloud(stage: Stage, spec: RainCloud) -> None:
    """Hang a dark cloud over the head and let it rain on both sides and in front."""
    anchors = stage.anchors
    grow = min(stage.strength, 1.15)
    sprite = stage.sized(partial(cloud, top=(148, 158, 184), bottom=(84, 94, 124), line=(52, 60, 88)), 0.94 * spec.size)
    place = anchors.at(anchors.head_top, 0.03 * wave(stage.t, 1), -0.10)
    place = stage.inside(place, sprite)
    if stage.layer is Layer.BACK or grow < 0.1:
        return
    unit = anchors.face_height * spec.size
    # Rain before the cloud, which hides where it starts.
    for index, (lane, jitter, extent) in enumerate(scatter(spec.seed, 13, 3)):
        q = phase(stage.t, spec.cycles, index * 0.618 + 0.2 * jitter)
        top = place + np.array([((index + lane) / 13.0 - 0.5) * 0.78, 0.16 + (0.66 + 0.2 * extent) * q]) * unit
        long = 0.085 * unit * min(1.0, (1.0 - q) * 4.0) * min(1.0, grow)
        line = np.array([top, [top[0], top[1] + long]])
        width = 0.020 * unit
        if long > width:
            stage.stroke(line, width * 1.7, _RAIN[0])
            stage.stroke(line, width * 0.8, _RAIN[1])
    stage.put(sprite, place, grow=grow, stretch=(1.0 + 0.02 * wave(stage.t, 2), 1.0))


def draw_broken_heart(stage: Stage, spec: BrokenHeart) -> None:
    """Show a whole heart that shakes, cracks, and falls apart."""
    always = spec.start <= 0.0 and spec.end >= 1.0
    q = stage.t if always else progress(stage.t, spec.start, spec.end)
    if not always and not 0.0 < q < 1.0:
        return
    anchors = stage.anchors
    out = outwards(spec.side)
    colour = rgb(spec.colour)
    whole = stage.sized(partial(heart, colour=colour), 0.52 * spec.size)
    place = stage.inside(anchors.at(anchors.middle, 0.64 * out, -0.46), whole)
    if q < 0.34:
        shake = 7.0 * sin(tau * q * 14.0) * max(0.0, (q - 0.14) / 0.2)
        stage.put(whole, place, grow=stage.strength * spring(q / 0.14), angle=shake)
        return
    apart = ease_out((q - 0.34) / 0.16)
    fall = ease_in(progress(q, 0.60, 1.0))
    for index, side in enumerate((-1.0, 1.0)):
        half = stage.sized(lambda pixels, i=index: heart_halves(pixels, colour)[i], 0.52 * spec.size)  # type: ignore[misc]
        moved = anchors.at(place, side * (0.028 * apart + 0.07 * fall), 0.42 * fall)
        angle = side * (9.0 * apart + 34.0 * fall)
        stage.put(half, moved, grow=stage.strength, angle=angle, opacity=1.0 - progress(q, 0.82, 1.0))


@lru_cache(maxsize=1)
def _font() -> FontFile:
    return find_font()


@lru_cache(maxsize=12)
def _mark(pixels: int, text: str, colour: Rgb) -> Sprite:
    """Return the text in letters half as high as the square they stand for, or as fits in it."""
    cleaned = clean(text, _font(), 4).text or "!"
    em = pixels * min(1.0, 1.6 / sum(0.55 if c.isascii() else 1.0 for c in cleaned))
    return letters((cleaned.replace("\n", " "),), _font(), em, Inks.of(colour))
