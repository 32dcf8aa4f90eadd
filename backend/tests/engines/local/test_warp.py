from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.local import topology as mesh
from app.engines.local.channels import CHANNELS
from app.engines.local.fields import NODES, node_positions
from app.engines.local.raster import fill_polygon
from app.engines.local.topology import Side
from app.engines.local.units import side_weights
from app.engines.local.warp import HeadPose, Warp, invert, pixel_map
from tests.rigs import PORTRAITS, SMALL, expressed, rig_of, sampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.fields import Layer
    from app.engines.local.rig import Rig

    Grid = NDArray[np.float32]
    Points = NDArray[np.float64]

PLAIN = settings(max_examples=20)
SPACING = SMALL / NODES
UNITS = [name for name in CHANNELS if "." not in name and not name.endswith(("_left", "_right"))]
SIDES = [name for name in CHANNELS if name.endswith(("_left", "_right"))]


@st.composite
def expressions(draw: st.DrawFn) -> dict[str, float]:
    """Up to five face channels at legal values."""
    names = draw(st.lists(st.sampled_from(UNITS), min_size=1, max_size=4, unique=True))
    channels = {name: draw(st.floats(CHANNELS[name].low, CHANNELS[name].high)) for name in names}
    side = draw(st.sampled_from(SIDES))
    base = CHANNELS[side.rsplit("_", 1)[0]]
    # Motion keeps the sum of both in the paired channel's range.
    channels[side] = draw(st.floats(base.low, base.high)) - channels.get(base.name, 0.0)
    return channels


@st.composite
def head_poses(draw: st.DrawFn, share: float = 1.0) -> HeadPose:
    names = [name for name in CHANNELS if name.startswith("head.")]
    return HeadPose.from_channels(
        {name: draw(st.floats(CHANNELS[name].low * share, CHANNELS[name].high * share)) for name in names}
    )


body_poses = st.builds(
    HeadPose,
    body_x=st.floats(-0.3, 0.3),
    body_y=st.floats(-0.3, 0.3),
    body_turn=st.floats(-20, 20),
    body_stretch_x=st.floats(-0.25, 0.25),
    body_stretch_y=st.floats(-0.25, 0.25),
)


def residual(field: Grid, back: Grid, spacing: float) -> NDArray[np.float32]:
    """How far ``u(x) = -F(x + u(x))`` is off at each node, px."""
    rows, columns = field.shape[:2]
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    there = np.dstack([x, y]) + back / np.float32(spacing)
    forth = sampled(field, there)
    return np.asarray(np.linalg.norm(back + forth, axis=2), np.float32)


def outside_openings(rig: Rig, weights: dict[str, float]) -> NDArray[np.bool_]:
    """Nodes that show skin: between parted lips and lids a field tears, and other layers are drawn there."""
    expression = expressed(rig, weights)
    above, below = expression.points, expression.points_below
    pairs = [(mesh.LIPS_UPPER_NEAR, mesh.LIPS_LOWER_NEAR), *((mesh.EYE_UPPER[s], mesh.EYE_LOWER[s]) for s in Side)]
    covered = np.zeros((NODES, NODES), np.uint8)
    for upper, lower in pairs:
        outline = np.concatenate([above[list(upper)], below[list(lower)][::-1]])
        covered |= fill_polygon((outline + 0.5) / SPACING - 0.5, 0, 0, NODES, NODES)
    return np.asarray(cv2.dilate(covered, np.ones((5, 5), np.uint8)) == 0)


@pytest.mark.parametrize("name", PORTRAITS)
@given(expressions())
@PLAIN
def test_expressions_are_inverted(name: str, channels: dict[str, float]) -> None:
    """Within half a pixel on 99 % of the nodes that show skin, for both layers."""
    rig, weights = rig_of(name), side_weights(channels)
    expression = expressed(rig, weights)
    for layer, undo in ((rig.upper, expression.undo), (rig.lower, expression.undo_below)):
        if not weights:
            assert undo is None
            continue
        assert undo is not None
        field = blended(layer, weights)
        error = residual(field, undo[layer.box.slices], SPACING)
        skin = outside_openings(rig, weights)[layer.box.slices]
        assert float((error[skin] < 0.5).mean()) >= 0.99
        elsewhere = np.ones((NODES, NODES), bool)
        elsewhere[layer.box.slices] = False
        assert not undo[elsewhere].any()


def blended(layer: Layer, weights: dict[str, float]) -> Grid:
    """The forward field of an expression on a layer's nodes."""
    parts = [layer.fields[name] * np.float32(weight) for name, weight in weights.items()]
    return np.asarray(np.sum(parts, axis=0), np.float32)


@given(st.integers(0, 10_000), st.floats(0.5, 14), st.sampled_from([2.0, 4.0]))
@PLAIN
def test_smooth_fields_are_inverted(seed: int, reach: float, spacing: float) -> None:
    chance = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(chance.standard_normal((64, 80, 2)).astype(np.float32), (0, 0), 9)
    # Steeper than this it would fold, and nothing inverts a fold.
    slope = max(float(np.abs(np.diff(noise, axis=axis)).max()) for axis in (0, 1)) / spacing
    field = np.asarray(noise * min(reach / float(np.abs(noise).max()), 0.45 / slope), np.float32)
    error = residual(field, invert(field, spacing), spacing)
    # Where the way back leaves the grid there is nothing to check.
    assert float((error[8:-8, 8:-8] < 0.5).mean()) >= 0.99


def test_stretching_more_than_twofold_is_inverted() -> None:
    """A plain fixed point diverges here."""
    y = np.repeat((np.arange(100, dtype=np.float32) - 50)[:, None], 60, axis=1) * 2
    field = np.dstack([np.zeros_like(y), 15 * np.tanh(y / 5)]).astype(np.float32)
    assert (residual(field, invert(field, 2.0), 2.0)[20:-20] < 0.5).all()


def test_a_fold_stays_finite_and_near() -> None:
    y = np.repeat((np.arange(80, dtype=np.float32) - 40)[:, None], 80, axis=1) * 2
    field = np.dstack([np.zeros_like(y), -20 * np.exp(-((y / 8) ** 2)) * np.sign(y)]).astype(np.float32)
    back = invert(field, 2.0)
    assert np.isfinite(back).all()
    assert np.abs(back).max() < 45


def test_nothing_is_inverted_to_nothing() -> None:
    assert not invert(np.zeros((20, 30, 2), np.float32), 2.0).any()


@pytest.mark.parametrize("name", PORTRAITS)
@given(head_poses())
@PLAIN
def test_heads_turn_there_and_back(name: str, pose: HeadPose) -> None:
    """A landmark carried forward is found again by the way back; where a cheek turns away it folds over."""
    rig = rig_of(name)
    error = lost(rig, pose)
    assert np.percentile(error, 85) < 0.03
    if abs(pose.yaw) < 12 and abs(pose.pitch) < 12:
        assert np.percentile(error, 85) < 0.01


@pytest.mark.parametrize("size", [256, 512, 1024])
@pytest.mark.parametrize("roll", [-25.0, 8.0, 25.0])
def test_a_tilted_head_is_undone_on_any_canvas(size: int, roll: float) -> None:
    """Steps that are bounded in pixels would not reach the forehead of a large canvas."""
    assert lost(rig_of(PORTRAITS[0], size), HeadPose(roll=roll, x=0.05, y=0.05)).max() < 0.004


def lost(rig: Rig, pose: HeadPose) -> NDArray[np.float64]:
    """How far landmarks come back from their place, in face heights."""
    warp, points = Warp(rig.head, pose), rig.face.points
    there = warp.forward(rig.head.carry(points, pose))
    back = found(warp.back(None), there, rig.size)
    return np.asarray(np.linalg.norm(back - points, axis=1) / rig.face.height)


@pytest.mark.parametrize("name", PORTRAITS)
@given(st.dictionaries(st.sampled_from(["smile", "brow", "frown", "puff", "nose"]), st.floats(0, 1)), head_poses(0.5))
@PLAIN
def test_landmarks_are_found_again_with_expression_head_and_body(
    name: str, channels: dict[str, float], head: HeadPose
) -> None:
    rig, weights = rig_of(name), side_weights(channels)
    pose = HeadPose(yaw=head.yaw, roll=head.roll, x=head.x, body_turn=7, body_y=-0.05, body_stretch_y=0.1)
    rest = rig.face.points
    expression = expressed(rig, weights)
    warp = Warp(rig.head, pose)
    there = warp.forward(rig.head.carry(expression.points, pose))
    back = warp.back(expression.undo)
    error = np.linalg.norm(found(back, there, rig.size) - rest, axis=1) / rig.face.height
    assert np.percentile(error, 95) < 0.012


def found(back: Grid, at: Points, size: int) -> Points:
    """Where canvas points come from, by a way back on the nodes."""
    return np.asarray(sampled(back, (at + 0.5) * NODES / size - 0.5), np.float64)


@given(body_poses)
@PLAIN
def test_the_sticker_moves_by_an_exact_affine_map(pose: HeadPose) -> None:
    rig = rig_of(PORTRAITS[0])
    warp = Warp(rig.head, pose)
    nodes = np.dstack(node_positions(rig.size)).astype(np.float64)
    back = warp.back(None).astype(np.float64)
    np.testing.assert_allclose(warp.forward(back.reshape(-1, 2)), nodes.reshape(-1, 2), atol=2e-3)
    # Affine: every second difference is nil.
    assert np.abs(np.diff(back, 2, axis=0)).max() < 1e-3
    assert np.abs(np.diff(back, 2, axis=1)).max() < 1e-3


def test_the_sticker_turns_and_stretches_about_its_bottom_centre(astronaut: Rig) -> None:
    size = astronaut.size
    pivot = np.array([size / 2, 0.98 * size])
    matrix = astronaut.head.body(HeadPose(body_turn=10, body_stretch_x=0.1, body_stretch_y=-0.2))
    np.testing.assert_allclose(matrix[:, :2] @ pivot + matrix[:, 2], pivot)
    taller = astronaut.head.body(HeadPose(body_stretch_y=0.1))
    assert (taller @ [pivot[0], pivot[1] - 100, 1])[1] == pytest.approx(pivot[1] - 110)
    clockwise = astronaut.head.body(HeadPose(body_turn=10))
    assert (clockwise @ [pivot[0], pivot[1] - 100, 1])[0] > pivot[0]
    shifted = astronaut.head.body(HeadPose(body_x=0.1, body_y=-0.2))
    np.testing.assert_allclose(shifted[:, 2], np.array([0.1, -0.2]) * astronaut.face.height)


def test_no_motion_is_the_identity(rig: Rig) -> None:
    warp = Warp(rig.head, HeadPose())
    nodes = np.dstack(node_positions(rig.size))
    np.testing.assert_array_equal(warp.back(None), nodes)
    np.testing.assert_array_equal(warp.forward(rig.face.points), rig.face.points)
    x, y = np.meshgrid(np.arange(rig.size), np.arange(rig.size))
    np.testing.assert_array_equal(pixel_map(nodes, rig.size), np.dstack([x, y]))


def test_directions_of_the_head(rig: Rig) -> None:
    """Yaw turns to picture-right, pitch nods down, roll tilts clockwise, scale grows."""
    face = rig.face
    nose, forehead = face.points[[mesh.NOSE_TIP]], face.points[[mesh.FOREHEAD_TOP]]

    def moved(points: Points, pose: HeadPose) -> Points:
        return np.asarray((rig.head.carry(points, pose) - points)[0])

    assert moved(nose, HeadPose(yaw=10))[0] > 0.03 * face.height
    assert moved(nose, HeadPose(pitch=10))[1] > 0.03 * face.height
    assert moved(forehead, HeadPose(roll=10))[0] > 0.1 * face.height
    assert moved(nose, HeadPose(x=0.1))[0] == pytest.approx(0.1 * face.height, rel=0.02)
    assert moved(nose, HeadPose(y=-0.1))[1] == pytest.approx(-0.1 * face.height, rel=0.02)
    assert (moved(forehead, HeadPose(scale=0.1)) @ face.down) < 0


def test_a_moving_head_leaves_the_chest(rig: Rig) -> None:
    field = rig.head.field(HeadPose(yaw=15, pitch=-10, roll=20, x=0.1, y=0.1, scale=0.1))
    nodes = np.column_stack([rig.head.x.ravel(), rig.head.y.ravel()]).astype(np.float64)
    chest = rig.face.below(nodes, rig.face.points[mesh.CHIN]) > 0.63 * rig.face.height
    assert chest.any()
    assert np.abs(field.reshape(-1, 2)[chest]).max() < 0.02 * rig.face.height


def test_pose_is_read_from_channels() -> None:
    pose = HeadPose.from_channels({"head.yaw": 5, "body.stretch_x": 0.1, "jaw": 1, "gaze.x": 1, "fx.tears": 1})
    assert pose == HeadPose(yaw=5, body_stretch_x=0.1)
    assert pose.head_moves
    assert not HeadPose.from_channels({"body.x": 0.1}).head_moves


def test_weights_blend_linearly(astronaut: Rig) -> None:
    layer, points = astronaut.upper, astronaut.face.points
    expression = expressed(astronaut, {"jaw": 0.5, "frown": -0.25})
    moves = 0.5 * layer.at_points["jaw"] - 0.25 * layer.at_points["frown"]
    np.testing.assert_allclose(expression.points, points + moves)
    moves_below = 0.5 * astronaut.lower.at_points["jaw"] - 0.25 * astronaut.lower.at_points["frown"]
    np.testing.assert_allclose(expression.points_below, points + moves_below)
    assert expression.weights == {"jaw": 0.5, "frown": -0.25}


def test_no_expression_needs_no_way_back(astronaut: Rig) -> None:
    for weights in ({}, {"unheard_of": 1.0}):
        expression = expressed(astronaut, weights)
        np.testing.assert_array_equal(expression.points, astronaut.face.points)
        assert expression.undo is None
        assert expression.undo_below is None
