"""Water on the face: tears, sweat, drool, and the sleeper's bubble."""

from __future__ import annotations

from math import sin, tau
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.effects.anchors import Layer, outwards
from app.engines.local.effects.timing import ease_in, fade, phase, swell, wave
from app.engines.local.raster import over
from app.engines.local.sprites.drops import bubble, drop
from app.engines.local.topology import EYE_OUTER_LEFT, EYE_OUTER_RIGHT, MOUTH_LEFT, MOUTH_RIGHT, Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.effects.anchors import Point
    from app.engines.local.effects.specs import Bubble, Drool, Sweat, TearBeads, Tears
    from app.engines.local.effects.stage import Stage

Rgba = tuple[int, int, int, int]

_LID = {Side.RIGHT: (144, 145, 153), Side.LEFT: (373, 374, 380)}
_TEMPLE = {Side.RIGHT: 103, Side.LEFT: 332}
_NOSTRIL = {Side.RIGHT: 98, Side.LEFT: 327}
_STREAM: Rgba = (104, 188, 240, 206)
_STREAM_EDGE = (36, 124, 206, 224)
_SHINE: Rgba = (255, 255, 255, 255)


def draw_tears(stage: Stage, spec: Tears) -> None:
    """Draw a stream from each lower lid; on the skin the stream, in front the drops that fall from the jaw."""
    anchors = stage.anchors
    long = 0.50 * min(0.35 + 0.65 * stage.strength, 1.1)
    falling = stage.sized(drop, 0.15 * spec.size)
    for side in Side:
        lid = anchors.points[list(_LID[side])].mean(axis=0)
        if stage.layer is Layer.SKIN:
            _draw_stream(stage, spec, anchors.at(lid, 0.0, -0.004), long, outwards(side))
            continue
        end = anchors.at(lid, 0.045 * outwards(side), long - 0.01)
        for index in range(spec.drops):
            q = phase(stage.t, spec.cycles, index / spec.drops + (0.0 if side is Side.LEFT else 0.37 / spec.drops))
            place = anchors.at(end, 0.02 * outwards(side) * (index - 0.5), 0.34 * ease_in(q))
            grow = min(1.0, 0.5 + 2.0 * q)
            stage.put(falling, place, grow=grow, opacity=stage.opacity * fade(q, 0.1, 0.2))


def draw_tear_beads(stage: Stage, spec: TearBeads) -> None:
    """Draw a fat drop at each outer corner, its tip towards the eye."""
    anchors = stage.anchors
    bead = stage.sized(drop, 0.27 * spec.size)
    for side, corner in ((Side.RIGHT, EYE_OUTER_RIGHT), (Side.LEFT, EYE_OUTER_LEFT)):
        out = outwards(side)
        beat = wave(stage.t, spec.cycles, 0.0 if side is Side.LEFT else 0.18)
        place = anchors.at(anchors.points[corner], 0.075 * out * spec.size, 0.075 * spec.size)
        stage.put(
            bead,
            place,
            grow=stage.strength * (1.0 + 0.09 * beat),
            angle=anchors.tilt - 46.0 * out + 4.0 * beat,
            stretch=(1.0 + 0.04 * beat, 1.0 - 0.04 * beat),
        )


def draw_sweat(stage: Stage, spec: Sweat) -> None:
    """Let a large drop slide down at the temple: slowly, then faster, then gone."""
    anchors = stage.anchors
    out = outwards(spec.side)
    q = phase(stage.t, spec.cycles)
    bead = stage.sized(drop, 0.34 * spec.size)
    place = anchors.at(anchors.points[_TEMPLE[spec.side]], 0.10 * out, 0.0 + 0.26 * ease_in(q))
    squeeze = 0.06 * sin(tau * q)
    stage.put(
        bead,
        place,
        grow=stage.strength * min(1.0, 0.4 + q * 6.0),
        angle=anchors.tilt + 8.0 * out,
        opacity=fade(q, 0.08, 0.16),
        stretch=(1.0 - squeeze, 1.0 + squeeze),
    )


def draw_drool(stage: Stage, spec: Drool) -> None:
    """Hang a drop from the corner of the mouth; it grows longer and snaps back."""
    anchors = stage.anchors
    corner = anchors.points[MOUTH_LEFT if spec.side is Side.LEFT else MOUTH_RIGHT]
    q = phase(stage.t, spec.cycles)
    long = 0.75 + 0.65 * (q / 0.8) ** 2 if q < 0.8 else 0.75 + 0.65 * (1.0 - (q - 0.8) / 0.2) ** 2
    bead = stage.sized(drop, 0.24 * spec.size)
    place = anchors.at(corner, -0.025 * outwards(spec.side), 0.0)
    place = place + np.array([0.0, anchors.face_height * (0.015 + 0.095 * long * spec.size)])
    stage.put(bead, place, grow=stage.strength, stretch=(0.9 - 0.15 * (long - 0.75), long))


def draw_bubble(stage: Stage, spec: Bubble) -> None:
    """Blow the bubble up and let it shrink with the sleeper's breath; it hangs on its nostril."""
    anchors = stage.anchors
    out = outwards(spec.side)
    q = phase(stage.t, spec.cycles)
    film = stage.sized(bubble, 0.46 * spec.size)
    grow = stage.strength * (0.34 + 0.66 * swell(q))
    radius = 0.225 * spec.size * grow
    place = anchors.at(anchors.points[_NOSTRIL[spec.side]], (0.01 + radius * 0.72) * out, 0.02 + radius * 0.66)
    wobble = 0.03 * wave(stage.t, spec.cycles * 3)
    stage.put(film, place, grow=grow, angle=anchors.tilt, stretch=(1.0 + wobble, 1.0 - wobble))


def _draw_stream(stage: Stage, spec: Tears, start: Point, long: float, out: float) -> None:
    anchors = stage.anchors
    u = np.linspace(0.0, 1.0, 18)
    middle = start + np.outer(u * long * anchors.face_height, anchors.down)
    middle += np.outer(0.045 * out * u * u * anchors.face_height, anchors.right)
    ripple = 0.10 * np.sin(tau * (2.0 * u - spec.cycles * stage.t))
    half = anchors.face_height * 0.044 * spec.size * (0.62 + 0.38 * np.sqrt(u) + ripple * u)
    # The lower end is round.
    half *= np.sqrt(np.clip((1.0 - u) / 0.10, 0.0, 1.0))
    across = np.outer(half, anchors.right)
    outline = np.concatenate((middle - across, (middle + across)[::-1]))
    x0, y0 = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 3, 0)
    x1, y1 = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 4, anchors.size)
    if x1 <= x0 or y1 <= y0:
        return
    layer = np.zeros((y1 - y0, x1 - x0, 4), dtype=np.uint8)
    line = max(round(anchors.face_height * 0.008), 1)
    cv2.fillPoly(layer, [_fixed(outline, x0, y0)], _premultiplied(_STREAM), cv2.LINE_AA, 4)
    cv2.polylines(layer, [_fixed(outline[1:-1], x0, y0)], False, _premultiplied(_STREAM_EDGE), line, cv2.LINE_AA, 4)
    glint = middle[1:-3] - across[1:-3] * 0.42
    cv2.polylines(layer, [_fixed(glint, x0, y0)], False, _premultiplied((232, 248, 255, 215)), line, cv2.LINE_AA, 4)
    runs = min(spec.drops, 2)
    for index in range(runs):
        q = phase(stage.t, spec.cycles, index / runs + (0.2 if out > 0.0 else 0.0))
        at = q * (len(u) - 3.0)
        first, between = int(at), at % 1.0
        side = middle + across * 0.3
        run = side[first : first + 2] * (1.0 - between) + side[first + 1 : first + 3] * between
        shine = _mixed(_STREAM, _SHINE, 0.85 * fade(q, 0.2, 0.2))
        cv2.polylines(layer, [_fixed(run, x0, y0)], False, shine, round(line * 2.0), cv2.LINE_AA, 4)
    region = slice(y0, y1), slice(x0, x1)
    over(stage.canvas[region], layer, stage.opacity, anchors.alpha[region])


def _fixed(points: NDArray[np.float64], x0: int, y0: int) -> NDArray[np.int32]:
    return np.rint((points - (x0, y0)) * 16.0).astype(np.int32)


def _mixed(first: Rgba, second: Rgba, share: float) -> Rgba:
    r, g, b, a = (round(p + (q - p) * share) for p, q in zip(first, second, strict=True))
    return _premultiplied((r, g, b, a))


def _premultiplied(colour: Rgba) -> Rgba:
    r, g, b, a = colour
    return r * a // 255, g * a // 255, b * a // 255, a
