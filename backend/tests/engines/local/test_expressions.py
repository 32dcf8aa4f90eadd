"""What the channels do to a face, seen by the engine's own detector on the finished frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from app.engines.local import topology as mesh
from app.engines.local.detect import Face, detect
from app.engines.local.measures import eye_openings
from app.engines.local.topology import Side
from tests.rigs import ASTRONAUT, HOPPER, posed, rig_of

SIZE = 512
SHUT = {ASTRONAUT: 0.12, HOPPER: 0.18}
"""Eye aspect ratio of shut lids; spectacles draw lines of their own that the detector takes for lids."""


@dataclass(frozen=True)
class Seen:
    """Measures of a face in its own axes and face heights."""

    face: Face
    gap: float
    corners: float
    width: float
    brows: dict[Side, float]
    eyes: dict[Side, float]
    iris: float

    @property
    def brow(self) -> float:
        return sum(self.brows.values()) / 2


def measured(face: Face) -> Seen:
    points = face.landmarks[:, :2]
    height = float(np.linalg.norm(points[mesh.FOREHEAD_TOP] - points[mesh.CHIN]))
    axis = points[mesh.EYE_OUTER_LEFT] - points[mesh.EYE_OUTER_RIGHT]
    right = axis / np.linalg.norm(axis)
    down = np.array([-right[1], right[0]])

    def under(lower: int, upper: int) -> float:
        return float((points[lower] - points[upper]) @ down) / height

    corners = points[[mesh.MOUTH_RIGHT, mesh.MOUTH_LEFT]].mean(0)
    lips = points[[mesh.UPPER_LIP_MIDDLE, mesh.LOWER_LIP_MIDDLE]].mean(0)
    eye = points[[33, 133]]
    return Seen(
        face=face,
        gap=under(mesh.LOWER_LIP_MIDDLE, mesh.UPPER_LIP_MIDDLE),
        corners=float((lips - corners) @ down) / height,
        width=float(np.linalg.norm(points[mesh.MOUTH_RIGHT] - points[mesh.MOUTH_LEFT])) / height,
        brows={Side.RIGHT: under(33, 105), Side.LEFT: under(263, 334)},
        eyes=eye_openings(face),
        iris=float((face.iris_right.centre - eye.mean(0)) @ right) / float(np.linalg.norm(eye[1] - eye[0])),
    )


@cache
def seen(portrait: str, **channels: float) -> Seen:
    """The face found on a frame of these channels (``__`` stands for a dot), on grey."""
    named = {name.replace("__", "."): value for name, value in channels.items()}
    canvas = posed(rig_of(portrait, SIZE), named).canvas.astype(float)
    flat = canvas[..., :3] + (255 - canvas[..., 3:]) * 0.6
    faces = detect(np.rint(flat).clip(0, 255).astype(np.uint8)).faces
    assert len(faces) == 1
    return measured(faces[0])


def test_jaw_opens_the_mouth(portrait: str) -> None:
    rest, half, wide = seen(portrait), seen(portrait, jaw=0.4), seen(portrait, jaw=0.8)
    assert rest.gap < half.gap < wide.gap
    assert wide.gap > rest.gap + 0.05


def test_smile_lifts_and_spreads_the_corners(portrait: str) -> None:
    rest, smiling = seen(portrait), seen(portrait, smile=1.0)
    assert smiling.corners > rest.corners + 0.005
    assert smiling.width > rest.width + 0.02


def test_close_and_neutral_calm_a_toothy_mouth() -> None:
    rest, calm = seen(ASTRONAUT), seen(ASTRONAUT, close=1.0, neutral=1.0)
    assert rest.gap > 0.05
    assert calm.gap < 0.02
    assert calm.corners < rest.corners - 0.02
    assert calm.width < rest.width - 0.05


def test_frown_lowers_the_corners(portrait: str) -> None:
    calm = seen(portrait, close=1.0, neutral=1.0)
    assert seen(portrait, close=1.0, neutral=1.0, frown=1.0).corners < calm.corners - 0.003


def test_pucker_narrows_the_mouth(portrait: str) -> None:
    assert seen(portrait, close=1.0, neutral=1.0, pucker=1.0).width < 0.88 * seen(portrait).width


def test_lids_shut(portrait: str) -> None:
    shut = seen(portrait, lid=1.0)
    for side in Side:
        assert shut.eyes[side] < SHUT[portrait], side
        assert shut.eyes[side] < 0.68 * seen(portrait).eyes[side], side


def test_a_wink_shuts_one_eye(portrait: str) -> None:
    wink = seen(portrait, lid_left=1.0)
    assert wink.eyes[Side.LEFT] < SHUT[portrait]
    assert wink.eyes[Side.RIGHT] > 0.85 * seen(portrait).eyes[Side.RIGHT]


def test_widen_opens_and_squint_narrows() -> None:
    rest = seen(ASTRONAUT)
    assert sum(seen(ASTRONAUT, widen=1.0).eyes.values()) > 1.04 * sum(rest.eyes.values())
    assert sum(seen(ASTRONAUT, squint=1.0).eyes.values()) < 0.9 * sum(rest.eyes.values())


def test_brows_rise_less_under_spectacles() -> None:
    bare = seen(ASTRONAUT, brow=1.0).brow - seen(ASTRONAUT).brow
    rims = seen(HOPPER, brow=1.0).brow - seen(HOPPER).brow
    assert bare > 0.015
    assert rims < 0.7 * bare


@pytest.mark.parametrize("direction", [-1, 1])
def test_gaze_moves_the_iris(portrait: str, direction: int) -> None:
    moved = seen(portrait, gaze__x=0.8 * direction).iris - seen(portrait).iris
    assert direction * moved > 0.05


@pytest.mark.parametrize(("channel", "angle"), [("yaw", 12.0), ("yaw", -12.0), ("pitch", 10.0), ("roll", 12.0)])
def test_the_head_turns_as_told(portrait: str, channel: str, angle: float) -> None:
    before = getattr(seen(portrait).face.pose, channel)
    turned = getattr(seen(portrait, **{f"head__{channel}": angle}).face.pose, channel)
    assert 0.4 * abs(angle) < np.sign(angle) * (turned - before) < 1.5 * abs(angle)
