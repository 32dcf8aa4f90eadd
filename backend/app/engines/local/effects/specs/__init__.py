"""What a template may write under ``effects:``: one model per kind of drawn effect.

Shared by all kinds: ``size`` scales the drawing, ``seed`` picks another fixed random layout, ``name`` gives an
effect a channel of its own (``fx.<name>``; without it the channel is ``fx.<kind>``), so that two effects of one
kind can be driven apart. The channel's value, 0 to 1, is the effect's strength; an absent channel means 1.

Times are fractions of the loop. ``cycles`` counts whole repetitions in one loop, so every effect closes.
Left and right are the person's own, as everywhere in the engine: ``left`` lies on the picture's right.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.engines.local.effects.specs.around import (
    Coins,
    Confetti,
    Flowers,
    HeartPop,
    Hearts,
    Notes,
    PartyPopper,
    Petals,
    Soul,
    Stars,
    Twinkles,
    Zzz,
)
from app.engines.local.effects.specs.base import Colour, EffectSpec, TimedSpec
from app.engines.local.effects.specs.behind import (
    Burst,
    Clouds,
    Flames,
    FocusLines,
    Glow,
    Lightning,
    Sunburst,
)
from app.engines.local.effects.specs.face import (
    Blush,
    Bubble,
    Drool,
    Gloom,
    HeartEyes,
    KissMarks,
    Melon,
    ShyLines,
    Sparkle,
    Spirals,
    StarEyes,
    Sunglasses,
    Sweat,
    TearBeads,
    Tears,
    Tint,
)
from app.engines.local.effects.specs.signs import (
    Anger,
    BrokenHeart,
    Bulb,
    Clap,
    Crown,
    Dots,
    Halo,
    Horns,
    Mark,
    OkHand,
    RainCloud,
    Steam,
    ThumbsUp,
)

Effect = Annotated[
    Blush
    | ShyLines
    | Tears
    | TearBeads
    | Sweat
    | Gloom
    | Tint
    | KissMarks
    | Drool
    | FocusLines
    | Sunburst
    | Glow
    | Burst
    | Lightning
    | Flames
    | Clouds
    | Anger
    | Steam
    | Hearts
    | HeartPop
    | HeartEyes
    | StarEyes
    | Spirals
    | Sunglasses
    | Sparkle
    | Twinkles
    | Stars
    | Zzz
    | Bubble
    | Mark
    | Dots
    | Notes
    | Confetti
    | PartyPopper
    | ThumbsUp
    | OkHand
    | Clap
    | Bulb
    | RainCloud
    | Flowers
    | Petals
    | BrokenHeart
    | Coins
    | Crown
    | Halo
    | Horns
    | Melon
    | Soul,
    Field(discriminator="kind"),
]
"""One entry of a template's ``effects:`` list; ``kind`` chooses the model."""

__all__ = [
    "Anger",
    "Blush",
    "BrokenHeart",
    "Bubble",
    "Bulb",
    "Burst",
    "Clap",
    "Clouds",
    "Coins",
    "Colour",
    "Confetti",
    "Crown",
    "Dots",
    "Drool",
    "Effect",
    "EffectSpec",
    "Flames",
    "Flowers",
    "FocusLines",
    "Gloom",
    "Glow",
    "Halo",
    "HeartEyes",
    "HeartPop",
    "Hearts",
    "Horns",
    "KissMarks",
    "Lightning",
    "Mark",
    "Melon",
    "Notes",
    "OkHand",
    "PartyPopper",
    "Petals",
    "RainCloud",
    "ShyLines",
    "Soul",
    "Sparkle",
    "Spirals",
    "StarEyes",
    "Stars",
    "Steam",
    "Sunburst",
    "Sunglasses",
    "Sweat",
    "TearBeads",
    "Tears",
    "ThumbsUp",
    "TimedSpec",
    "Tint",
    "Twinkles",
    "Zzz",
]
