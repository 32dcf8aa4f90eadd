from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.local import topology as mesh
from app.engines.local.channels import CHANNELS
from app.engines.local.geometry import FaceFrame, face_frame
from app.engines.local.topology import Side
from app.engines.local.units import PAIRED, RIM_SAFE, displacements, side_weights, spare_spectacles
from tests.rigs import ASTRONAUT, HOPPER, both, face_of, rig_of, units_of

PLAIN = settings(max_examples=40)
weights = st.dictionaries(
    st.sampled_from([name for name in CHANNELS if "." not in name]), st.floats(-1.3, 1.3), max_size=6
)
LIPS = list(mesh.LIPS_UPPER_OUTER + mesh.LIPS_LOWER_OUTER)


def below(face: FaceFrame, moves: np.ndarray, index: int) -> float:
    """How far a unit moves a landmark towards the chin, in face heights."""
    return float(moves[index] @ face.down) / face.height


def along(face: FaceFrame, moves: np.ndarray, index: int) -> float:
    return float(moves[index] @ face.right) / face.height


def test_units_and_channels_name_the_same_muscles(portrait: str) -> None:
    expected = set()
    for name, channel in CHANNELS.items():
        if "." not in name and not name.endswith(("_left", "_right")):
            assert channel.paired == (name in PAIRED)
            expected |= set(both(name)) if channel.paired else {name}
    assert set(units_of(portrait)) == expected


def test_every_unit_moves_something_by_less_than_a_quarter_of_the_face(portrait: str) -> None:
    height = rig_of(portrait).face.height
    for name, moves in units_of(portrait).items():
        assert moves.shape == (468, 2)
        assert np.isfinite(moves).all()
        largest = np.linalg.norm(moves, axis=1).max() / height
        assert largest < 0.25, name
        if name not in ("close", "neutral"):
            assert largest > 0.004, name


@given(weights)
@PLAIN
def test_paired_channels_add_up(channels: dict[str, float]) -> None:
    spread = side_weights(channels)
    assert not set(spread) & set(PAIRED)
    for unit in PAIRED:
        for sided in both(unit):
            total = channels.get(unit, 0.0) + channels.get(sided, 0.0)
            assert spread.get(sided, 0.0) == pytest.approx(total, abs=1e-4)
    for name, value in channels.items():
        if name not in PAIRED and not name.endswith(("_left", "_right")):
            assert spread.get(name, 0.0) == pytest.approx(value, abs=1e-4)


def test_a_side_can_undo_what_both_sides_do() -> None:
    assert side_weights({"lid": 1.0, "lid_left": -1.0}) == {"lid_right": 1.0}


def test_what_moves_nothing_is_dropped() -> None:
    assert side_weights({"jaw": 0.0, "smile": 1e-6}) == {}


@given(weights, st.floats(0, 1), st.floats(0, 1))
@PLAIN
def test_spectacles_scale_brows_and_lids_down(channels: dict[str, float], one: float, other: float) -> None:
    less, more = sorted((one, other))
    spread = side_weights(channels)
    bare, rims = spare_spectacles(spread, less), spare_spectacles(spread, more)
    assert set(bare) == set(rims) == set(spread)
    for unit, value in spread.items():
        assert abs(rims[unit]) <= abs(bare[unit]) + 1e-12
        assert abs(bare[unit]) <= abs(value) + 1e-12
        base = unit.rsplit("_", 1)[0]
        if base not in RIM_SAFE:
            assert rims[unit] == value


def test_sure_spectacles_leave_the_stated_share() -> None:
    spared = spare_spectacles({"brow_left": 1.0, "squint_right": 1.0, "lid_right": 1.0, "jaw": 1.0}, 1.0)
    assert spared == pytest.approx({"brow_left": 0.3, "squint_right": 0.4, "lid_right": 1.0, "jaw": 1.0})
    assert spare_spectacles({"brow_left": 1.0}, 0.0) == {"brow_left": 1.0}


def test_units_scale_and_turn_with_the_face(portrait: str) -> None:
    face = face_of(portrait)
    irises = {side: (np.zeros(2), 1.0) for side in Side}
    turn = np.radians(20)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = face.landmarks.copy()
    turned[:, :2] = turned[:, :2] @ rotation.T
    plain = displacements(face_frame(face.landmarks, irises, np.eye(2, 3)))
    large = displacements(face_frame(turned, irises, np.array([[3.0, 0, 40], [0, 3.0, -9]])))
    for name, moves in plain.items():
        np.testing.assert_allclose(large[name], 3 * moves @ rotation.T, atol=1e-6, err_msg=name)


def test_jaw_drops_the_lower_lip_and_the_chin(portrait: str) -> None:
    face, jaw = rig_of(portrait).face, units_of(portrait)["jaw"]
    # What the photo's own gap has gone already is left out in part.
    way = 0.17 if not face.toothy else 0.17 - 0.35 * face.open_ratio
    assert below(face, jaw, mesh.LOWER_LIP_MIDDLE) == pytest.approx(way, abs=0.005)
    assert below(face, jaw, mesh.UPPER_LIP_MIDDLE) < 0.01
    assert below(face, jaw, mesh.CHIN) > 0.1
    assert np.abs(jaw[list(mesh.EYE_UPPER[Side.LEFT] + mesh.BROW[Side.LEFT])]).max() < 0.01 * face.height


def test_a_dropped_jaw_opens_a_round_mouth_with_lips_at_its_sides(portrait: str) -> None:
    face, jaw = rig_of(portrait).face, units_of(portrait)["jaw"]
    posed = face.points + jaw
    corners = posed[[78, 308]]
    lowest = below(face, posed - corners.mean(0), mesh.LOWER_LIP_MIDDLE)
    beside = [below(face, posed - corners.mean(0), index) for index in (178, 402)]
    assert min(beside) > 0.6 * lowest
    # Half-way down a side, the lip is as broad across its line as it was.
    for inner, outer in ((88, 91), (318, 321)):
        there = float(np.linalg.norm(posed[outer] - posed[inner]))
        assert there > 0.9 * float(np.linalg.norm(face.points[outer] - face.points[inner]))


def test_smile_lifts_and_spreads_its_own_corner(portrait: str) -> None:
    face, units = rig_of(portrait).face, units_of(portrait)
    for side, corner, other, outward in (
        (Side.RIGHT, mesh.MOUTH_RIGHT, mesh.MOUTH_LEFT, -1),
        (Side.LEFT, mesh.MOUTH_LEFT, mesh.MOUTH_RIGHT, 1),
    ):
        smile = units[f"smile_{side}"]
        assert below(face, smile, corner) < -0.02
        assert outward * along(face, smile, corner) > 0.02
        assert np.linalg.norm(smile[other]) < 0.001 * face.height


def test_frown_undoes_a_smile_and_pucker_narrows(portrait: str) -> None:
    face, units = rig_of(portrait).face, units_of(portrait)
    for corner, outward in ((mesh.MOUTH_RIGHT, -1), (mesh.MOUTH_LEFT, 1)):
        assert below(face, units["frown"], corner) > 0.02
        assert outward * along(face, units["pucker"], corner) < -0.03


def test_close_makes_the_inner_lips_meet(portrait: str) -> None:
    face, close = rig_of(portrait).face, units_of(portrait)["close"]
    upper, lower = list(mesh.LIPS_UPPER_INNER[1:-1]), list(mesh.LIPS_LOWER_INNER[1:-1])
    gap = face.below((face.points + close)[lower], (face.points + close)[upper])
    assert gap.max() < 0.006 * face.height


def test_neutral_takes_the_photos_own_smile_away() -> None:
    face, neutral = rig_of(ASTRONAUT).face, units_of(ASTRONAUT)["neutral"]
    corners = [mesh.MOUTH_RIGHT, mesh.MOUTH_LEFT]
    moved = face.points + neutral
    width = float(np.linalg.norm(moved[corners[0]] - moved[corners[1]]))
    assert width == pytest.approx(2 * face.mouth_half_width * (1 - face.smile_width), rel=0.01)
    assert min(below(face, neutral, corner) for corner in corners) > 0.02
    calm = rig_of(HOPPER).face
    assert np.abs(units_of(HOPPER)["neutral"]).max() / calm.height < np.abs(neutral).max() / face.height


def test_brows_rise_on_their_own_side_only(portrait: str) -> None:
    face, units = rig_of(portrait).face, units_of(portrait)
    for side, other in ((Side.RIGHT, Side.LEFT), (Side.LEFT, Side.RIGHT)):
        brow = units[f"brow_{side}"]
        assert below(face, brow, mesh.BROW_INNER_END[side]) < -0.03
        assert np.abs(brow[list(mesh.BROW[other])]).max() < 0.003 * face.height
        # The lash line stays: an eye that opens with the brow looks like a doll's.
        assert np.abs(brow[list(mesh.EYE_UPPER[side])]).max() < 0.005 * face.height
        inner, outer = mesh.BROW_INNER_END[side], mesh.BROW_OUTER_END[side]
        assert below(face, units[f"brow_inner_{side}"], inner) < below(face, units[f"brow_inner_{side}"], outer)
        assert below(face, units[f"brow_outer_{side}"], outer) < below(face, units[f"brow_outer_{side}"], inner)
        assert below(face, units[f"furrow_{side}"], inner) > 0.01


def test_a_full_lid_shuts_and_widen_opens(portrait: str) -> None:
    face, units = rig_of(portrait).face, units_of(portrait)
    for side in Side:
        upper, lower = list(mesh.EYE_UPPER[side][1:-1]), list(mesh.EYE_LOWER[side][1:-1])

        def gap(moves: np.ndarray, upper: list[int] = upper, lower: list[int] = lower) -> float:
            points = face.points + moves
            return float(np.linalg.norm(points[lower] - points[upper], axis=1).max())

        rest = gap(np.zeros((468, 2)))
        assert gap(units[f"lid_{side}"]) < 0.01 * rest
        assert gap(units[f"squint_{side}"]) < 0.5 * rest
        assert gap(units[f"widen_{side}"]) > 1.15 * rest


def test_lips_keep_their_place_under_eye_units(portrait: str) -> None:
    face, units = rig_of(portrait).face, units_of(portrait)
    for unit in ("lid", "squint", "widen", "brow", "furrow"):
        for name in both(unit):
            assert np.abs(units[name][LIPS]).max() < 0.003 * face.height, name
