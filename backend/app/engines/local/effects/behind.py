"""What stands behind the person: rays, lines, light, fire, clouds."""

from __future__ import annotations

from functools import lru_cache, partial
from math import tau
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.effects.timing import phase, progress, scatter, wave
from app.engines.local.raster import blit, smoothstep
from app.engines.local.sprites.drops import cloud
from app.engines.local.sprites.signs import bolt
from app.engines.local.sprites.sketch import WHITE, Rgb, lighter, rgb

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.effects.specs import Burst, Clouds, Flames, FocusLines, Glow, Lightning, Sunburst
    from app.engines.local.effects.stage import Stage
    from app.engines.local.raster import Sprite

_WHOLE = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
_LINE_PICTURES = 3
_TONGUES = 13


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
    sprite = stage.sized(partial(bolt, colour=rgb(spec.colour)), 0.62 * spec.size)
    for out in (-1.0, 1.0):
        place = stage.inside(anchors.at(anchors.middle, 0.68 * out, -0.42 + 0.04 * min(beat * 8.0, 1.0)), sprite)
        stage.put(
            sprite,
            place,
            grow=min(1.0, stage.strength) * min(1.0, 0.6 + beat * 4.0),
            angle=-14.0 * out,
            opacity=flash,
            stretch=(out, 1.0),
        )


def draw_flames(stage: Stage, spec: Flames) -> None:
    """Let three layers of fire lick up behind the person."""
    size = stage.anchors.size
    outer, inner = (rgb(colour) for colour in spec.colours)
    strength = min(stage.strength, 1.15) * spec.size
    layers = ((1.05, WHITE), (1.0, outer), (0.78, inner), (0.54, lighter(inner, 0.62)))
    for depth, (scale, colour) in enumerate(layers):
        lag = 0.0 if depth < 2 else 0.13 * (depth - 1)
        stage.shape(_fire(stage.t, spec, scale * strength, lag) * size, colour)


def draw_clouds(stage: Stage, spec: Clouds) -> None:
    """Let clouds drift past from left to right."""
    anchors = stage.anchors
    size = float(anchors.size)
    for index, (height, extent) in enumerate(((0.14, 0.62), (0.36, 0.48), (0.05, 0.40), (0.55, 0.42))):
        sprite = stage.sized(
            partial(cloud, top=WHITE, bottom=(205, 226, 250), line=(120, 160, 210)), extent * spec.size
        )
        q = phase(stage.t, spec.cycles, index / 4.0 + 0.11)
        place = np.array([size * (-0.22 + 1.44 * q), size * height + 0.012 * size * wave(stage.t, spec.cycles, q)])
        stage.put(sprite, place, grow=min(1.0, stage.strength), opacity=stage.opacity)


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
    y, x = np.mgrid[0:size, 0:size]
    distance = np.hypot((x - size / 2.0) / size, (y - size * 0.47) / size)
    light = 0.95 * smoothstep(0.5, 0.12, distance)
    core = smoothstep(0.42, 0.1, distance)[..., None]
    tone = np.asarray(colour) * (1.0 - 0.6 * core) + 255.0 * 0.6 * core
    sprite = np.empty((size, size, 4), dtype=np.uint8)
    sprite[..., 3] = np.rint(light * 255.0)
    sprite[..., :3] = np.minimum(np.rint(tone * light[..., None]), sprite[..., 3:])
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


def _fire(t: float, spec: Flames, scale: float, lag: float) -> NDArray[np.float64]:
    """Return the outline of a fire in units of the canvas: valleys on an arch, tips that lick up and sway."""
    numbers = scatter(spec.seed + 50, _TONGUES, 3)
    share = np.linspace(0.0, 1.0, _TONGUES * 2 + 1)
    along = np.pi * (1.04 + 0.92 * share)
    arch = np.stack((0.5 + 0.36 * np.cos(along), 0.60 + 0.36 * scale**0.5 * np.sin(along)), axis=1)
    beat = np.sin(tau * (spec.cycles * t + numbers[:, 0] - lag))
    long = (0.15 + 0.07 * numbers[:, 1]) * (1.0 + 0.26 * beat) * scale
    sway = 0.035 * np.sin(tau * (spec.cycles * t + numbers[:, 2] - lag))
    valleys, roots = arch[0::2], arch[1::2]
    outward = roots - (0.5, 0.60)
    tips = roots + outward * (long / 0.36)[:, None] * (0.75, 0.55)
    tips += np.stack((sway, -0.55 * long), axis=1)
    u = np.linspace(0.0, 1.0, 6)[:, None]
    parts = []
    for index in range(_TONGUES):
        left, tip, right = valleys[index], tips[index], valleys[index + 1]
        # Hollow flanks: the control points lie near the root, drawn to the middle.
        lean = roots[index] + (tip - roots[index]) * 0.25
        rise, fall = left * 0.45 + lean * 0.55, right * 0.45 + lean * 0.55
        parts.append((1 - u) ** 2 * left + 2 * u * (1 - u) * rise + u**2 * tip)
        parts.append((1 - u) ** 2 * tip + 2 * u * (1 - u) * fall + u**2 * right)
    outline = np.concatenate(parts)
    foot = np.array([[outline[-1, 0] - 0.02, 0.9], [outline[0, 0] + 0.02, 0.9]])
    return np.concatenate((outline, foot))
