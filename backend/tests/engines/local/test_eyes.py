from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.engines.local import topology as mesh
from app.engines.local.eyes import EyePose, draw_eye, eye_plate
from app.engines.local.framing import frame
from app.engines.local.topology import Side
from tests.portraits import fixture
from tests.rigs import ASTRONAUT, face_of, rig_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.rig import Rig

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]

REST = EyePose(lid=0, squint=0, widen=0, gaze_x=0, gaze_y=0)
SHUT = EyePose(lid=1, squint=0, widen=0, gaze_x=0, gaze_y=0)
SIZE = 512


def drawn(rig: Rig, side: Side, pose: EyePose, closing: float = 0.0, shift: tuple[float, float] = (0, 0)) -> Pixels:
    """The rig's cut-out with one eye drawn on it, its lids ``closing`` of the way together."""
    face, moved = rig.face, np.array(shift, float)
    upper, lower = face.points[list(mesh.EYE_UPPER[side])], face.points[list(mesh.EYE_LOWER[side])]
    gap = lower - upper
    canvas = rig.person.copy()
    draw_eye(
        canvas,
        rig.eyes[side],
        pose,
        upper + gap * 0.82 * closing + moved,
        lower - gap * 0.18 * closing + moved,
        face.points[list(mesh.LID_HALO_UPPER[side])] + moved,
        np.column_stack([np.eye(2), moved]),
        face.down,
    )
    return canvas


def opening(rig: Rig, side: Side) -> tuple[slice, slice]:
    """The canvas rectangle of the photo's own open eye."""
    lids = rig.face.points[list(mesh.EYE_UPPER[side] + mesh.EYE_LOWER[side])]
    (x0, y0), (x1, y1) = np.floor(lids.min(0)).astype(int), np.ceil(lids.max(0)).astype(int)
    return slice(y0, y1 + 1), slice(x0, x1 + 1)


def darkness_at(canvas: Pixels, box: tuple[slice, slice]) -> Points:
    """The middle of what is dark in a box, (x, y) from its corner."""
    grey = canvas[box][..., :3].astype(float).mean(2)
    dark = np.clip(np.percentile(grey, 60) - grey, 0, None) ** 2
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    return np.asarray(np.array([(x * dark).sum(), (y * dark).sum()]) / dark.sum(), np.float64)


@pytest.mark.parametrize("side", list(Side))
def test_the_plate_holds_a_whole_eye(portrait: str, side: Side) -> None:
    rig = rig_of(portrait, SIZE)
    plate = rig.eyes[side]
    shape = plate.photo.shape
    for layer in (plate.photo, plate.sclera, plate.lid):
        assert layer.shape == shape
        assert (layer[..., 3] == 255).all()
    assert (plate.iris[..., :3] <= plate.iris[..., 3:]).all()
    assert plate.opening.shape == shape[:2]
    lids = rig.face.points[list(mesh.EYE_UPPER[side] + mesh.EYE_LOWER[side])]
    assert (plate.origin < lids.min(0)).all()
    assert (plate.origin + np.array(shape[1::-1]) > lids.max(0)).all()
    assert np.linalg.norm(plate.middle - lids.mean(0)) < 0.1 * plate.width
    # As much iris as its radius says, where the photo has it; darker than the white without it.
    area = float(plate.iris[..., 3].sum()) / 255
    assert area == pytest.approx(np.pi * (1.06 * plate.radius) ** 2, rel=0.1)
    centre = (rig.face.iris_centre[side] - plate.origin).round().astype(int)
    assert plate.iris[centre[1], centre[0], :3].mean() < 0.6 * plate.sclera[centre[1], centre[0], :3].mean()
    # Lashes are a dark and warm neutral, whatever the photo's own shadows were.
    assert plate.lash.max() <= 68
    assert plate.lash[0] > plate.lash[1] > plate.lash[2]


def test_an_eye_at_rest_is_the_photos_own(portrait: str) -> None:
    rig = rig_of(portrait, SIZE)
    for side in Side:
        np.testing.assert_array_equal(drawn(rig, side, REST), rig.person)


def test_a_hardly_moving_eye_does_not_pop(portrait: str) -> None:
    rig = rig_of(portrait, SIZE)
    for pose in (EyePose(0.03, 0, 0, 0, 0), EyePose(0, 0, 0.03, 0, 0), EyePose(0, 0, 0, 0.03, 0)):
        change = np.abs(drawn(rig, Side.LEFT, pose, pose.lid).astype(int) - rig.person)
        assert change.mean(2)[opening(rig, Side.LEFT)].mean() < 3.5


@pytest.mark.parametrize("side", list(Side))
def test_a_shut_lid_covers_the_iris(side: Side) -> None:
    rig = rig_of(ASTRONAUT, SIZE)
    box = opening(rig, side)
    open_eye, shut_eye = rig.person[box][..., :3].astype(float), drawn(rig, side, SHUT, 1.0)[box][..., :3].astype(float)
    upper_part = slice(0, int(0.6 * open_eye.shape[0]))
    assert np.percentile(shut_eye[upper_part].mean(2), 5) > np.percentile(open_eye[upper_part].mean(2), 5) + 25
    # A lash line remains below.
    assert shut_eye.mean(2)[upper_part.stop :].min() < shut_eye[upper_part].mean() - 30


@pytest.mark.parametrize(("gaze", "axis", "sign"), [((1, 0), 0, 1), ((-1, 0), 0, -1), ((0, 0.8), 1, 1)])
def test_gaze_moves_the_iris(portrait: str, gaze: tuple[float, float], axis: int, sign: int) -> None:
    rig = rig_of(portrait, SIZE)
    for side in Side:
        box = opening(rig, side)
        before = darkness_at(rig.person, box)
        after = darkness_at(drawn(rig, side, EyePose(0, 0, 0, *gaze)), box)
        assert sign * (after - before)[axis] > (0.2 if axis == 0 else 0.08) * rig.eyes[side].radius


def test_drawing_touches_only_the_eyes_surroundings(portrait: str) -> None:
    rig = rig_of(portrait, SIZE)
    plate = rig.eyes[Side.RIGHT]
    changed = (drawn(rig, Side.RIGHT, SHUT, 1.0) != rig.person).any(2)
    y, x = np.nonzero(changed)
    far = np.hypot(x - plate.middle[0], y - plate.middle[1]).max()
    assert 0.3 * plate.width < far < 1.1 * plate.width


@pytest.mark.parametrize("shift", [(-180, 0), (0, -230), (300, 300), (-1000, 0), (-215, 40)])
def test_an_eye_over_the_edge_is_no_error(shift: tuple[float, float]) -> None:
    rig = rig_of(ASTRONAUT, SIZE)
    canvas = drawn(rig, Side.RIGHT, EyePose(0.7, 0.2, 0, 0.5, 0.3), 0.5, shift)
    assert (canvas[..., :3] <= canvas[..., 3:].astype(int) + 1).all()


def test_plates_at_the_canvas_edge_stay_inside() -> None:
    face = face_of(ASTRONAUT)
    framed = frame(fixture(ASTRONAUT), face.landmarks, 256)
    rig = rig_of(ASTRONAUT)
    shifted = type(rig.face)(
        **{
            **{name: getattr(rig.face, name) for name in rig.face.__slots__},
            "points": rig.face.points - (105, 90),
            "iris_centre": {side: centre - (105, 90) for side, centre in rig.face.iris_centre.items()},
        }
    )
    plate = eye_plate(framed.pixels, shifted, Side.RIGHT, 0.7)
    assert (plate.origin >= 0).all()
    assert min(plate.photo.shape[:2]) >= 8
