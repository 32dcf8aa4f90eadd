"""What flies or floats round the head."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.engines.local.effects.specs.base import Colour, Cycles, EffectSpec, Fraction, TimedSpec
from app.engines.local.topology import Side


class Hearts(EffectSpec):
    """Hearts that rise round the head, some of them behind it."""

    kind: Literal["hearts"] = "hearts"
    colour: Colour = "#ff3b5f"
    count: Annotated[int, Field(ge=2, le=14)] = 8
    cycles: Cycles = 1


class HeartPop(TimedSpec):
    """A heart that is blown from the mouth, grows and flies off."""

    kind: Literal["heart_pop"] = "heart_pop"
    colour: Colour = "#ff3b5f"
    side: Side = Side.LEFT
    start: Fraction = 0.4
    end: Fraction = 0.95


class Twinkles(EffectSpec):
    """Glints that light up and go out all round the head."""

    kind: Literal["twinkles"] = "twinkles"
    colour: Colour = "#ffd940"
    count: Annotated[int, Field(ge=2, le=12)] = 7
    cycles: Cycles = 1


class Stars(EffectSpec):
    """Stars that circle the head, passing in front of it and behind."""

    kind: Literal["stars"] = "stars"
    colour: Colour = "#ffc928"
    count: Annotated[int, Field(ge=2, le=8)] = 5
    cycles: Cycles = 1


class Zzz(EffectSpec):
    """Letters Z that rise and grow."""

    kind: Literal["zzz"] = "zzz"
    colour: Colour = "#5b7cff"
    side: Side = Side.LEFT
    cycles: Cycles = 1


class Notes(EffectSpec):
    """Musical notes that float up on both sides."""

    kind: Literal["notes"] = "notes"
    count: Annotated[int, Field(ge=2, le=10)] = 6
    cycles: Cycles = 1


class Confetti(EffectSpec):
    """Bright paper that tumbles down, some of it behind the person."""

    kind: Literal["confetti"] = "confetti"
    count: Annotated[int, Field(ge=6, le=60)] = 34
    cycles: Cycles = 1


class PartyPopper(TimedSpec):
    """Two poppers in the lower corners that fire streamers."""

    kind: Literal["party_popper"] = "party_popper"


class Flowers(EffectSpec):
    """Blossoms that swell and rock round the head."""

    kind: Literal["flowers"] = "flowers"
    count: Annotated[int, Field(ge=3, le=12)] = 8
    cycles: Cycles = 1


class Petals(EffectSpec):
    """Pink petals that sway down."""

    kind: Literal["petals"] = "petals"
    count: Annotated[int, Field(ge=4, le=30)] = 14
    cycles: Cycles = 1


class Coins(EffectSpec):
    """Gold coins that rain down, turning."""

    kind: Literal["coins"] = "coins"
    count: Annotated[int, Field(ge=3, le=24)] = 12
    cycles: Cycles = 1


class Soul(TimedSpec):
    """A small pale ghost that leaves through the mouth and is pulled back."""

    kind: Literal["soul"] = "soul"
    side: Side = Side.LEFT
    start: Fraction = 0.15
    end: Fraction = 0.95
