"""What is drawn behind the person."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.engines.local.effects.specs.base import Colour, Cycles, EffectSpec, Fraction, TimedSpec


class FocusLines(EffectSpec):
    """Manga speed lines that point at the face and flicker."""

    kind: Literal["focus_lines"] = "focus_lines"
    colour: Colour = "#23202e"
    cycles: Annotated[int, Field(ge=1, le=24)] = 6


class Sunburst(EffectSpec):
    """Rotating rays in two colours that fade outwards."""

    kind: Literal["sunburst"] = "sunburst"
    colours: tuple[Colour, Colour] = ("#ffd84a", "#ff9f2e")
    rays: Annotated[int, Field(ge=6, le=24)] = 12


class Glow(EffectSpec):
    """A soft light round the person that breathes."""

    kind: Literal["glow"] = "glow"
    colour: Colour = "#ffd75e"
    cycles: Cycles = 1


class Burst(EffectSpec):
    """A comic spiky flash behind the head that throbs."""

    kind: Literal["burst"] = "burst"
    colours: tuple[Colour, Colour] = ("#ffd23d", "#ff5a3c")
    cycles: Cycles = 2


class Lightning(TimedSpec):
    """Bolts that strike on both sides of the head, twice (in front)."""

    kind: Literal["lightning"] = "lightning"
    colour: Colour = "#ffd93b"
    start: Fraction = 0.1
    end: Fraction = 0.6


class Flames(EffectSpec):
    """Fire that blazes behind the person."""

    kind: Literal["flames"] = "flames"
    colours: tuple[Colour, Colour] = ("#ff4a1f", "#ffc531")
    cycles: Cycles = 2


class Clouds(EffectSpec):
    """Small puffy clouds that drift past behind the head."""

    kind: Literal["clouds"] = "clouds"
    cycles: Cycles = 1
