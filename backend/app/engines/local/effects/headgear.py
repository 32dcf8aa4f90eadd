"""What sits on the head: crown, angel's ring, horns."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from app.engines.local.effects.timing import appear, ease_in, progress, spring, wave
from app.engines.local.sprites.gear import crown, horn, ring
from app.engines.local.sprites.sketch import rgb

if TYPE_CHECKING:
    from app.engines.local.effects.specs import Crown, Halo, Horns
    from app.engines.local.effects.stage import Stage


def draw_crown(stage: Stage, spec: Crown) -> None:
    """Let the crown fall on the head, bounce and settle; it lifts off at the end."""
    always = spec.start <= 0.0 and spec.end >= 1.0
    landed = 1.0 if always else progress(stage.t, spec.start, spec.start + 0.26)
    lifted = 0.0 if always else progress(stage.t, spec.end - 0.10, spec.end)
    shown = stage.opacity * min(1.0, landed * 4.0, (1.0 - lifted) * 3.0)
    if shown <= 0.0:
        return
    anchors = stage.anchors
    sprite = stage.sized(crown, 0.66 * spec.size)
    height = 0.75 * (1.0 - spring(landed)) + 0.6 * ease_in(lifted)
    place = anchors.at(anchors.head_top, 0.0, -0.06 * spec.size)
    place = stage.inside(place, sprite) - anchors.down * height * anchors.face_height
    grow = 1.0 + 0.015 * wave(stage.t, 2)
    stage.put(sprite, place, grow=grow, angle=anchors.tilt + 3.0 * wave(stage.t, 1), opacity=shown)


def draw_halo(stage: Stage, spec: Halo) -> None:
    """Let the ring hover over the hair and rock."""
    anchors = stage.anchors
    sprite = stage.sized(partial(ring, colour=rgb(spec.colour)), 0.78 * spec.size)
    hover = 0.022 * wave(stage.t, spec.cycles)
    place = stage.inside(anchors.at(anchors.head_top, 0.0, -0.09), sprite, 0.015) + anchors.down * (
        hover * anchors.face_height
    )
    angle = anchors.tilt + 3.0 * wave(stage.t, spec.cycles, 0.25)
    stage.put(sprite, place, grow=min(stage.strength, 1.2), angle=angle, opacity=stage.opacity)


def draw_horns(stage: Stage, spec: Horns) -> None:
    """Grow two horns out of the hair."""
    grow = stage.strength * appear(stage.t, spec.start, spec.end)
    if grow <= 0.02:
        return
    anchors = stage.anchors
    sprite = stage.sized(partial(horn, colour=rgb(spec.colour)), 0.36 * spec.size)
    for out in (-1.0, 1.0):
        root = anchors.at(anchors.head_top, 0.27 * out, 0.10)
        place = anchors.at(root, 0.02 * out * grow, -0.13 * spec.size * grow)
        angle = anchors.tilt + out * (6.0 + 3.0 * wave(stage.t, 3))
        stage.put(sprite, stage.inside(place, sprite), grow=grow, angle=angle, stretch=(out, 1.0))
