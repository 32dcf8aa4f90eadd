"""From displacements of mesh points to displacement fields on a coarse grid.

A thin-plate spline through the mesh points, with rings of zeros round the face, carries every unit at once: one
factorisation for all units. Two layers are needed because lids and lips tear: layer A (``upper``) leaves out the
lower lids and the lower inner lip, layer B (``lower``) the upper ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.raster import smoothstep
from app.engines.local.topology import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from app.engines.local.geometry import FaceFrame

    Grid = NDArray[np.float32]
    Points = NDArray[np.float64]

F = TypeVar("F", np.float32, np.float64)

NODES = 128
"""Nodes a side of the coarse grid; node i stands at canvas px (i + 0.5) * spacing - 0.5."""

# Zero rings, as multiples of the oval seen from its middle: tight over the brows so that the hair stays where it
# is, wide under the chin where the jaw needs room to drop.
_RING_TOP, _RING_SIDE, _RING_BOTTOM = 1.14, 1.30, 1.60
_RING_GROWTH = 1.22
_STIFFNESS = 2e-4
_BLOCK = 512
"""Points that are evaluated together: a kernel of under a megabyte, which stays in the cache."""
_FEATURES = {
    *mesh.OVAL,
    *mesh.LIPS_UPPER_OUTER, *mesh.LIPS_LOWER_OUTER, *mesh.LIPS_UPPER_MIDDLE, *mesh.LIPS_LOWER_MIDDLE,
    *mesh.LIPS_UPPER_NEAR, *mesh.LIPS_LOWER_NEAR, *mesh.LIPS_UPPER_INNER, *mesh.LIPS_LOWER_INNER,
    *(i for side in Side for rings in (mesh.EYE_UPPER, mesh.EYE_LOWER, mesh.LID_HALO_UPPER, mesh.LID_HALO_LOWER,
                                       mesh.LID_RIM_UPPER, mesh.BROW) for i in rings[side]),
}  # fmt: skip
# Between the features the units are smooth: every second point of the cheeks and the forehead carries them as well
# as all, and a system of half the size takes an eighth of the time.
_KNOTS = sorted(_FEATURES | {i for i in range(468) if i % 2 == 0})


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A rectangle of nodes, [x0, x1) by [y0, y1)."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices into a node grid."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def scaled(self, factor: int) -> Box:
        """The same rectangle in cells ``factor`` times as small, such as pixels."""
        return Box(self.x0 * factor, self.y0 * factor, self.x1 * factor, self.y1 * factor)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """The fields of all units on one rectangle of nodes.

    ``fields`` maps a unit to float32 (rows, columns, 2) px; ``at_points`` to float64 (468, 2), the same field at
    the mesh points, so that what is drawn on the face meets what is warped.
    """

    box: Box
    fields: dict[str, Grid]
    at_points: dict[str, Points]


def node_positions(size: int) -> tuple[Grid, Grid]:
    """Canvas x and y of every node, float32 (NODES, NODES) each."""
    spacing = size / NODES
    line = ((np.arange(NODES) + 0.5) * spacing - 0.5).astype(np.float32)
    x, y = np.meshgrid(line, line)
    return x, y


def ring_radius(face: FaceFrame, points: Points) -> NDArray[np.float64]:
    """How far from the face's middle points stand, 1 on the oval, as the fields' window sees it."""
    offset = points - face.centre
    radius = np.linalg.norm(offset, axis=1)
    return np.asarray(radius / np.maximum(_oval_radius(face, offset), 1e-6))


def _oval_radius(face: FaceFrame, offset: Points) -> NDArray[np.float64]:
    oval = face.points[list(mesh.OVAL)] - face.centre
    angles = np.arctan2(oval[:, 1], oval[:, 0])
    order = np.argsort(angles)
    angles, radii = angles[order], np.linalg.norm(oval, axis=1)[order]
    around = np.concatenate([angles - 2 * np.pi, angles, angles + 2 * np.pi])
    return np.asarray(np.interp(np.arctan2(offset[:, 1], offset[:, 0]), around, np.tile(radii, 3)))


def _ring_scale(face: FaceFrame, offset: Points) -> NDArray[np.float64]:
    """The zero ring's distance in oval radii, by direction from the middle of the face."""
    length = np.maximum(np.linalg.norm(offset, axis=1), 1e-6)
    downward = offset @ face.down / length
    return np.asarray(
        np.where(
            downward < 0,
            _RING_SIDE + (_RING_TOP - _RING_SIDE) * downward**2,
            _RING_SIDE + (_RING_BOTTOM - _RING_SIDE) * downward**2,
        )
    )


def fit_layers(face: FaceFrame, units: Mapping[str, Points], size: int) -> tuple[Layer, Layer]:
    """Fit layers A and B; ``units`` maps names to displacements (468, 2) in px."""
    names = list(units)
    moves = np.concatenate([units[name] for name in names], axis=1) / face.height
    oval = face.points[list(mesh.OVAL)] - face.centre
    scale = _ring_scale(face, oval)[:, None]
    rings = np.concatenate([face.centre + oval * scale, (face.centre + oval * scale * _RING_GROWTH)[::2]])
    upper_lids = {i for side in Side for i in mesh.EYE_UPPER[side][1:-1]}
    lower_lids = {i for side in Side for i in mesh.EYE_LOWER[side][1:-1]}
    corners = set(mesh.LIP_CORNERS)
    upper_lip = set(mesh.LIPS_UPPER_INNER + mesh.LIPS_UPPER_NEAR) - corners
    lower_lip = set(mesh.LIPS_LOWER_INNER + mesh.LIPS_LOWER_NEAR) - corners
    x, y = node_positions(size)
    everywhere = np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)
    offset = everywhere - face.centre
    reach = ring_radius(face, everywhere) / _ring_scale(face, offset)
    window = (1 - smoothstep(1.0, _RING_GROWTH, reach)).reshape(NODES, NODES).astype(np.float32)
    whole = _bounds(window > 0)
    features = [
        *(i for side in Side for i in mesh.EYE_UPPER[side] + mesh.EYE_LOWER[side]),
        *(mesh.LIPS_UPPER_OUTER + mesh.LIPS_LOWER_OUTER),
    ]
    torn = _feature_box(face, face.points[features], size)
    a = _fit(face, names, moves, rings, lower_lids | lower_lip, whole, window, (x, y))
    b = _fit(face, names, moves, rings, upper_lids | upper_lip, torn, window, (x, y))
    return a, b


def _bounds(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _feature_box(face: FaceFrame, features: Points, size: int) -> Box:
    """Nodes that eyes and mouth can reach, the dropped jaw included."""
    spacing = size / NODES
    margin = 0.14 * face.height
    low = np.floor((features.min(0) - margin) / spacing).astype(int)
    high = np.ceil((features.max(0) + np.array([margin, margin + 0.2 * face.height])) / spacing).astype(int)
    low, high = np.clip(low, 0, NODES - 2), np.clip(high, 2, NODES)
    return Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def _fit(  # noqa: PLR0917
    face: FaceFrame,
    names: list[str],
    moves: Points,
    rings: Points,
    left_out: set[int],
    box: Box,
    window: Grid,
    nodes: tuple[Grid, Grid],
) -> Layer:
    """One thin-plate spline for all units, evaluated on a box of nodes and at the mesh points."""
    used = [i for i in _KNOTS if i not in left_out]
    knots = np.concatenate([face.points[used], rings]) / face.height
    values = np.concatenate([moves[used], np.zeros((len(rings), moves.shape[1]))])
    spline = ThinPlate(knots, values, _STIFFNESS)
    rows, columns = box.slices
    shape = (box.y1 - box.y0, box.x1 - box.x0)
    there = np.column_stack([nodes[0][rows, columns].ravel(), nodes[1][rows, columns].ravel()]) / face.height
    faded = window[rows, columns].ravel()
    inside = np.flatnonzero(faded > 0)
    grid = np.zeros((len(there), moves.shape[1]), np.float32)
    grid[inside] = spline(there[inside].astype(np.float32)) * (faded[inside] * face.height)[:, None]
    points = spline((face.points / face.height).astype(np.float32)).astype(np.float64) * face.height
    return Layer(
        box=box,
        fields={
            name: np.ascontiguousarray(grid[:, 2 * i : 2 * i + 2]).reshape(*shape, 2) for i, name in enumerate(names)
        },
        at_points={name: points[:, 2 * i : 2 * i + 2].copy() for i, name in enumerate(names)},
    )


class ThinPlate:
    """A smoothing thin-plate spline in the plane, for many right-hand sides at once.

    The linear algebra is OpenCV's, which stays on its caller's thread: numpy's would wake a pool of threads for these
    small systems and then wait for them, tenfold the time where the process has one core.
    """

    def __init__(self, knots: Points, values: Points, stiffness: float) -> None:
        count = len(knots)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = _kernel(_squared_distances(knots, knots))
        system[:count, :count] += np.eye(count) * stiffness
        system[:count, count] = 1
        system[:count, count + 1 :] = knots
        system[count:, :count] = system[:count, count:].T
        _, solution = cv2.solve(system, np.concatenate([values, np.zeros((3, values.shape[1]))]), flags=cv2.DECOMP_LU)
        self._knots = knots.astype(np.float32)
        self._weights = solution.astype(np.float32)

    def __call__(self, points: Grid) -> Grid:
        """Values at points (n, 2): float32 (n, values). Evaluated in blocks, which keeps the memory small."""
        result = np.empty((len(points), self._weights.shape[1]), np.float32)
        for start in range(0, len(points), _BLOCK):
            block = points[start : start + _BLOCK]
            kernel = _kernel(_squared_distances(block, self._knots))
            terms = np.concatenate([kernel, np.ones((len(block), 1), np.float32), block], axis=1)
            result[start : start + _BLOCK] = cv2.gemm(terms, self._weights, 1, None, 0)  # type: ignore[call-overload]
        return result


def _squared_distances(a: NDArray[F], b: NDArray[F]) -> NDArray[F]:
    # |a|^2 + |b|^2 - 2ab as one product, several times quicker than differences; rounding may leave it under zero.
    left = np.column_stack([a, (a * a).sum(1), np.ones(len(a), a.dtype)])
    right = np.column_stack([-2 * b, np.ones(len(b), b.dtype), (b * b).sum(1)])
    distances = cv2.gemm(left, right, 1, None, 0, flags=cv2.GEMM_2_T)  # type: ignore[call-overload]
    return np.asarray(np.maximum(distances, 0), a.dtype)


def _kernel(squared: NDArray[F]) -> NDArray[F]:
    # OpenCV's logarithm is twenty times as quick as numpy's for single precision.
    return np.asarray(squared * cv2.log(np.maximum(squared, 1e-9)), squared.dtype)


def depth_field(face: FaceFrame, x: Grid, y: Grid) -> Grid:
    """How far places stand in front of the sides of the face, px, carried on to the hair.

    ``x`` and ``y`` float32 (n, n) canvas px, evenly spaced; float32 (n, n). Drives the parallax of a turning head.
    """
    everywhere = np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)
    radius = ring_radius(face, everywhere)
    inside = np.flatnonzero(radius < 1.7)
    used = sorted({*range(0, 468, 3), *mesh.OVAL})
    oval = face.points[list(mesh.OVAL)]
    hair = face.centre + (oval - face.centre) * 1.45
    knots = np.concatenate([face.points[used], hair]) / face.height
    values = np.concatenate([face.depth[used] / face.height, np.full(len(hair), 0.05)])[:, None]
    spline = ThinPlate(knots, values, 1e-2)
    depth = np.zeros(len(everywhere), np.float32)
    depth[inside] = np.clip(spline((everywhere[inside] / face.height).astype(np.float32))[:, 0] * face.height, 0, None)
    depth *= 1 - smoothstep(1.15, 1.7, radius).astype(np.float32)
    # The mesh's nose is sharper than its parallax should be.
    return np.asarray(cv2.GaussianBlur(depth.reshape(x.shape), (0, 0), 1.5 * len(x) / NODES), np.float32)
