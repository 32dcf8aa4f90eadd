from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.local import topology as mesh
from app.engines.local.fields import NODES, Box, Layer, ThinPlate, depth_field, node_positions, ring_radius
from app.engines.local.topology import Side
from tests.rigs import SMALL, sampled, units_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.rig import Rig

PLAIN = settings(max_examples=25)
SPACING = SMALL / NODES
CORNERS = set(mesh.LIP_CORNERS)
# Each layer leaves out what belongs to the other side of a tear.
LEFT_OUT = {
    "upper": {i for side in Side for i in mesh.EYE_LOWER[side][1:-1]}
    | set(mesh.LIPS_LOWER_INNER + mesh.LIPS_LOWER_NEAR) - CORNERS,
    "lower": {i for side in Side for i in mesh.EYE_UPPER[side][1:-1]}
    | set(mesh.LIPS_UPPER_INNER + mesh.LIPS_UPPER_NEAR) - CORNERS,
}
MEETING = sorted(CORNERS | {mesh.EYE_UPPER[side][end] for side in Side for end in (0, -1)})


def layers(rig: Rig) -> dict[str, Layer]:
    return {"upper": rig.upper, "lower": rig.lower}


def test_node_positions_are_centred_on_the_canvas() -> None:
    x, y = node_positions(512)
    assert x.shape == y.shape == (NODES, NODES)
    assert x.dtype == np.float32
    assert (x[0, 0], y[0, 0]) == (1.5, 1.5)
    assert (x[0] + x[0, ::-1] == 511).all()
    np.testing.assert_array_equal(x, y.T)


def test_a_box_cuts_rows_and_columns() -> None:
    grid = np.arange(NODES * NODES).reshape(NODES, NODES)
    part = grid[Box(3, 5, 10, 9).slices]
    assert part.shape == (4, 7)
    assert part[0, 0] == 5 * NODES + 3


def test_layers_reproduce_the_units_at_the_mesh_points(portrait: str, rig: Rig) -> None:
    """Within 3 % of the face for any point and .1 % on average: the spline smooths what jumps at closed lips."""
    height = rig.face.height
    for name, layer in layers(rig).items():
        used = sorted(set(range(468)) - LEFT_OUT[name])
        for unit, moves in units_of(portrait).items():
            error = np.abs(layer.at_points[unit] - moves)[used] / height
            assert error.max() < 0.03, (name, unit)
            assert error.mean() < 0.001, (name, unit)


def test_nodes_carry_what_the_points_say(rig: Rig) -> None:
    """Between nodes, bilinearly, within 3 % of the face for any landmark and .3 % on average."""
    for name, layer in layers(rig).items():
        used = sorted(set(range(468)) - LEFT_OUT[name])
        at = (rig.face.points[used] + 0.5) / SPACING - 0.5 - (layer.box.x0, layer.box.y0)
        limit = (layer.box.x1 - layer.box.x0 - 1, layer.box.y1 - layer.box.y0 - 1)
        inside = ((at >= 0) & (at <= limit)).all(1)
        assert inside.mean() > 0.85
        for unit, field in layer.fields.items():
            error = np.abs(sampled(field, at) - layer.at_points[unit][used])[inside] / rig.face.height
            assert error.max() < 0.03, (name, unit)
            assert error.mean() < 0.003, (name, unit)


def test_layers_agree_where_a_tear_ends(rig: Rig) -> None:
    """At the corners of lids and lips within half a pixel of a 128 px sticker, or the skin would split."""
    for unit in rig.upper.fields:
        apart = np.abs(rig.upper.at_points[unit] - rig.lower.at_points[unit])[MEETING].max()
        assert apart < 0.004 * rig.face.height, unit


def test_layers_tear_between_lips_and_lids(rig: Rig) -> None:
    height = rig.face.height
    jaw_above = rig.upper.at_points["jaw"][mesh.UPPER_LIP_MIDDLE] @ rig.face.down
    jaw_below = rig.lower.at_points["jaw"][mesh.LOWER_LIP_MIDDLE] @ rig.face.down
    assert jaw_below - jaw_above > 0.14 * height
    for side in Side:
        upper, lower = mesh.EYE_UPPER[side][4], mesh.EYE_LOWER[side][4]
        gap = (rig.face.points[lower] - rig.face.points[upper]) @ rig.face.down
        closing = rig.upper.at_points[f"lid_{side}"][upper] - rig.lower.at_points[f"lid_{side}"][lower]
        assert closing @ rig.face.down == pytest.approx(gap, rel=0.2)


def test_fields_fade_out_before_hair_and_chest(rig: Rig) -> None:
    layer = rig.upper
    x, y = node_positions(rig.size)
    rows, columns = layer.box.slices
    nodes = np.column_stack([x[rows, columns].ravel(), y[rows, columns].ravel()]).astype(np.float64)
    far = (ring_radius(rig.face, nodes) > 2.0).reshape(layer.box.y1 - layer.box.y0, -1)
    for unit, field in layer.fields.items():
        assert field.dtype == np.float32
        assert np.isfinite(field).all()
        rim = np.concatenate([field[0], field[-1], field[:, 0], field[:, -1]])
        assert np.abs(rim).max() < 0.001 * rig.face.height, unit
        assert not field[far].any(), unit


def test_ring_radius_is_one_on_the_oval(rig: Rig) -> None:
    oval = rig.face.points[list(mesh.OVAL)]
    np.testing.assert_allclose(ring_radius(rig.face, oval), 1, atol=1e-6)
    twice = rig.face.centre + (oval - rig.face.centre) * 2
    np.testing.assert_allclose(ring_radius(rig.face, twice), 2, atol=1e-6)
    assert ring_radius(rig.face, rig.face.centre[None])[0] == pytest.approx(0)


def test_depth_is_that_of_a_head(rig: Rig) -> None:
    x, y = node_positions(rig.size)
    depth = depth_field(rig.face, x, y)
    assert depth.shape == (NODES, NODES)
    assert depth.min() >= 0
    column, row = ((rig.face.points[mesh.NOSE_TIP] + 0.5) / SPACING - 0.5).round().astype(int)
    assert depth[row, column] > 0.85 * depth.max()
    assert depth[row, column] == pytest.approx(rig.face.depth[mesh.NOSE_TIP], rel=0.15)
    radius = ring_radius(rig.face, np.column_stack([x.ravel(), y.ravel()]).astype(np.float64))
    assert depth.ravel()[radius > 2].max() < 0.001 * rig.face.height


def scattered(seed: int, count: int) -> NDArray[np.float64]:
    """Knots on a jittered grid, so that none coincide."""
    chance = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count)))
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    grid = np.column_stack([x.ravel(), y.ravel()])[:count] / side
    return np.asarray(grid + chance.uniform(-0.3, 0.3, grid.shape) / side)


@given(st.integers(0, 10_000), st.integers(4, 60))
@PLAIN
def test_the_spline_passes_through_its_knots(seed: int, count: int) -> None:
    knots = scattered(seed, count)
    values = np.random.default_rng(seed + 1).normal(0, 0.1, (count, 4))
    spline = ThinPlate(knots, values, 1e-9)
    np.testing.assert_allclose(spline(knots.astype(np.float32)), values, atol=2e-3)


@given(st.integers(0, 10_000), st.floats(1e-6, 1.0))
@PLAIN
def test_the_spline_keeps_affine_maps_however_stiff(seed: int, stiffness: float) -> None:
    knots = scattered(seed, 30)
    chance = np.random.default_rng(seed)
    slope, offset = chance.normal(0, 1, (2, 3)), chance.normal(0, 1, 3)
    spline = ThinPlate(knots, knots @ slope + offset, stiffness)
    elsewhere = chance.uniform(-1, 2, (50, 2))
    np.testing.assert_allclose(spline(elsewhere.astype(np.float32)), elsewhere @ slope + offset, atol=1e-3)


def test_the_spline_answers_in_blocks_as_at_once() -> None:
    knots = scattered(5, 40)
    spline = ThinPlate(knots, np.sin(knots * 5), 1e-4)
    many = np.random.default_rng(2).uniform(0, 1, (5000, 2)).astype(np.float32)
    np.testing.assert_allclose(spline(many)[::7], spline(np.ascontiguousarray(many[::7])), atol=1e-5)
