"""Comic signs, hands and headgear beside or on the head."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.engines.local.effects.specs.base import Colour, Cycles, EffectSpec, Fraction, TimedSpec
from app.engines.local.topology import Side


class Anger(EffectSpec):
    """The crossed popping vein at the temple; it throbs."""

    kind: Literal["anger"] = "anger"
    side: Side = Side.LEFT
    cycles: Cycles = 3


class Steam(EffectSpec):
    """Two jets of steam out of the ears."""

    kind: Literal["steam"] = "steam"
    cycles: Cycles = 2


class Mark(TimedSpec):
    """A short text such as ! !! ? ?! that pops in beside the head."""

    kind: Literal["mark"] = "mark"
    text: Annotated[str, Field(min_length=1, max_length=4)] = "!"
    colour: Colour = "#ff3344"
    side: Side = Side.LEFT


class Dots(EffectSpec):
    """Three dots in a small speech bubble that light up one after the other."""

    kind: Literal["dots"] = "dots"
    side: Side = Side.LEFT
    cycles: Cycles = 1


class ThumbsUp(TimedSpec):
    """A drawn hand with the thumb up (or down) that springs in beside the chin."""

    kind: Literal["thumbs_up"] = "thumbs_up"
    side: Side = Side.LEFT
    down: bool = False
    colour: Colour = "#ffcc4d"


class OkHand(TimedSpec):
    """A drawn OK sign that springs in beside the chin."""

    kind: Literal["ok_hand"] = "ok_hand"
    side: Side = Side.LEFT
    colour: Colour = "#ffcc4d"


class Clap(EffectSpec):
    """Two drawn hands that clap below the chin, with flash lines."""

    kind: Literal["clap"] = "clap"
    cycles: Cycles = 4
    colour: Colour = "#ffcc4d"


class Bulb(TimedSpec):
    """A light bulb that switches on above the head."""

    kind: Literal["bulb"] = "bulb"
    side: Side = Side.LEFT


class RainCloud(EffectSpec):
    """A dark cloud over the head and its rain."""

    kind: Literal["rain_cloud"] = "rain_cloud"
    cycles: Cycles = 3


class BrokenHeart(TimedSpec):
    """A heart beside the head that cracks and falls apart."""

    kind: Literal["broken_heart"] = "broken_heart"
    colour: Colour = "#ff3b5f"
    side: Side = Side.LEFT
    start: Fraction = 0.1
    end: Fraction = 0.95


class Crown(TimedSpec):
    """A gold crown that lands on the head."""

    kind: Literal["crown"] = "crown"


class Halo(EffectSpec):
    """An angel's ring that hovers over the head."""

    kind: Literal["halo"] = "halo"
    colour: Colour = "#ffd84a"
    cycles: Cycles = 1


class Horns(TimedSpec):
    """Two small red horns that grow out of the hair."""

    kind: Literal["horns"] = "horns"
    colour: Colour = "#d3163a"
