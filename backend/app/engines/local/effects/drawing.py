"""Which function draws which kind of effect, in which layers, and the loop over a template's effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.engines.local.effects import behind, eyes, floating, hands, headgear, party, signs, skin, water
from app.engines.local.effects.anchors import Layer
from app.engines.local.effects.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.engines.local.effects.anchors import Anchors
    from app.engines.local.effects.specs import EffectSpec
    from app.engines.local.raster import Canvas

_NOTICEABLE = 0.01


@dataclass(frozen=True, slots=True)
class Painter:
    """How a kind is drawn: ``draw(stage, spec)`` is called once for each of its layers."""

    draw: Callable[[Stage, Any], None]
    layers: frozenset[Layer]


def _painter(draw: Callable[[Stage, Any], None], *layers: Layer) -> Painter:
    return Painter(draw, frozenset(layers))


PAINTERS: dict[str, Painter] = {
    "anger": _painter(signs.draw_anger, Layer.FRONT),
    "blush": _painter(skin.draw_blush, Layer.SKIN),
    "broken_heart": _painter(signs.draw_broken_heart, Layer.FRONT),
    "bubble": _painter(water.draw_bubble, Layer.FRONT),
    "bulb": _painter(signs.draw_bulb, Layer.FRONT),
    "burst": _painter(behind.draw_burst, Layer.BACK),
    "clap": _painter(hands.draw_clap, Layer.FRONT),
    "clouds": _painter(behind.draw_clouds, Layer.BACK),
    "coins": _painter(floating.draw_coins, Layer.BACK, Layer.FRONT),
    "confetti": _painter(party.draw_confetti, Layer.BACK, Layer.FRONT),
    "crown": _painter(headgear.draw_crown, Layer.FRONT),
    "dots": _painter(signs.draw_dots, Layer.FRONT),
    "drool": _painter(water.draw_drool, Layer.FRONT),
    "flames": _painter(behind.draw_flames, Layer.BACK),
    "flowers": _painter(floating.draw_flowers, Layer.BACK, Layer.FRONT),
    "focus_lines": _painter(behind.draw_focus_lines, Layer.BACK),
    "gloom": _painter(skin.draw_gloom, Layer.SKIN),
    "glow": _painter(behind.draw_glow, Layer.BACK),
    "halo": _painter(headgear.draw_halo, Layer.FRONT),
    "heart_eyes": _painter(eyes.draw_heart_eyes, Layer.FRONT),
    "heart_pop": _painter(floating.draw_heart_pop, Layer.FRONT),
    "hearts": _painter(floating.draw_hearts, Layer.BACK, Layer.FRONT),
    "horns": _painter(headgear.draw_horns, Layer.FRONT),
    "kiss_marks": _painter(skin.draw_kiss_marks, Layer.SKIN),
    "lightning": _painter(behind.draw_lightning, Layer.FRONT),
    "mark": _painter(signs.draw_mark, Layer.FRONT),
    "melon": _painter(hands.draw_melon, Layer.FRONT),
    "notes": _painter(floating.draw_notes, Layer.FRONT),
    "ok_hand": _painter(hands.draw_ok_hand, Layer.FRONT),
    "party_popper": _painter(party.draw_party_popper, Layer.FRONT),
    "petals": _painter(floating.draw_petals, Layer.BACK, Layer.FRONT),
    "rain_cloud": _painter(signs.draw_rain_cloud, Layer.FRONT),
    "shy_lines": _painter(skin.draw_shy_lines, Layer.SKIN),
    "soul": _painter(floating.draw_soul, Layer.FRONT),
    "sparkle": _painter(eyes.draw_sparkle, Layer.FRONT),
    "spirals": _painter(eyes.draw_spirals, Layer.FRONT),
    "star_eyes": _painter(eyes.draw_star_eyes, Layer.FRONT),
    "stars": _painter(floating.draw_stars, Layer.BACK, Layer.FRONT),
    "steam": _painter(signs.draw_steam, Layer.FRONT),
    "sunburst": _painter(behind.draw_sunburst, Layer.BACK),
    "sunglasses": _painter(eyes.draw_sunglasses, Layer.FRONT),
    "sweat": _painter(water.draw_sweat, Layer.FRONT),
    "tear_beads": _painter(water.draw_tear_beads, Layer.FRONT),
    "tears": _painter(water.draw_tears, Layer.SKIN, Layer.FRONT),
    "thumbs_up": _painter(hands.draw_thumbs_up, Layer.FRONT),
    "tint": _painter(skin.draw_tint, Layer.SKIN),
    "twinkles": _painter(floating.draw_twinkles, Layer.FRONT),
    "zzz": _painter(floating.draw_zzz, Layer.FRONT),
}


def draw_effects(  # noqa: PLR0917 - the order is the caller's order of thought: where, what, when
    canvas: Canvas,
    effects: Sequence[EffectSpec],
    layer: Layer,
    anchors: Anchors,
    t: float,
    strengths: Mapping[str, float],
) -> None:
    """Draw the effects' parts that belong to one layer, in place, in the order of the list.

    Args:
        canvas: premultiplied RGBA u8 (size, size, 4).
        effects: a template's effects.
        layer: which layer is being drawn.
        anchors: the posed face of this frame.
        t: time in the loop, 0 to 1.
        strengths: 0 to 1 for each channel, named as the effects name them with or without ``fx.``; 1 when absent.
    """
    for spec in effects:
        painter = PAINTERS[spec.kind]
        if layer not in painter.layers:
            continue
        strength = strengths.get(spec.channel, strengths.get(f"fx.{spec.channel}", 1.0))
        if strength > _NOTICEABLE:
            painter.draw(Stage(canvas, anchors, layer, t % 1.0, float(strength)), spec)
