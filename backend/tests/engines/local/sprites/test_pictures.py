from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.engines.local.sprites import drops, gear, hands, hearts, shines, signs

if TYPE_CHECKING:
    from collections.abc import Callable

RED, GOLD = (255, 59, 95), (255, 201, 40)
PICTURES: dict[str, Callable[[int], np.ndarray]] = {
    "heart": lambda px: hearts.heart(px, RED),
    "left half": lambda px: hearts.heart_halves(px, RED)[0],
    "lips": lambda px: hearts.lips(px, RED),
    "drop": drops.drop,
    "bubble": drops.bubble,
    "puff": drops.puff,
    "cloud": lambda px: drops.cloud(px, (255, 255, 255), (200, 220, 250), (120, 160, 210)),
    "star": lambda px: shines.star(px, GOLD),
    "glint": lambda px: shines.glint(px, GOLD),
    "blossom": lambda px: shines.blossom(px, RED),
    "petal": shines.petal,
    "flame": lambda px: shines.flame(px, RED, GOLD),
    "vein": signs.vein,
    "bolt": lambda px: signs.bolt(px, GOLD),
    "bulb": lambda px: signs.bulb(px, lit=True),
    "z": lambda px: signs.letter_z(px, RED),
    "note": lambda px: signs.note(px, RED, pair=False),
    "speech bubble": lambda px: signs.speech_bubble(px, tail_left=True),
    "coin": signs.coin,
    "popper": signs.popper,
    "crown": gear.crown,
    "ring": lambda px: gear.ring(px, GOLD),
    "horn": lambda px: gear.horn(px, RED),
    "glasses": gear.glasses,
    "spiral": gear.spiral,
    "melon": lambda px: gear.melon(px, 2),
    "ghost": gear.ghost,
    "thumb": lambda px: hands.thumb(px, GOLD),
    "ok": lambda px: hands.ok(px, GOLD),
    "palm": lambda px: hands.palm(px, GOLD),
}


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_valid_whole_and_read_only(name: str) -> None:
    sprite = PICTURES[name](90)
    assert sprite.dtype == np.uint8
    assert max(sprite.shape[:2]) == 90
    assert (sprite[..., :3] <= sprite[..., 3:]).all()
    assert sprite[..., 3].max() > 200
    # Nothing is cut off: the border stays clear.
    border = np.concatenate((sprite[0, :, 3], sprite[-1, :, 3], sprite[:, 0, 3], sprite[:, -1, 3]))
    assert border.max() <= 140
    assert not sprite.flags.writeable


@pytest.mark.parametrize("name", PICTURES)
def test_picture_survives_the_smallest_size(name: str) -> None:
    assert PICTURES[name](8).any()


def test_broken_heart_is_the_whole_one_in_two() -> None:
    left, right = hearts.heart_halves(90, RED)
    whole = hearts.heart(90, RED)
    together = np.maximum(left[..., 3], right[..., 3])
    assert np.abs(together.astype(int) - whole[..., 3]).mean() < 12
    assert left[:, :20, 3].any()
    assert not right[:, :20, 3].any()


def test_bites_take_away_from_the_melon() -> None:
    areas = [int((gear.melon(90, bites)[..., 3] > 128).sum()) for bites in range(4)]
    assert areas == sorted(areas, reverse=True)
    assert len(set(areas)) == 4
