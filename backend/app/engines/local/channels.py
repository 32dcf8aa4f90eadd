"""The channels that a template may move: names, ranges and what they mean.

A channel is 0 at rest. Face units are weights: 1 is a full expression. A paired channel moves both sides of the
face; with ``_left`` or ``_right`` (the person's own) it adds to one side.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

EFFECT_PREFIX = "fx."
SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Channel:
    """One thing that moves; ``low`` and ``high`` bound it, in the unit that ``unit`` names."""

    name: str
    low: float
    high: float
    unit: str = "weight"
    paired: bool = False


_BASE = (
    Channel("jaw", -0.2, 1.3),
    Channel("smile", -0.6, 1.4, paired=True),
    Channel("pucker", -0.5, 1.4),
    Channel("frown", -0.5, 1.4),
    Channel("press", -0.3, 1.3),
    Channel("sneer", -0.3, 1.3),
    Channel("lip_down", -0.3, 1.3),
    Channel("mouth_shift", -1.3, 1.3),
    Channel("puff", -0.5, 1.4),
    Channel("nose", -0.3, 1.3),
    Channel("close", 0.0, 1.2),
    Channel("neutral", 0.0, 1.2),
    Channel("brow", -0.9, 1.4, paired=True),
    Channel("brow_inner", -0.9, 1.4, paired=True),
    Channel("brow_outer", -0.9, 1.4, paired=True),
    Channel("furrow", -0.5, 1.4, paired=True),
    Channel("lid", -0.3, 1.0, paired=True),
    Channel("squint", -0.3, 1.3, paired=True),
    Channel("widen", -0.3, 1.3, paired=True),
    Channel("gaze.x", -1.0, 1.0, "iris radii"),
    Channel("gaze.y", -1.0, 1.0, "iris radii"),
    Channel("tongue.out", 0.0, 1.0),
    Channel("tongue.turn", -30.0, 30.0, "degrees"),
    Channel("head.yaw", -20.0, 20.0, "degrees"),
    Channel("head.pitch", -20.0, 20.0, "degrees"),
    Channel("head.roll", -25.0, 25.0, "degrees"),
    Channel("head.x", -0.15, 0.15, "face heights"),
    Channel("head.y", -0.15, 0.15, "face heights"),
    Channel("head.scale", -0.15, 0.25, "share"),
    Channel("body.x", -0.3, 0.3, "face heights"),
    Channel("body.y", -0.3, 0.3, "face heights"),
    Channel("body.turn", -20.0, 20.0, "degrees"),
    Channel("body.stretch_x", -0.25, 0.25, "share"),
    Channel("body.stretch_y", -0.25, 0.25, "share"),
    Channel("shade.smile", 0.0, 1.0),
    Channel("shade.furrow", 0.0, 1.0),
    Channel("shade.forehead", 0.0, 1.0),
    Channel("shade.under", 0.0, 1.0),
    Channel("shade.flush", 0.0, 1.0),
)


def _with_sides(base: Iterable[Channel]) -> dict[str, Channel]:
    channels: dict[str, Channel] = {}
    for channel in base:
        channels[channel.name] = channel
        if channel.paired:
            for side in SIDES:
                name = f"{channel.name}_{side}"
                # one side may have to undo what both sides do, so its own share reaches as far down as up
                channels[name] = Channel(name, -channel.high, channel.high, channel.unit)
    return channels


CHANNELS: dict[str, Channel] = _with_sides(_BASE)
"""Every channel by name, one-sided ones included; ``fx.<effect>`` channels are made by :func:`channel`."""


def channel(name: str) -> Channel | None:
    """The channel of that name, ``None`` when there is none; any ``fx.`` name is a strength of 0..1."""
    if name.startswith(EFFECT_PREFIX) and len(name) > len(EFFECT_PREFIX):
        return Channel(name, 0.0, 1.0)
    return CHANNELS.get(name)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a misspelt ``name`` most probably meant, or ``None``."""
    plain = {candidate.lower(): candidate for candidate in candidates}
    found = get_close_matches(name.lower(), plain, n=1, cutoff=0.55)
    return plain[found[0]] if found else None
