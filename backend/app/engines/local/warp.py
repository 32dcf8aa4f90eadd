"""One frame's warp: where each canvas pixel comes from.

Forward, a point of the photo first moves with its expression, then with the head, then with the whole sticker:
``x -> body(head(x + e(x)))``. A picture needs the way back. The body is affine and exact; head and expression
are inverted on the coarse grid, each on the nodes that it can reach, and composed there. (Defining the head by its
way back would save that inversion, but depth would then be read where it arrives: ears and edges smear.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.fields import NODES, Box, depth_field, node_positions, ring_radius
from app.engines.local.raster import remap, smoothstep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from app.engines.local.fields import Layer
    from app.engines.local.geometry import FaceFrame

    Grid = NDArray[np.float32]
    Points = NDArray[np.float64]
    Plane = NDArray[np.float32] | NDArray[np.float64]
    Matrix = NDArray[np.float64]

# 1 + dF/dx outside these limits means a fold or a tear; the clamp keeps Newton's step finite there.
_SLOPE_LIMITS = (0.3, 6.0)
_STEP_LIMIT = 2.5
"""Nodes."""
_ROUNDS = 8
_CONVERGED = 0.06
"""Root mean square of a step, px: below it the picture does not change any more."""
_FOLDED = 1.2
_REFILL_MARGIN = 6
_HEAD_ROUNDS = 10
HEAD_NODES = NODES // 4
"""Nodes a side that carry the head's motion, which is smooth."""


def invert(field: Grid, spacing: float, rounds: int = _ROUNDS, start: Grid | None = None) -> Grid:
    """The way back through a displacement field: ``u`` with ``u(x) = -F(x + u(x))``.

    Diagonal Newton steps, clamped; a plain fixed point diverges where skin stretches more than twofold. Nodes
    that do not settle (folds) are refilled from their neighbours.

    Args:
        field: float32 (rows, columns, 2), px.
        spacing: px between nodes.
        rounds: at most so many steps.
        start: a first guess; half of the field backwards when None, which is safe where skin stretches.

    Returns:
        float32 (rows, columns, 2), px.
    """
    rows, columns = field.shape[:2]
    across, along = cv2.split(field)
    slope_x = cv2.Sobel(across, cv2.CV_32F, 1, 0, ksize=1, scale=0.5 / spacing)
    slope_y = cv2.Sobel(along, cv2.CV_32F, 0, 1, ksize=1, scale=0.5 / spacing)
    slopes = np.clip(cv2.merge([slope_x, slope_y]) + np.float32(1), *_SLOPE_LIMITS)
    here = _node_indices(rows, columns)
    back = field * np.float32(-0.5) if start is None else start
    step = back
    settled = _CONVERGED * np.sqrt(rows * columns)
    for _ in range(rounds):
        at = np.asarray(cv2.scaleAdd(back, 1 / spacing, here), np.float32)
        damping = remap(slopes, at)
        moved = remap(field, at)
        step = np.asarray(cv2.divide(cv2.add(back, moved), damping), np.float32)
        np.clip(step, -_STEP_LIMIT * spacing, _STEP_LIMIT * spacing, out=step)
        back = np.asarray(cv2.subtract(back, step), np.float32)
        if cv2.norm(step, cv2.NORM_L2) < settled:
            break
    return back if cv2.norm(step, cv2.NORM_INF) < _FOLDED else _refilled(back, np.abs(step).max(2) > _FOLDED)


def _refilled(back: Grid, folded: NDArray[np.bool_]) -> Grid:
    """Nodes that did not settle, smoothed over from those around them."""
    rows, columns = np.flatnonzero(folded.any(1)), np.flatnonzero(folded.any(0))
    part = (
        slice(max(rows[0] - _REFILL_MARGIN, 0), rows[-1] + _REFILL_MARGIN + 1),
        slice(max(columns[0] - _REFILL_MARGIN, 0), columns[-1] + _REFILL_MARGIN + 1),
    )
    good = (~folded[part]).astype(np.float32)[..., None]
    blurred = cv2.GaussianBlur(np.concatenate([back[part] * good, good], 2), (0, 0), 1.6)
    filled = blurred[..., :2] / (blurred[..., 2:] + 1e-3)
    around = cv2.dilate(folded[part].astype(np.uint8), np.ones((3, 3), np.uint8))
    mended = back.copy()
    mended[part] = np.where(around[..., None] > 0, filled, back[part])
    return mended


@lru_cache(maxsize=8)
def _nodes(size: int) -> Grid:
    positions = np.dstack(node_positions(size))
    positions.setflags(write=False)
    return positions


@lru_cache(maxsize=64)
def _node_indices(rows: int, columns: int) -> Grid:
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    indices = np.dstack([x, y])
    indices.setflags(write=False)
    return indices


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Head and sticker motion of one frame; angles in degrees, lengths in face heights, scales as 0 = none."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = 0.0
    scale: float = 0.0
    body_x: float = 0.0
    body_y: float = 0.0
    body_turn: float = 0.0
    body_stretch_x: float = 0.0
    body_stretch_y: float = 0.0

    @classmethod
    def from_channels(cls, channels: Mapping[str, float]) -> HeadPose:
        """Pick ``head.*`` and ``body.*`` out of a frame's channels."""
        values = {name[5:]: value for name, value in channels.items() if name.startswith("head.")}
        values |= {name.replace(".", "_"): value for name, value in channels.items() if name.startswith("body.")}
        return cls(**values)

    @property
    def head_moves(self) -> bool:
        """Whether the head itself moves."""
        return any((self.yaw, self.pitch, self.roll, self.x, self.y, self.scale))

    @property
    def body_moves(self) -> bool:
        """Whether the whole sticker moves."""
        return any((self.body_x, self.body_y, self.body_turn, self.body_stretch_x, self.body_stretch_y))


@dataclass(frozen=True, slots=True, eq=False)
class HeadModel:
    """What a head's motion needs to know of one face, on a grid of its own.

    ``planes`` float32 (HEAD_NODES, HEAD_NODES, 3): how much a node follows the head, its depth px, its share of the
    foreshortening; ``x`` and ``y`` the nodes' canvas px.
    """

    face: FaceFrame
    size: int
    planes: Grid
    x: Grid
    y: Grid
    pivot: Points

    @classmethod
    def build(cls, face: FaceFrame, size: int) -> HeadModel:
        """Computed once per photo."""
        x, y = (_thinned(grid) for grid in node_positions(size))
        nodes = np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)
        radius = ring_radius(face, nodes)
        follow = _follow(face, nodes).reshape(x.shape).astype(np.float32)
        inside = (1 - smoothstep(1.0, 1.6, radius)).reshape(x.shape).astype(np.float32)
        planes = np.dstack([follow, depth_field(face, x, y), inside])
        pivot = face.points[mesh.CHIN] + face.down * 0.30 * face.height
        return cls(face=face, size=size, planes=planes, x=x, y=y, pivot=pivot)

    @property
    def spacing(self) -> float:
        """Canvas px between the nodes of this model."""
        return self.size / HEAD_NODES

    def field(self, pose: HeadPose) -> Grid:
        """Displacement of this model's nodes by the head's motion, float32 (HEAD_NODES, HEAD_NODES, 2) px."""
        planes = [np.asarray(plane, np.float32) for plane in cv2.split(self.planes)]
        return np.asarray(self._displaced(self.x, self.y, planes, pose), np.float32)

    def carry(self, points: Points, pose: HeadPose) -> Points:
        """Canvas points (n, 2) moved by the head."""
        at = ((points + 0.5) / self.spacing - 0.5).astype(np.float32)[None]
        planes = remap(self.planes, at)[0]
        there = [planes[:, i].astype(np.float64) for i in range(3)]
        return np.asarray(points + self._displaced(points[:, 0], points[:, 1], there, pose))

    def _displaced(self, x: Plane, y: Plane, planes: Sequence[Plane], pose: HeadPose) -> Plane:
        follow, depth, inside = planes
        yaw, pitch, roll = np.radians((pose.yaw, pose.pitch, pose.roll))
        height = self.face.height
        from_pivot_x, from_pivot_y = x - np.float32(self.pivot[0]), y - np.float32(self.pivot[1])
        from_centre_x, from_centre_y = x - np.float32(self.face.centre[0]), y - np.float32(self.face.centre[1])
        cosine, sine = np.float32(np.cos(roll) - 1), np.float32(np.sin(roll))
        scale = np.float32(pose.scale)
        moved_x = follow * (
            from_pivot_x * cosine - from_pivot_y * sine + np.float32(pose.x * height) + scale * from_centre_x
        )
        moved_y = follow * (
            from_pivot_x * sine + from_pivot_y * cosine + np.float32(pose.y * height) + scale * from_centre_y
        )
        moved_x += depth * np.float32(np.sin(yaw)) + inside * from_centre_x * np.float32(np.cos(yaw) - 1)
        moved_y += depth * np.float32(np.sin(pitch)) + inside * from_centre_y * np.float32(np.cos(pitch) - 1)
        return np.stack([moved_x, moved_y], -1)

    def body(self, pose: HeadPose) -> Matrix:
        """The whole sticker's motion about its bottom centre: (2, 3), canvas px to canvas px."""
        if not pose.body_moves:
            return np.eye(2, 3)
        turn = np.radians(pose.body_turn)
        stretch = np.diag([1 + pose.body_stretch_x, 1 + pose.body_stretch_y])
        linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ stretch
        pivot = np.array([self.size / 2, 0.98 * self.size])
        shift = np.array([pose.body_x, pose.body_y]) * self.face.height
        return np.column_stack([linear, pivot - linear @ pivot + shift])


def _thinned(grid: Grid) -> Grid:
    return np.asarray(cv2.resize(grid, (HEAD_NODES, HEAD_NODES), interpolation=cv2.INTER_AREA), np.float32)


def _follow(face: FaceFrame, points: Points) -> NDArray[np.float64]:
    """How much a point goes with the head: 1 down to the chin, 0 from the base of the neck."""
    below_chin = face.below(points, face.points[mesh.CHIN]) / face.height
    return 1 - smoothstep(-0.12, 0.62, below_chin)


class Expression:
    """One expression of one face: where it carries the mesh points, and the way back through both layers.

    Costly to undo and often the same from frame to frame (held poses), so a caller may keep it. The search for the
    way back does not begin at the frame before: a frame must not depend on which frames were asked for.
    """

    def __init__(
        self, upper: Layer, lower: Layer, points: Points, weights: Mapping[str, float], spacing: float
    ) -> None:
        self.weights = dict(weights)
        self.points = _posed(upper, points, weights)
        self.points_below = _posed(lower, points, weights)
        self._upper, self._lower, self._spacing = upper, lower, spacing

    @cached_property
    def undo(self) -> Grid | None:
        """Way back through layer A on all nodes, float32 (NODES, NODES, 2) px; None when nothing moves."""
        return self._undone(self._upper)

    @cached_property
    def undo_below(self) -> Grid | None:
        """Way back through layer B; zero outside its box."""
        return self._undone(self._lower)

    def _undone(self, layer: Layer) -> Grid | None:
        field: Grid | None = None
        for name, weight in self.weights.items():
            part = layer.fields.get(name)
            if part is not None:
                field = part * np.float32(weight) if field is None else np.asarray(cv2.scaleAdd(part, weight, field))
        if field is None:
            return None
        undo = np.zeros((NODES, NODES, 2), np.float32)
        rows, columns = layer.box.slices
        undo[rows, columns] = invert(field, self._spacing)
        return undo


def _posed(layer: Layer, points: Points, weights: Mapping[str, float]) -> Points:
    """The mesh points (468, 2) as the layer's field moves them."""
    moved = points.copy()
    for name, weight in weights.items():
        if name in layer.at_points:
            moved += layer.at_points[name] * weight
    return moved


class Warp:
    """The way back of one frame, shared by both layers."""

    def __init__(self, head: HeadModel, pose: HeadPose) -> None:
        self._spacing = head.size / NODES
        self.body = head.body(pose)
        self._body_moves = pose.body_moves
        self._nodes = _nodes(head.size)
        self._unposed = self._undo_head(head, pose)

    def _undo_head(self, head: HeadModel, pose: HeadPose) -> Grid:
        """Where each node was before head and body moved: float32 (NODES, NODES, 2) canvas px."""
        origin = self._nodes
        if self._body_moves:
            inverse = cv2.invertAffineTransform(self.body)
            origin = np.asarray(cv2.transform(self._nodes, inverse), np.float32)
        if not pose.head_moves:
            return origin
        field = head.field(pose)
        back = invert(field, head.spacing, _HEAD_ROUNDS, -field)
        shift = np.asarray(cv2.resize(back, (NODES, NODES), interpolation=cv2.INTER_CUBIC), np.float32)
        if self._body_moves:
            shift = self._sampled(shift, origin, cv2.BORDER_REPLICATE)
        return np.asarray(cv2.add(origin, shift), np.float32)

    def back(self, undo: Grid | None) -> Grid:
        """Source position of every node: float32 (NODES, NODES, 2) canvas px of the unposed picture.

        ``undo`` is an expression's way back through one layer, or None.
        """
        if undo is None:
            return self._unposed
        if self._unposed is not self._nodes:
            undo = self._sampled(undo, self._unposed, cv2.BORDER_CONSTANT)
        return np.asarray(cv2.add(self._unposed, undo), np.float32)

    def pixels_back(self, undo: Grid | None, window: tuple[int, int, int, int]) -> Grid:
        """Source position of every pixel of a small window (x0, y0, width, height): float32 (height, width, 2)."""
        x0, y0, width, height = window
        density = 1 / self._spacing
        first_x, first_y = max(int(x0 * density) - 1, 0), max(int(y0 * density) - 1, 0)
        last_x, last_y = int((x0 + width) * density) + 2, int((y0 + height) * density) + 2
        back = np.ascontiguousarray(self._unposed[first_y:last_y, first_x:last_x])
        if undo is not None:
            back = np.asarray(cv2.add(back, self._sampled(undo, back, cv2.BORDER_CONSTANT)), np.float32)
        to_nodes = np.array(
            [
                [density, 0, (x0 + 0.5) * density - 0.5 - first_x],
                [0, density, (y0 + 0.5) * density - 0.5 - first_y],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(back, to_nodes, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
        )

    def _sampled(self, field: Grid, at: Grid, border: int) -> Grid:
        offset = 0.5 / self._spacing - 0.5
        index = np.asarray(at * np.float32(1 / self._spacing) + np.float32(offset), np.float32)
        return remap(field, index, border)

    def forward(self, points: Points) -> Points:
        """Carry head-posed points (n, 2) on with the sticker's own motion."""
        return points @ self.body[:, :2].T + self.body[:, 2] if self._body_moves else points


def pixel_map(back: Grid, size: int, box: Box | None = None) -> Grid:
    """Node positions to a map for ``cv2.remap``: float32 (rows, columns, 2) for the pixels of a box of nodes.

    All nodes when ``box`` is None: (size, size, 2). Beyond the outermost nodes the shift stays what it was, so that
    what does not move comes out exact, up to the canvas edges.
    """
    box = Box(0, 0, NODES, NODES) if box is None else box
    pixels = size // NODES
    inner, outer = _resting(size)
    shift = cv2.copyMakeBorder(cv2.subtract(back, inner), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    # One node more on each side than the box has: interpolation needs both neighbours.
    around = slice(box.y0, box.y1 + 2), slice(box.x0, box.x1 + 2)
    positions = cv2.add(shift[around], outer[around])
    full = cv2.resize(positions, None, fx=pixels, fy=pixels, interpolation=cv2.INTER_LINEAR)
    return np.asarray(full[pixels:-pixels, pixels:-pixels], np.float32)


@lru_cache(maxsize=8)
def _resting(size: int) -> tuple[Grid, Grid]:
    """Canvas positions of all nodes, without and with a border of one node."""
    pixels = size / NODES
    line = ((np.arange(-1, NODES + 1) + 0.5) * pixels - 0.5).astype(np.float32)
    outer = np.dstack(np.meshgrid(line, line))
    inner = np.ascontiguousarray(outer[1:-1, 1:-1])
    for grid in (inner, outer):
        grid.setflags(write=False)
    return inner, outer


def reached(back: Grid, shown: tuple[int, int, int, int], size: int) -> Box:
    """The nodes whose pixels can show anything of a rectangle [x0, y0, x1, y1] of the source, canvas px."""
    x0, y0, x1, y1 = shown
    # Between two nodes the source moves by a spacing and what the warp stretches it.
    reach = 2 * size / NODES
    near = cv2.inRange(back, (x0 - reach, y0 - reach, 0, 0), (x1 + reach, y1 + reach, 0, 0))
    x, y, width, height = cv2.boundingRect(near)
    return Box(max(x - 1, 0), max(y - 1, 0), min(x + width + 1, NODES), min(y + height + 1, NODES))
