"""What stands behind the person: rays, lines, light, fire, clouds."""

from __future__ import annotations

from functools import lru_cache, partial
from math import cos, sin, tau
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.effects.timing import phase, progress, scatter, wave
from app.engines.local.raster import blit, smoothstep
from app.engines.local.sprites.drops import cloud
from app.engines.local.sprites.shines import flame
from app.engines.local.sprites.signs import bolt
from app.engines.local.sprites.sketch import WHITE, Rgb, lighter, rgb

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.effects.specs import Burst, Clouds, Flames, FocusLines, Glow, Lightning, Sunburst
    from app.engines.local.effects.stage import Stage
    from app.engines.local.raster import Sprite

_WHOLE = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
_LINE_PICTURES = 3
_TONGUES = 9
_GLOW_GRID = 128


def draw_focus_lines(stage: Stage, spec: FocusLines) -> None:
    """Show one of three pictures of lines, in turn; with little strength they keep to the rim."""
    index = int(phase(stage.t, spec.cycles) * _LINE_PICTURES)
    picture = _focus_lines(stage.anchors.size, rgb(spec.colour), spec.seed + index)
    blit(stage.canvas, picture, _WHOLE, stage.opacity)


def draw_sunburst(stage: Stage, spec: Sunburst) -> None:
    """Turn a round of rays by two of them a loop."""
    size = stage.anchors.size
    centre = np.array([size / 2.0, size * 0.5]) - 0.5
    radius = 0.485 * size * min(stage.strength, 1.03) * min(spec.size, 1.0)
    ground, ray = (rgb(colour) for colour in spec.colours)
    stage.disc(centre, radius, WHITE)
    inner = radius - 0.012 * size
    if inner < 2.0:
        return
    stage.disc(centre, inner, ground)
    step = tau / spec.rays
    angles = (np.arange(spec.rays) + 2.0 * stage.t)[:, None] * step + np.linspace(0.0, 0.5, 7) * step
    arcs = np.stack((np.cos(angles), np.sin(angles)), axis=2) * inner + centre
    stage.shapes([np.concatenate((centre[None], arc)) for arc in arcs], ray)


def draw_glow(stage: Stage, spec: Glow) -> None:
    """Breathe light round the person."""
    picture = _glow(stage.anchors.size, rgb(spec.colour))
    blit(stage.canvas, picture, _WHOLE, stage.opacity * (0.86 + 0.14 * wave(stage.t, spec.cycles)))


def draw_burst(stage: Stage, spec: Burst) -> None:
    """Draw a spiky comic flash in three steps of size, throbbing."""
    size = stage.anchors.size
    centre = np.array([size / 2.0, size * 0.47])
    beat = 1.0 + 0.035 * wave(stage.t, spec.cycles) + 0.02 * wave(stage.t, spec.cycles * 2)
    reach = 0.49 * size * min(stage.strength, 1.1) * beat
    angle = 0.05 * wave(stage.t, spec.cycles)
    inner, outer = (rgb(colour) for colour in spec.colours)
    for scale, colour in ((1.05, WHITE), (1.0, outer), (0.86, inner), (0.74, lighter(inner, 0.55))):
        stage.shape(_spikes(spec.seed, angle) * (reach * scale) + centre, colour)


def draw_lightning(stage: Stage, spec: Lightning) -> None:
    """Strike twice with a bolt on each side."""
    q = progress(stage.t, spec.start, spec.end)
    always = spec.start <= 0.0 and spec.end >= 1.0
    if not always and not 0.0 < q < 1.0:
        return
    beat = (q * 2.0) % 1.0
    if beat > 0.72:
        return
    anchors = stage.anchors
    flash = 1.0 if beat < 0.5 else 1.0 - (beat - 0.5) / 0.22
    sprite = stage.sized(partial(bolt, colour=rgb(spec.colour)), 0.56 * spec.size)
    for out in (-1.0, 1.0):
        place = stage.inside(anchors.at(anchors.middle, 0.72 * out, -0.40 + 0.04 * min(beat * 8.0, 1.0)), sprite)
        stage.put(
            sprite,
            place,
            grow=min(1.0, stage.strength) * min(1.0, 0.6 + beat * 4.0),
            angle=-14.0 * out,
            opacity=flash,
            stretch=(out, 1.0),
        )


def draw_flames(stage: Stage, spec: Flames) -> None:
    """Stand tongues of fire round the head and shoulders; each flickers in its own beat."""
    anchors = stage.anchors
    outer, inner = (rgb(colour) for colour in spec.colours)
    sprite = stage.sized(partial(flame, outer=outer, inner=inner), 0.60 * spec.size)
    numbers = scatter(spec.seed, _TONGUES, 3)
    # From the outermost inwards, the tallest over the head last.
    order = sorted(range(_TONGUES), key=lambda index: -abs(index - (_TONGUES - 1) / 2.0))
    for index in order:
        beat, extent, sway = numbers[index]
        around = tau * (0.5 + (index / (_TONGUES - 1) * 1.24 - 0.12) * 0.5)
        foot = anchors.at(anchors.middle, 0.55 * cos(around), 0.12 + 0.52 * sin(around))
        flicker = sin(tau * (spec.cycles * stage.t + beat))
        tall = 1.0 + 0.16 * flicker
        grow = min(stage.strength, 1.2) * (0.80 + 0.16 * extent + 0.22 * sin(around) ** 2)
        lean = 22.0 * cos(around) + 7.0 * sin(tau * (spec.cycles * stage.t + sway))
        rise = 0.26 * spec.size * grow * tall
        axis = np.array([sin(np.radians(lean)), -cos(np.radians(lean))])
        place = foot + axis * rise * anchors.face_height
        mirror = 1.0 if cos(around) > 0.0 else -1.0
        stage.put(sprite, place, grow=grow, angle=lean, stretch=(mirror * (1.0 - 0.06 * flicker), tall))


def draw_clouds(stage: Stage, spec: Clouds) -> None:
    """Let clouds drift past from left to right."""
    anchors = stage.anchors
    size = float(anchors.size)
    sprite = stage.sized(partial(cloud, top=WHITE, bottom=(205, 226, 250), line=(120, 160, 210)), 0.62 * spec.size)
    for index, (height, extent) in enumerate(((0.14, 1.0), (0.36, 0.78), (0.05, 0.65), (0.55, 0.7))):
        q = phase(stage.t, spec.cycles, index / 4.0 + 0.11)
        place = np.array([size * (-0.22 + 1.44 * q), size * height + 0.012 * size * wave(stage.t, spec.cycles, q)])
        stage.put(sprite, place, grow=extent * stage.opacity, opacity=stage.opacity)


@lru_cache(maxsize=6)
def _focus_lines(size: int, colour: Rgb, seed: int) -> Sprite:
    numbers = scatter(seed, 64, 4)
    canvas = np.zeros((size, size, 4), dtype=np.uint8)
    angles = (np.arange(64) + numbers[:, 0] * 0.8) * (tau / 64.0)
    near = (0.40 + 0.13 * numbers[:, 1]) * size
    half = 0.006 + 0.020 * numbers[:, 2] ** 2
    centre = np.array([size / 2.0, size * 0.48])

    def wedges(extra: float, start: float) -> list[NDArray[np.int32]]:
        outlines = []
        for angle, reach, wide in zip(angles, near, half, strict=True):
            a = np.array([angle, angle - wide - extra, angle + wide + extra])
            r = np.array([reach * start, size * 0.8, size * 0.8])
            points = np.stack((np.cos(a), np.sin(a)), axis=1) * r[:, None] + centre
            outlines.append(np.rint(points * 16.0).astype(np.int32))
        return outlines

    for outlines, ink in ((wedges(0.006, 0.975), WHITE), (wedges(0.0, 1.0), colour)):
        for outline in outlines:
            cv2.fillConvexPoly(canvas, outline, (*ink, 255), cv2.LINE_AA, 4)
    canvas.setflags(write=False)
    return canvas


@lru_cache(maxsize=4)
def _glow(size: int, colour: Rgb) -> Sprite:
    grid = (np.arange(_GLOW_GRID) + 0.5) / _GLOW_GRID
    distance = np.hypot(grid[None, :] - 0.5, grid[:, None] - 0.47)
    light = smoothstep(0.5, 0.24, distance)
    core = 0.5 * smoothstep(0.36, 0.2, distance)[..., None]
    tone = np.asarray(colour) * (1.0 - core) + 255.0 * core
    small = np.concatenate((tone * light[..., None], 255.0 * light[..., None]), axis=2).astype(np.float32)
    # Smooth, so a coarse picture will do; rounded only at full size, against bands.
    sprite = np.rint(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR)).astype(np.uint8)
    sprite.setflags(write=False)
    return sprite


def _spikes(seed: int, angle: float) -> NDArray[np.float64]:
    count = 18
    numbers = scatter(seed, count, 2)
    radii = np.empty(count * 2)
    radii[0::2] = 0.88 + 0.12 * numbers[:, 0]
    radii[1::2] = 0.66 + 0.06 * numbers[:, 1]
    angles = np.arange(count * 2) * (tau / (count * 2)) + angle
    return np.stack((np.cos(angles), np.sin(angles)), axis=1) * radii[:, None]
