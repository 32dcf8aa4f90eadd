from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.engines.local import topology as mesh
from app.engines.local.geometry import FaceFrame, face_frame
from app.engines.local.topology import Side
from tests.rigs import ASTRONAUT, HOPPER, face_of, rig_of

if TYPE_CHECKING:
    from app.engines.local.detect import Face
    from app.engines.local.rig import Rig

IDENTITY = np.eye(2, 3)


def framed(face: Face, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> FaceFrame:
    irises = {
        Side.RIGHT: (face.iris_right.centre, face.iris_right.radius),
        Side.LEFT: (face.iris_left.centre, face.iris_left.radius),
    }
    return face_frame(face.landmarks, irises, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]))


def test_axes_are_a_right_handed_pair_of_unit_vectors(rig: Rig) -> None:
    right, down = rig.face.right, rig.face.down
    np.testing.assert_allclose([right @ right, down @ down, right @ down], [1, 1, 0], atol=1e-12)
    assert right[0] > 0.9
    assert down[1] > 0.9
    assert right[0] * down[1] - right[1] * down[0] == pytest.approx(1)


def test_coordinates_along_the_axes(rig: Rig) -> None:
    face = rig.face
    points = face.centre + np.outer([3.0, -2.0], face.right) + np.outer([5.0, 7.0], face.down)
    np.testing.assert_allclose(face.along(points, face.centre), [3, -2])
    np.testing.assert_allclose(face.below(points, face.centre), [5, 7])


def test_lengths_scale_with_the_canvas_and_ratios_do_not(face: Face) -> None:
    one, two = framed(face), framed(face, 2.0, (11.0, -7.0))
    for name in ("height", "width", "mouth_half_width", "mouth_gap", "corner_lift"):
        assert getattr(two, name) == pytest.approx(2 * getattr(one, name)), name
    for name in ("open_ratio", "smile_width", "own_smile", "toothy"):
        assert getattr(two, name) == pytest.approx(getattr(one, name)), name
    np.testing.assert_allclose(two.points, one.points * 2 + (11, -7))
    np.testing.assert_allclose(two.depth, one.depth * 2)
    np.testing.assert_allclose(two.iris_centre[Side.LEFT], one.iris_centre[Side.LEFT] * 2 + (11, -7))
    assert two.iris_radius[Side.RIGHT] == pytest.approx(2 * one.iris_radius[Side.RIGHT])


def test_nose_stands_in_front_of_the_sides(rig: Rig) -> None:
    depth = rig.face.depth
    assert depth[mesh.NOSE_TIP] > 0.2 * rig.face.height
    assert depth[mesh.NOSE_TIP] == pytest.approx(depth.max(), rel=0.1)
    assert (depth[mesh.SIDE_RIGHT] + depth[mesh.SIDE_LEFT]) / 2 == pytest.approx(0, abs=1e-6)


def test_left_and_right_are_the_persons_own(rig: Rig) -> None:
    face = rig.face
    assert face.iris_centre[Side.RIGHT][0] < face.centre[0] < face.iris_centre[Side.LEFT][0]
    for side in Side:
        lids = face.points[list(mesh.EYE_UPPER[side] + mesh.EYE_LOWER[side])]
        assert (lids.min(0) < face.iris_centre[side]).all()
        assert (face.iris_centre[side] < lids.max(0)).all()


def test_reads_the_mouths_of_the_portraits() -> None:
    laughing, calm = rig_of(ASTRONAUT).face, rig_of(HOPPER).face
    assert laughing.toothy
    assert not calm.toothy
    assert laughing.own_smile > 1 > calm.own_smile
    assert laughing.smile_width > calm.smile_width


def test_smile_measures_are_bounded() -> None:
    face = face_of(ASTRONAUT)
    wide = face.landmarks.copy()
    wide[[mesh.MOUTH_RIGHT, mesh.MOUTH_LEFT], 0] += (-200, 200)
    wide[[mesh.MOUTH_RIGHT, mesh.MOUTH_LEFT], 1] -= 200
    irises = {side: (np.zeros(2), 1.0) for side in Side}
    grimace = face_frame(wide, irises, IDENTITY)
    assert grimace.smile_width == pytest.approx(0.30)
    assert grimace.corner_lift == pytest.approx(0.09 * grimace.height)
    assert grimace.own_smile == 1.5
    narrow = face.landmarks.copy()
    middle = narrow[[mesh.MOUTH_RIGHT, mesh.MOUTH_LEFT]].mean(0)
    narrow[[mesh.MOUTH_RIGHT, mesh.MOUTH_LEFT]] = middle + np.array([[-5, 60, 0], [5, 60, 0]])
    sad = face_frame(narrow, irises, IDENTITY)
    assert (sad.smile_width, sad.corner_lift, sad.own_smile) == (0, 0, 0)
