from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.local import topology as mesh
from app.engines.local.lips import pout_sprite
from app.engines.local.mouth import MouthPainter, mouth_shape
from app.engines.local.teeth import cavity_texture, contact_shadow, teeth_sprite, tongue_sprite
from tests.rigs import ASTRONAUT, HOPPER, expressed, rig_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from app.engines.local.mouth import MouthShape
    from app.engines.local.rig import Rig

    Pixels = NDArray[np.uint8]

SIZE = 512
RIGID = np.eye(2, 3)
ENAMEL = np.array([230.0, 222.0, 205.0])


def shape_of(rig: Rig, weights: Mapping[str, float]) -> MouthShape:
    face = expressed(rig, weights)
    upper, lower = face.points[list(mesh.LIPS_UPPER_INNER)], face.points_below[list(mesh.LIPS_LOWER_INNER)]
    return mouth_shape(upper, lower, rig.face.down)


def painted(rig: Rig, weights: Mapping[str, float], shift: tuple[float, float] = (0, 0)) -> Pixels:
    canvas = rig.person.copy()
    shape = shape_of(rig, weights)
    moved = type(shape)(shape.upper + shift, shape.lower + shift, shape.gap)
    rigid = np.column_stack([np.eye(2), shift])
    MouthPainter(canvas, rig.mouth, moved, weights, rigid, (rig.face.right, rig.face.down)).paint()
    return canvas


def premultiplied(sprite: Pixels) -> bool:
    return sprite.dtype == np.uint8 and sprite.shape[2] == 4 and bool((sprite[..., :3] <= sprite[..., 3:]).all())


@given(
    st.lists(st.floats(-6, 30), min_size=9, max_size=9),
    st.floats(-0.5, 0.5),
)
@settings(max_examples=40)
def test_lips_never_cross(gaps: list[float], angle: float) -> None:
    right = np.array([np.cos(angle), np.sin(angle)])
    down = np.array([-right[1], right[0]])
    along = np.linspace(0, 80, 11)[:, None] * right
    apart = np.array([0.0, *gaps, 0.0])[:, None] * down
    shape = mouth_shape(along, along + apart, down)
    assert ((shape.lower - shape.upper) @ down >= -1e-9).all()
    assert (shape.gap >= 0).all()
    assert shape.open_px == shape.gap.max()
    np.testing.assert_allclose(shape.upper[[0, -1]], along[[0, -1]], atol=1e-6)


def test_plates_follow_the_photos_teeth() -> None:
    laughing, calm = rig_of(ASTRONAUT, SIZE).mouth, rig_of(HOPPER, SIZE).mouth
    assert laughing.own is not None
    assert premultiplied(laughing.own)
    assert calm.own is None
    inner = rig_of(ASTRONAUT, SIZE).face.points[list(mesh.LIPS_UPPER_INNER + mesh.LIPS_LOWER_INNER)]
    assert (laughing.own_origin < inner.min(0)).all()
    assert (laughing.own_origin + np.array(laughing.own.shape[1::-1]) > inner.max(0)).all()
    # Enamel is bright and hardly coloured.
    lips = rig_of(ASTRONAUT, SIZE).face.points[[mesh.UPPER_LIP_MIDDLE, mesh.LOWER_LIP_MIDDLE]]
    x, y = (lips.mean(0) - laughing.own_origin).round().astype(int)
    around = laughing.own[y - 3 : y + 3, x - 12 : x + 13]
    teeth = around[around[..., 3] == 255][:, :3].astype(float)
    assert len(teeth) > 100
    assert np.median(teeth.mean(1)) > 150
    for plate in (laughing, calm):
        for sprite in (
            plate.upper_teeth,
            plate.lower_teeth,
            plate.tongue,
            plate.tongue_shadow,
            plate.cavity,
            plate.pout,
        ):
            assert premultiplied(sprite)


@pytest.mark.parametrize("upper", [True, False])
def test_teeth_are_an_even_arch(upper: bool) -> None:
    sprite = teeth_sprite(200, 60, ENAMEL, 1.0, upper=upper)
    assert sprite.shape == (60, 200, 4)
    assert premultiplied(sprite)
    # The two front teeth meet on a pixel, column 100.
    assert np.abs(sprite[:, 4:197].astype(int) - sprite[:, 196:3:-1]).max() <= 6
    alpha = sprite[..., 3] / 255.0
    # Upper teeth hang from the top, lower ones stand on the bottom; both are shorter at the sides.
    lengths = alpha.sum(0)
    assert np.median(lengths[70:130]) > np.median(lengths[4:40]) + 4
    assert np.median(alpha[0 if upper else -1, 40:160]) > 0.9
    assert np.median(alpha[-1 if upper else 0, 40:160]) < 0.3


def test_teeth_are_lit_from_the_brighter_side() -> None:
    sprite = teeth_sprite(200, 60, ENAMEL, 1.6, upper=True).astype(float)
    left, right = sprite[20, 30:70, :3].mean(), sprite[20, 130:170, :3].mean()
    assert left > right + 5


def test_small_sprites_are_made_large_enough() -> None:
    assert teeth_sprite(3, 2, ENAMEL, 1.0, upper=True).shape == (16, 40, 4)
    assert tongue_sprite(1, 1, ENAMEL, 0.5).shape == (30, 30, 4)


def test_the_tongue_is_round_red_and_of_many_tones() -> None:
    sprite = tongue_sprite(120, 160, np.array([200.0, 95.0, 105.0]), 0.7)
    assert premultiplied(sprite)
    assert sprite[-1, :, 3].max() < 200
    assert (sprite[80, 30:90, 3] == 255).all()
    inside = sprite[30:120, 25:95, :3].astype(float)
    assert inside[..., 0].mean() > 1.4 * inside[..., 1].mean()
    assert inside.mean(2).std() > 8
    np.testing.assert_array_equal(sprite, tongue_sprite(120, 160, np.array([200.0, 95.0, 105.0]), 0.7))


def test_a_contact_shadow_is_a_dark_soft_outline() -> None:
    tongue = tongue_sprite(120, 160, ENAMEL, 0.7)
    shadow = contact_shadow(tongue)
    assert premultiplied(shadow)
    margins = np.array(shadow.shape[:2]) - tongue.shape[:2]
    assert margins[0] == margins[1] > 0
    assert max(shadow[0].max(), shadow[-1].max(), shadow[:, 0].max(), shadow[:, -1].max()) < 6
    middle = shadow[shadow.shape[0] // 2, shadow.shape[1] // 2]
    assert middle[3] > 250
    assert middle[:3].max() < 60


def test_a_pout_is_two_lips_round_a_dark_seam() -> None:
    colour = np.array([190.0, 110.0, 105.0])
    sprite = pout_sprite(160, 100, colour, 0.7)
    assert sprite.shape == (100, 160, 4)
    assert premultiplied(sprite)
    grey, alpha = sprite[..., :3].mean(2), sprite[..., 3]
    assert max(alpha[0].max(), alpha[-1].max(), alpha[:, 0].max(), alpha[:, -1].max()) < 60
    column = grey[:, 62]
    seam = int(np.argmin(np.where(alpha[:, 62] > 250, column, 255)))
    assert 40 < seam < 60
    assert column[seam - 14] > column[seam] + 20
    assert column[seam + 16] > column[seam] + 20
    # A bow: the upper lip is higher beside its middle.
    tops = (alpha > 128).argmax(0)
    assert tops[56] < tops[80]
    assert pout_sprite(1, 1, colour, 0.5).shape == (20, 24, 4)


def test_the_cavity_is_opaque_and_darkest_in_its_depth() -> None:
    texture = cavity_texture(0.7)
    assert (texture[..., 3] == 255).all()
    grey = texture[..., :3].mean(2)
    assert grey[27, 32] < 0.6 * grey[27, 0]
    assert grey.max() < 110


def test_a_mouth_at_rest_is_the_photos_own(portrait: str) -> None:
    rig = rig_of(portrait, SIZE)
    np.testing.assert_array_equal(painted(rig, {}), rig.person)


def test_an_open_mouth_is_dark_inside_under_teeth() -> None:
    rig = rig_of(HOPPER, SIZE)
    shape = shape_of(rig, {"jaw": 0.9})
    assert shape.open_px > 0.1 * rig.face.height
    canvas = painted(rig, {"jaw": 0.9})
    middle = len(shape.upper) // 2
    top, bottom = shape.upper[middle], shape.lower[middle]

    def grey(share: float) -> float:
        x, y = (top + (bottom - top) * share).round().astype(int)
        return float(canvas[y - 1 : y + 2, x - 1 : x + 2, :3].mean())

    assert grey(0.2) > grey(0.5) + 30
    assert grey(0.5) < 90


def test_lips_that_close_over_teeth_get_a_seam() -> None:
    rig = rig_of(ASTRONAUT, SIZE)
    weights = {"close": 1.0, "neutral": 1.0}
    shape = shape_of(rig, weights)
    assert shape.open_px < 0.008 * rig.face.height
    flat = np.full((SIZE, SIZE, 4), 255, np.uint8)
    MouthPainter(flat, rig.mouth, shape, weights, RIGID, (rig.face.right, rig.face.down)).paint()
    x, y = ((shape.upper + shape.lower) / 2)[len(shape.upper) // 2].round().astype(int)
    assert flat[y - 1 : y + 2, x, :3].min() < 170
    assert flat[y + 12, x, :3].min() == 255


def test_the_tongue_comes_out_over_the_lower_lip(portrait: str) -> None:
    rig = rig_of(portrait, SIZE)
    weights = {"jaw": 0.45, "close": 0.3}
    shape = shape_of(rig, weights)
    inside, out = painted(rig, weights), painted(rig, {**weights, "tongue.out": 1.0})
    y, _ = np.nonzero((inside != out).any(2))
    lip = shape.lower[len(shape.lower) // 2]
    assert y.max() > lip[1] + 0.08 * rig.face.height
    x, row = lip.round().astype(int)
    patch = out[row + 6 : row + 12, x - 6 : x + 7, :3].astype(float).mean((0, 1))
    assert patch[0] > 1.25 * patch[1]


@pytest.mark.parametrize("turn", [0.0, 20.0])
def test_the_tongue_comes_from_under_the_upper_teeth(portrait: str, turn: float) -> None:
    rig = rig_of(portrait, SIZE)
    weights = {"jaw": 0.4, "neutral": 0.5}
    shape = shape_of(rig, weights)
    out = painted(rig, {**weights, "tongue.out": 1.0, "tongue.turn": turn}).astype(float)
    middle = len(shape.upper) // 2
    top, bottom = shape.upper[middle], shape.lower[middle]
    x, y = (top + rig.face.down * 0.028 * rig.face.height).round().astype(int)
    tooth = out[y - 1 : y + 2, x - 3 : x + 4, :3].mean((0, 1))
    assert tooth[0] < 1.35 * tooth[1]
    # No line across it where it leaves the mouth.
    x, y = bottom.round().astype(int)
    down_the_tongue = out[y - 3 : y + 12, x + 6 : x + 10, :3].mean((1, 2))
    assert np.abs(np.diff(down_the_tongue)).max() < 16


def test_a_kiss_has_fuller_lips_than_a_closed_mouth(portrait: str) -> None:
    rig = rig_of(portrait, SIZE)
    weights = {"close": 1.0, "neutral": 1.0}
    shape = shape_of(rig, {**weights, "pucker": 1.0})
    flat = np.full((SIZE, SIZE, 4), 255, np.uint8)
    MouthPainter(flat, rig.mouth, shape, {**weights, "pucker": 1.0}, RIGID, (rig.face.right, rig.face.down)).paint()
    y, x = np.nonzero(flat[..., 1] < 215)
    assert 0.05 * rig.face.height < np.ptp(y) < 0.15 * rig.face.height
    assert np.ptp(x) > 1.1 * np.ptp(y)


def test_a_calm_mouth_shows_no_interior(portrait: str) -> None:
    rig = rig_of(portrait, SIZE)
    if rig.face.toothy:
        pytest.skip("lips that close over teeth get a seam")
    np.testing.assert_array_equal(painted(rig, {"close": 1.0, "press": 0.2}), rig.person)


def test_a_turned_tongue_points_aside() -> None:
    rig = rig_of(HOPPER, SIZE)
    straight = painted(rig, {"jaw": 0.4, "tongue.out": 1.0, "tongue.turn": 0.0})
    turned = painted(rig, {"jaw": 0.4, "tongue.out": 1.0, "tongue.turn": 25.0})
    plain = painted(rig, {"jaw": 0.4, "tongue.out": 0.1})
    lip = int(shape_of(rig, {"jaw": 0.4}).lower[20, 1]) + 10

    def middle(canvas: Pixels) -> float:
        return float(np.nonzero((canvas != plain).any(2)[lip:])[1].mean())

    assert middle(turned) < middle(straight) - 3


@pytest.mark.parametrize("shift", [(-250, 0), (0, 220), (300, -300), (-2000, 0)])
def test_a_mouth_over_the_edge_is_no_error(shift: tuple[float, float]) -> None:
    rig = rig_of(HOPPER, SIZE)
    canvas = painted(rig, {"jaw": 1.0, "tongue.out": 1.0, "smile_left": 1.0}, shift)
    assert (canvas[..., :3] <= canvas[..., 3:].astype(int) + 1).all()
