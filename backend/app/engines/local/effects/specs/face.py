"""What is drawn on the face itself: skin, eyes, nose and mouth."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.engines.local.effects.specs.base import Colour, Cycles, EffectSpec, Fraction, TimedSpec
from app.engines.local.topology import Side


class Blush(EffectSpec):
    """Soft rosy cheeks."""

    kind: Literal["blush"] = "blush"
    colour: Colour = "#ff5a76"


class ShyLines(EffectSpec):
    """Slanted red strokes on each cheek over a faint blush."""

    kind: Literal["shy_lines"] = "shy_lines"
    colour: Colour = "#e8344f"
    strokes: Annotated[int, Field(ge=2, le=5)] = 3


class Tears(EffectSpec):
    """Shining streams down both cheeks with drops that run in them."""

    kind: Literal["tears"] = "tears"
    drops: Annotated[int, Field(ge=1, le=4)] = 2
    cycles: Cycles = 2


class TearBeads(EffectSpec):
    """A fat drop at each outer eye corner, as when laughing hard; it swells and quivers."""

    kind: Literal["tear_beads"] = "tear_beads"
    cycles: Cycles = 2


class Sweat(EffectSpec):
    """A large drop that slides down beside the forehead."""

    kind: Literal["sweat"] = "sweat"
    side: Side = Side.RIGHT
    cycles: Cycles = 1


class Gloom(EffectSpec):
    """Bluish shade with dark vertical lines over the upper face."""

    kind: Literal["gloom"] = "gloom"
    colour: Colour = "#2b2f6b"


class Tint(EffectSpec):
    """A transparent wash over the face: green for sick, red for hot, blue for cold."""

    kind: Literal["tint"] = "tint"
    colour: Colour = "#4f9d3a"
    region: Literal["face", "upper", "lower"] = "face"


class KissMarks(TimedSpec):
    """Lipstick prints that appear on cheek and forehead one by one."""

    kind: Literal["kiss_marks"] = "kiss_marks"
    count: Annotated[int, Field(ge=1, le=3)] = 3
    colour: Colour = "#e0123f"


class Drool(EffectSpec):
    """A drop that hangs from the corner of the mouth, stretches and springs back."""

    kind: Literal["drool"] = "drool"
    side: Side = Side.LEFT
    cycles: Cycles = 1


class HeartEyes(EffectSpec):
    """Beating hearts over both eyes."""

    kind: Literal["heart_eyes"] = "heart_eyes"
    colour: Colour = "#ff2f55"
    cycles: Cycles = 3


class StarEyes(EffectSpec):
    """Golden stars over both eyes that rock and shine."""

    kind: Literal["star_eyes"] = "star_eyes"
    colour: Colour = "#ffc928"
    cycles: Cycles = 2


class Spirals(EffectSpec):
    """Turning spirals over both eyes: dizzy."""

    kind: Literal["spirals"] = "spirals"
    cycles: Cycles = 2


class Sunglasses(TimedSpec):
    """Dark glasses that drop from above onto the nose, with a glint."""

    kind: Literal["sunglasses"] = "sunglasses"


class Sparkle(TimedSpec):
    """A four-pointed glint at an eye with two small ones beside it."""

    kind: Literal["sparkle"] = "sparkle"
    colour: Colour = "#ffd940"
    side: Side = Side.RIGHT
    start: Fraction = 0.3
    end: Fraction = 0.7


class Bubble(EffectSpec):
    """A sleeper's bubble at the nose that swells and shrinks."""

    kind: Literal["bubble"] = "bubble"
    side: Side = Side.LEFT
    cycles: Cycles = 1


class Melon(TimedSpec):
    """A slice of watermelon at the mouth, bitten again and again: the onlooker's snack."""

    kind: Literal["melon"] = "melon"
    start: Fraction = 0.0
    end: Fraction = 1.0
    bites: Annotated[int, Field(ge=1, le=8)] = 3
