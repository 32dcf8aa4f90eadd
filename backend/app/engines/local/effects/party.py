"""Paper in the air: confetti and party poppers."""

from __future__ import annotations

from math import pi, sin, tau
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.effects.anchors import Layer
from app.engines.local.effects.timing import appear, ease_in, ease_out, progress, scatter
from app.engines.local.sprites.signs import popper
from app.engines.local.sprites.sketch import Rgb, darker

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.effects.anchors import Point
    from app.engines.local.effects.specs import Confetti, PartyPopper
    from app.engines.local.effects.stage import Stage

_PAPER: tuple[Rgb, ...] = (
    (255, 71, 112),
    (255, 190, 40),
    (60, 196, 120),
    (64, 140, 255),
    (166, 92, 255),
    (255, 120, 40),
)
_SHADED: tuple[Rgb, ...] = tuple(darker(colour, 0.35) for colour in _PAPER)
_SCRAPS = 22


def draw_confetti(stage: Stage, spec: Confetti) -> None:
    """Tumble scraps down; two of five behind the person. Strength is how many there are."""
    size = stage.anchors.size
    numbers = scatter(spec.seed, spec.count, 6)
    index = np.arange(spec.count)
    mine = (index % 5 < 2) if stage.layer is Layer.BACK else (index % 5 >= 2)
    mine &= index < spec.count * stage.strength
    lane, offset, extent, spin, turn, swing = numbers[mine].T
    q = (stage.t * spec.cycles + offset) % 1.0
    x = (index[mine] * 0.618 + 0.3 * lane) % 1.0 + 0.03 * np.sin(tau * (2.0 * q + swing))
    y = -0.06 + 1.12 * q
    flip = np.cos(tau * (3.0 * q + spin))
    angle = tau * (turn + np.where(swing > 0.5, q, -q))
    side = stage.anchors.face_height * spec.size * (0.030 + 0.016 * extent)
    corners = _scraps(np.stack((x, y), axis=1) * size, side, flip, angle)
    colours = [(_PAPER if f > 0.0 else _SHADED)[i % len(_PAPER)] for i, f in zip(index[mine], flip, strict=True)]
    stage.chips(corners, colours)


def draw_party_popper(stage: Stage, spec: PartyPopper) -> None:
    """Spring two poppers into the lower corners; they fire scraps and streamers."""
    anchors = stage.anchors
    grow = stage.strength * appear(stage.t, spec.start, spec.end)
    if grow <= 0.01:
        return
    sprite = stage.sized(popper, 0.52 * spec.size)
    shot = progress(stage.t, spec.start + 0.10, min(spec.end, spec.start + 0.78))
    for index, out in enumerate((-1.0, 1.0)):
        corner = anchors.at(anchors.middle, 0.82 * out, 0.52)
        place = stage.inside(corner, sprite)
        if 0.0 < shot < 1.0:
            mouth = place + np.array([-0.12 * out, -0.12]) * anchors.face_height * spec.size
            _draw_shot(stage, mouth, -out, shot, spec.seed + index)
        kick = 0.05 * anchors.face_height * (1.0 - ease_out(shot * 3.0)) * (shot > 0.0)
        place = place + np.array([out, 1.0]) * kick
        stage.put(sprite, place, grow=grow, angle=4.0 * out * sin(pi * shot), stretch=(-out, 1.0))


def _draw_shot(stage: Stage, mouth: Point, inward: float, q: float, seed: int) -> None:
    unit = stage.anchors.face_height
    flight = ease_out(q)
    numbers = scatter(seed, _SCRAPS, 5)
    heading = np.radians(48.0 + 72.0 * numbers[:, 0])
    speed = 0.45 + 1.05 * numbers[:, 1]
    x = inward * np.cos(heading) * speed * flight
    y = -np.sin(heading) * speed * flight + 0.75 * ease_in(q)
    flip = np.cos(tau * (2.5 * q + numbers[:, 2]))
    angle = tau * (numbers[:, 3] + q)
    side = unit * (0.030 + 0.016 * numbers[:, 4]) * min(1.0, (1.0 - q) * 5.0)
    corners = _scraps(mouth + np.stack((x, y), axis=1) * unit, side, flip, angle)
    stage.chips(corners, [(_PAPER if f > 0.0 else _SHADED)[i % len(_PAPER)] for i, f in enumerate(flip)])
    u = np.linspace(0.0, 1.0, 26)
    for index, (degrees, reach) in enumerate(((56.0, 0.66), (80.0, 0.86), (104.0, 0.62))):
        along = np.radians(degrees)
        tail = np.clip(flight - 0.55 * (1.0 - u), 0.0, 1.0) if q < 0.5 else flight - 0.55 * (1.0 - u) * (1.5 - q)
        curl = 0.035 * np.sin(tau * (2.2 * u + 0.3 * index + q)) * u
        forward = np.array([inward * np.cos(along), -np.sin(along)])
        across = np.array([-forward[1], forward[0]])
        points = np.outer(tail * reach, forward) + np.outer(curl, across)
        points[:, 1] += 0.6 * ease_in(q)
        width = unit * 0.022 * min(1.0, (1.0 - q) * 4.0)
        if width >= 0.5:
            stage.stroke(mouth + points * unit, width, _PAPER[(index * 2 + seed) % len(_PAPER)])


def _scraps(
    centres: NDArray[np.float64], side: NDArray[np.float64], flip: NDArray[np.float64], angle: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the corners (n, 4, 2) of paper of the proportion 1 to 1.6, seen at an angle."""
    c, s = np.cos(angle), np.sin(angle)
    wide = side * np.where(np.abs(flip) < 0.15, 0.15, np.abs(flip))
    long = side * 1.6
    across = np.stack((c * wide, s * wide), axis=1)
    along = np.stack((-s * long, c * long), axis=1)
    return (
        np.stack(
            (centres - across - along, centres + across - along, centres + across + along, centres - across + along),
            axis=1,
        )
        * 1.0
    )
