from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from app.engines.local import shading
from app.engines.local import topology as mesh
from app.engines.local.fields import NODES, node_positions, ring_radius
from app.engines.local.framing import frame
from app.engines.local.raster import fill_polygon
from tests.portraits import fixture
from tests.rigs import ASTRONAUT, SMALL, face_of, rig_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.rig import Rig

    Plane = NDArray[np.float32]

WHOLE = (slice(0, NODES), slice(0, NODES))


def pixels_of(portrait: str) -> NDArray[np.uint8]:
    return frame(fixture(portrait), face_of(portrait).landmarks, SMALL).pixels


def gain(plane: Plane, index: int, rig: Rig) -> float:
    """The green gain at a landmark."""
    column, row = ((rig.face.points[index] + 0.5) * NODES / rig.size - 0.5).round().astype(int)
    return float(plane[row, column, 1])


def test_skin_is_found_inside_the_face_only(portrait: str) -> None:
    rig = rig_of(portrait)
    mask = shading.skin_mask(pixels_of(portrait), rig.face)
    assert mask.dtype == np.float32
    assert mask.shape == (NODES, NODES)
    assert 0 <= mask.min() <= mask.max() <= 1
    x, y = node_positions(rig.size)
    radius = ring_radius(rig.face, np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)).reshape(NODES, NODES)
    assert mask[radius > 1.15].max() < 0.05
    assert mask[radius < 0.9].mean() > 0.05
    if portrait == ASTRONAUT:
        assert mask[radius < 0.9].mean() > 0.4
        eye = ((rig.face.points[mesh.EYE_UPPER[mesh.Side.LEFT][4]] + 0.5) / 2 - 0.5).round().astype(int)
        assert mask[eye[1], eye[0]] < 0.3


def test_every_shade_has_a_map_that_stays_near_one(portrait: str) -> None:
    rig = rig_of(portrait)
    assert set(rig.shades) == set(shading.SHADES)
    for name, plane in rig.shades.items():
        assert plane.dtype == np.float32
        assert plane.shape == (NODES, NODES, 3)
        assert 0.5 < plane.min() <= 1 <= plane.max() < 1.15, name
        assert (plane[:4] == 1).all(), name
        assert (plane[-8:] == 1).all(), name
        assert (plane != 1).any(), name


def test_shades_fall_where_their_muscles_are(astronaut: Rig) -> None:
    shades = astronaut.shades
    assert gain(shades["smile"], 426, astronaut) < 0.97
    assert gain(shades["smile"], mesh.CHEEK_LEFT, astronaut) > 1.01
    assert gain(shades["furrow"], mesh.GLABELLA, astronaut) < 0.97
    assert gain(shades["furrow"], mesh.CHEEK_LEFT, astronaut) == pytest.approx(1, abs=0.01)
    assert gain(shades["forehead"], mesh.CHIN, astronaut) == 1
    red, green, blue = shades["flush"].min((0, 1))
    assert red >= 1 - 1e-6 > max(green, blue)


def test_a_frame_combines_its_shades(astronaut: Rig) -> None:
    maps = astronaut.shades
    assert shading.combined(maps, {}) is None
    assert shading.combined(maps, {"smile": 0.0, "flush": 0.005}) is None
    half = shading.combined(maps, {"smile": 0.5})
    assert half is not None
    np.testing.assert_allclose(half, 1 + 0.5 * (maps["smile"] - 1), atol=1e-6)
    both = shading.combined(maps, {"smile": 1.0, "furrow": 1.0})
    assert both is not None
    np.testing.assert_allclose(both, maps["smile"] * maps["furrow"], atol=1e-6)


def resting() -> Plane:
    return np.dstack(node_positions(SMALL))


def test_a_gain_of_one_changes_nothing(rig: Rig) -> None:
    canvas = rig.person.copy()
    shading.apply(canvas, np.ones((NODES, NODES, 3), np.float32), resting(), WHOLE)
    np.testing.assert_array_equal(canvas, rig.person)


def test_gains_multiply_colour_and_leave_alpha(rig: Rig) -> None:
    for level in (0.7, 1.1):
        canvas = rig.person.copy()
        shading.apply(canvas, np.full((NODES, NODES, 3), level, np.float32), resting(), WHOLE)
        np.testing.assert_array_equal(canvas[..., 3], rig.person[..., 3])
        expected = np.minimum(rig.person[..., :3] * level, rig.person[..., 3:])
        assert np.abs(canvas[..., :3] - expected).max() < 3


def test_the_rigs_own_maps_keep_colour_under_alpha(rig: Rig) -> None:
    total = shading.combined(rig.shades, dict.fromkeys(shading.SHADES, 1.0))
    assert total is not None
    for picture in (rig.person, rig.sticker):
        canvas = picture.copy()
        shading.apply(canvas, total, resting(), WHOLE)
        assert (canvas[..., :3] <= canvas[..., 3:]).all()


def test_light_lifts_no_colour_above_its_alpha(rig: Rig) -> None:
    """Skin that the photo's edge cuts is half transparent."""
    canvas = np.full((SMALL, SMALL, 4), 120, np.uint8)
    back = np.dstack(node_positions(SMALL))
    shading.apply(canvas, np.full((NODES, NODES, 3), 1.2, np.float32), back, WHOLE)
    assert (canvas == 120).all()


def test_only_the_region_is_touched(rig: Rig) -> None:
    canvas = rig.person.copy()
    region = (slice(20, 60), slice(30, 70))
    shading.apply(canvas, np.full((NODES, NODES, 3), 0.5, np.float32), resting(), region)
    inside = np.zeros((SMALL, SMALL), bool)
    inside[40:120, 60:140] = True
    np.testing.assert_array_equal(canvas[~inside], rig.person[~inside])
    assert canvas[inside].sum() < rig.person[inside].sum()


def test_shade_moves_with_the_skin(rig: Rig) -> None:
    plane = np.ones((NODES, NODES, 3), np.float32)
    plane[60:64, 60:64] = 0.5
    canvas = np.full((SMALL, SMALL, 4), 255, np.uint8)
    shading.apply(canvas, plane, resting() - np.float32(20), WHOLE)
    y, x = np.nonzero(canvas[..., 0] < 200)
    assert x.mean() == pytest.approx(62 * 2 - 0.5 + 20, abs=1.5)
    assert y.mean() == pytest.approx(62 * 2 - 0.5 + 20, abs=1.5)


def lips_of(rig: Rig, upper: tuple[int, ...], lower: tuple[int, ...], share: float) -> NDArray[np.bool_]:
    """The canvas inside two lip contours, drawn together to a share of their size."""
    lips = np.concatenate([rig.face.points[list(upper)], rig.face.points[list(lower)][::-1]])
    return np.asarray(fill_polygon(lips.mean(0) + share * (lips - lips.mean(0)), 0, 0, SMALL, SMALL) > 0)


def test_folds_are_smoothed_beside_the_mouth_only(portrait: str) -> None:
    rig = rig_of(portrait)
    calm = shading.without_folds(pixels_of(portrait), rig.face)
    assert calm.shape == (SMALL, SMALL, 4)
    assert calm.dtype == np.uint8
    alpha = calm[..., 3]
    assert alpha.max() > 60
    y, _ = np.nonzero(alpha > 40)
    assert y.min() > rig.face.points[mesh.NOSE_BRIDGE, 1]
    assert y.max() < rig.face.points[mesh.CHIN, 1] + 4
    if portrait != ASTRONAUT:
        assert alpha[lips_of(rig, mesh.LIPS_UPPER_OUTER, mesh.LIPS_LOWER_OUTER, 0.6)].max() < 90


def test_teeth_are_covered_by_lips_that_have_no_shine(astronaut: Rig) -> None:
    pixels = pixels_of(ASTRONAUT)
    calm = shading.without_folds(pixels, astronaut.face)
    gap = lips_of(astronaut, mesh.LIPS_UPPER_INNER, mesh.LIPS_LOWER_INNER, 0.9)
    assert calm[gap, 3].min() > 200
    before, after = pixels[gap].astype(float), calm[gap, :3].astype(float)
    assert after[:, 0].mean() > after[:, 1].mean() + 15
    assert after.std(0).max() < 0.5 * before.std(0).max()


def test_smoothed_skin_keeps_its_grain(astronaut: Rig) -> None:
    calm = shading.without_folds(pixels_of(ASTRONAUT), astronaut.face)
    skin = (calm[..., 3] > 60) & ~lips_of(astronaut, mesh.LIPS_UPPER_OUTER, mesh.LIPS_LOWER_OUTER, 1.2)
    grey = calm[..., 1].astype(np.float32)
    assert np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.5))[skin].mean() > 0.4


def test_a_face_in_a_corner_has_no_folds_to_smooth(rig: Rig) -> None:
    tiny = np.full((4, 4, 3), 120, np.uint8)
    assert not shading.without_folds(tiny, rig.face).any()
