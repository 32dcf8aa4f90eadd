"""The order of layers: one posed frame, premultiplied, from a rig and a frame's channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local import shading
from app.engines.local import topology as mesh
from app.engines.local.effects.anchors import Anchors
from app.engines.local.eyes import EyePose, draw_eye
from app.engines.local.fields import NODES, Box
from app.engines.local.mouth import PARTING_UNITS, MouthPainter, mouth_shape
from app.engines.local.raster import catmull_rom, fill_polygon, over, remap, soften
from app.engines.local.topology import Side
from app.engines.local.units import side_weights, spare_spectacles
from app.engines.local.warp import Expression, HeadPose, Warp, pixel_map, reached

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from app.engines.local.rig import Rig

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]
    Grid = NDArray[np.float32]

_LID_UNITS = ("lid", "squint", "widen")
_BELOW = sorted({*mesh.LIPS_LOWER_INNER, *mesh.LIPS_LOWER_OUTER, *(i for side in Side for i in mesh.EYE_LOWER[side])})
"""Contours that only layer B carries right."""


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """A posed person: premultiplied RGBA canvas, the rows and columns outside which it is empty, where effects hold
    on, and the warp that led here."""

    canvas: Pixels
    region: tuple[slice, slice]
    anchors: Anchors
    back: Grid


class Puppet:
    """Draws the person of a sticker, frame after frame: everything but effects and caption.

    Args:
        rig: of the photo.
        bordered: with the sticker's white border and bust, else the bare cut-out.
        alpha_needed: whether the anchors' alpha must be the person's own (border excluded).
    """

    def __init__(self, rig: Rig, *, bordered: bool, alpha_needed: bool = False) -> None:
        self.rig, self.bordered, self.alpha_needed = rig, bordered, alpha_needed
        self._expression = self._expressed({})
        self._calmed = (0.0, self._still)

    @property
    def _still(self) -> Pixels:
        return self.rig.sticker if self.bordered else self.rig.person

    def _expressed(self, weights: dict[str, float]) -> Expression:
        rig = self.rig
        return Expression(rig.upper, rig.lower, rig.face.points, weights, rig.size / NODES)

    def pose(self, channels: Mapping[str, float]) -> Posed:
        """One frame; ``channels`` by name, absent ones at rest."""
        weights = spare_spectacles(side_weights(_units_only(channels)), self.rig.spectacles)
        # Poses are held over many frames: what only the expression decides is kept from the frame before.
        if weights != self._expression.weights:
            self._expression = self._expressed(weights)
        # Taking a smile away leaves its folds behind unless the light follows.
        calm = max(0.0, min(1.0, weights.get("neutral", 0.0)))
        if calm != self._calmed[0]:
            self._calmed = (calm, self.rig.calm.applied(self._still, calm) if calm > 0 else self._still)
        frame = _Frame(self.rig, channels, self._expression, self._calmed[1], bordered=self.bordered)
        return frame.draw(alpha_needed=self.alpha_needed)


def _units_only(channels: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in channels.items() if "." not in name}


class _Frame:
    """One frame in the making."""

    def __init__(
        self, rig: Rig, channels: Mapping[str, float], expression: Expression, source: Pixels, *, bordered: bool
    ) -> None:
        self.rig, self.channels, self.expression, self.source = rig, channels, expression, source
        self.weights = expression.weights
        self.pose = HeadPose.from_channels(channels)
        self.warp = Warp(rig.head, self.pose)
        self.bordered = bordered
        self.border = cv2.BORDER_CONSTANT if bordered else cv2.BORDER_REPLICATE
        self.fixed: dict[Side | None, Points] = {**{side: rig.eyes[side].middle for side in Side}, None: rig.mouth.seam}
        everything = np.concatenate(
            [
                expression.points,
                expression.points_below[_BELOW],
                *(point[None] for point in self.fixed.values()),
            ]
        )
        carried = self._carried(everything)
        count = len(rig.face.points)
        self.points, self.points_below = carried[:count], carried[:count].copy()
        self.points_below[_BELOW] = carried[count : count + len(_BELOW)]
        self.fixed_now = dict(zip(self.fixed, carried[count + len(_BELOW) :], strict=True))
        turn = np.radians(self.pose.roll + self.pose.body_turn)
        right, down = rig.face.right, rig.face.down
        self.right = right * np.cos(turn) + down * np.sin(turn)
        self.down = -right * np.sin(turn) + down * np.cos(turn)

    def _carried(self, points: Points) -> Points:
        """From the expression's points to the canvas: head, then body."""
        moved = self.rig.head.carry(points, self.pose) if self.pose.head_moves else points
        return self.warp.forward(moved)

    def _rigid(self, part: Side | None) -> NDArray[np.float64]:
        """How the skull moves at an eye, or at the mouth (None): (2, 3), rest canvas px to posed canvas px."""
        roll = np.radians(self.pose.roll)
        turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        linear = self.warp.body[:, :2] @ turn * (1 + self.pose.scale)
        return np.column_stack([linear, self.fixed_now[part] - linear @ self.fixed[part]])

    def draw(self, *, alpha_needed: bool) -> Posed:
        rig = self.rig
        back = self.warp.back(self.expression.undo)
        box = reached(back, rig.shown, rig.size) if self.bordered else Box(0, 0, NODES, NODES)
        canvas = self._warped(self.source, back, box)
        shape = mouth_shape(
            self.points[list(mesh.LIPS_UPPER_INNER)], self.points_below[list(mesh.LIPS_LOWER_INNER)], self.down
        )
        self._tear(canvas, (shape.upper + shape.lower) / 2)
        for side in Side:
            draw_eye(
                canvas,
                rig.eyes[side],
                self._eye_pose(side),
                self.points[list(mesh.EYE_UPPER[side])],
                self.points_below[list(mesh.EYE_LOWER[side])],
                self.points[list(mesh.LID_HALO_UPPER[side])],
                self._rigid(side),
                self.down,
            )
        mouth = {**self.weights, **{name: self.channels.get(name, 0.0) for name in ("tongue.out", "tongue.turn")}}
        axes = (self.right, self.down)
        MouthPainter(canvas, rig.mouth, shape, mouth, self._rigid(None), axes).paint()
        self._shade(canvas, back)
        alpha = cv2.extractChannel(canvas, 3)
        if alpha_needed:
            own = np.asarray(cv2.extractChannel(rig.person, 3), np.uint8)
            alpha = cv2.min(alpha, self._warped(own, back, box))
        anchors = Anchors(
            points=self.points,
            right=self.right,
            down=self.down,
            face_height=rig.face.height,
            size=rig.size,
            alpha=np.asarray(alpha, np.uint8),
        )
        return Posed(canvas, box.scaled(rig.size // NODES).slices, anchors, back)

    def _warped(self, source: Pixels, back: Grid, box: Box) -> Pixels:
        """A picture of the rig carried along; empty outside a box of nodes."""
        size = self.rig.size
        canvas = np.zeros((size, size, *source.shape[2:]), np.uint8)
        canvas[box.scaled(size // NODES).slices] = remap(source, pixel_map(back, size, box), self.border)
        return canvas

    def _eye_pose(self, side: Side) -> EyePose:
        lid, squint, widen = (self.weights.get(f"{unit}_{side}", 0.0) for unit in _LID_UNITS)
        return EyePose(
            lid=lid,
            squint=squint,
            widen=widen,
            gaze_x=self.channels.get("gaze.x", 0.0),
            gaze_y=self.channels.get("gaze.y", 0.0),
        )

    def _tear(self, canvas: Pixels, seam: Points) -> None:
        """Layer B below the tear lines of lids and lips, where the two layers part."""
        width = self.rig.eyes[Side.RIGHT].width
        eyes = [
            side for side in Side if max(abs(self.weights.get(f"{unit}_{side}", 0.0)) for unit in _LID_UNITS) > 0.02
        ]
        mouth = any(abs(self.weights.get(unit, 0.0)) > 0.01 for unit in PARTING_UNITS)
        if not (eyes or mouth):
            return
        for side in eyes:
            upper = catmull_rom(self.points[list(mesh.EYE_UPPER[side])], 4)
            lower = catmull_rom(self.points_below[list(mesh.EYE_LOWER[side])], 4)
            self._zone(canvas, (upper + lower) / 2, lower, width * 0.30, width * 0.05)
        if mouth:
            outer = catmull_rom(self.points_below[list(mesh.LIPS_LOWER_OUTER)], 4)
            height = self.rig.face.height
            self._zone(canvas, seam, outer, height * 0.03, height * 0.012)

    def _zone(self, canvas: Pixels, line: Points, lower: Points, margin: float, feather: float) -> None:
        """Lay layer B over the skin from a tear line down to a margin under the lower contour."""
        down, right = self.down, self.right
        # Where the contours have crossed, the tear line itself is the lowest.
        sunk = ((lower - line) @ down < 0)[:, None]
        lowest = np.where(sunk, line, lower)
        rim = lowest + down * margin * 1.5
        rim[[0, -1]] = lowest[[0, -1]]
        size = self.rig.size
        everything = np.concatenate([line, rim])
        x0, y0 = np.maximum(np.floor(everything.min(0) - feather * 2 - 4), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(everything.max(0) + feather * 2 + 4), size).astype(int)
        width, height = int(x1 - x0), int(y1 - y0)
        if width < 4 or height < 4:
            return
        window = (int(x0), int(y0), width, height)
        wide = fill_polygon(np.concatenate([line - down * margin * 2, rim[::-1]]), *window)
        soft = soften(wide, feather)
        long = np.concatenate([line[:1] - right * size * 0.08, line, line[-1:] + right * size * 0.08])
        below = fill_polygon(np.concatenate([long, (long + down * size * 0.4)[::-1]]), *window)
        mask = np.asarray(cv2.multiply(soft, below, scale=1 / 255), np.uint8)
        source = self.warp.pixels_back(self.expression.undo_below, window)
        part = remap(self.source, source, self.border)
        over(canvas[y0:y1, x0:x1], part, 1.0, mask)

    def _shade(self, canvas: Pixels, back: Grid) -> None:
        strengths = {name: self.channels.get(f"shade.{name}", 0.0) for name in shading.SHADES}
        gain = shading.combined(self.rig.shades, strengths)
        if gain is None:
            return
        shading.apply(canvas, gain, back, self._face_region().slices)

    def _face_region(self) -> Box:
        spacing = self.rig.size / NODES
        oval = self.points[list(mesh.OVAL)]
        margin = 0.06 * self.rig.face.height
        low = np.clip(np.floor((oval.min(0) - margin) / spacing).astype(int), 0, NODES - 2)
        high = np.clip(np.ceil((oval.max(0) + margin) / spacing).astype(int), 2, NODES)
        return Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
