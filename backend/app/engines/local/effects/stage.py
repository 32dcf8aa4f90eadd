"""What an effect draws with: the canvas of this frame, the face, the time and its own strength."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.raster import blit, placed
from app.engines.local.sprites.sketch import bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from app.engines.local.effects.anchors import Anchors, Layer, Point
    from app.engines.local.raster import Canvas, Sprite
    from app.engines.local.sprites.sketch import Rgb

_SHIFT = 4
_ONE = 1 << _SHIFT


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One effect in one layer of one frame; ``strength`` over 0, up to about 1.3 when a curve overshoots."""

    canvas: Canvas
    anchors: Anchors
    layer: Layer
    t: float
    strength: float

    @property
    def opacity(self) -> float:
        """Strength as an opacity."""
        return min(self.strength, 1.0)

    def sized(self, draw: Callable[[int], Sprite], extent: float) -> tuple[Sprite, float]:
        """Return a sprite and the scale at which it is ``extent`` face heights large.

        It is drawn in one of a few sizes, the next larger one, so that the same pictures serve many photos.
        """
        wanted = max(extent * self.anchors.face_height, 2.0)
        pixels = bucket(min(wanted, self.anchors.size * 1.5))
        return draw(pixels), wanted / pixels

    def put(
        self,
        sized: tuple[Sprite, float],
        centre: Point,
        *,
        grow: float = 1.0,
        angle: float = 0.0,
        opacity: float = 1.0,
        stretch: tuple[float, float] = (1.0, 1.0),
        on_person: bool = False,
    ) -> None:
        """Lay a sprite with its middle at ``centre``; ``on_person`` clips it by the person's alpha."""
        sprite, scale = sized
        if grow * scale * sprite.shape[1] < 1.0 or opacity <= 0.0:
            return
        matrix = placed(sprite, centre, scale * grow, angle, stretch)
        blit(self.canvas, sprite, matrix, opacity, self.anchors.alpha if on_person else None)

    def inside(self, centre: Point, sized: tuple[Sprite, float], margin: float = 0.01) -> Point:
        """Move a point so far that a sprite round it lies inside the canvas."""
        sprite, scale = sized
        half = np.array([sprite.shape[1], sprite.shape[0]]) * (scale / 2.0) + margin * self.anchors.size
        moved: Point = np.minimum(np.maximum(centre, half), np.maximum(self.anchors.size - 1.0 - half, half))
        return moved

    def shape(self, points: NDArray[np.float64], colour: Rgb) -> None:
        """Fill a polygon of canvas points, opaque; not for the skin layer, it knows no alpha."""
        cv2.fillPoly(self.canvas, [_fixed(points)], (*colour, 255), cv2.LINE_AA, _SHIFT)

    def shapes(self, outlines: Sequence[NDArray[np.float64]], colour: Rgb) -> None:
        """Fill polygons that do not overlap, opaque."""
        cv2.fillPoly(self.canvas, [_fixed(points) for points in outlines], (*colour, 255), cv2.LINE_AA, _SHIFT)

    def chips(self, corners: NDArray[np.float64], colours: Sequence[Rgb]) -> None:
        """Fill small convex polygons (n, corners, 2), one colour each."""
        for outline, colour in zip(_fixed(corners), colours, strict=True):
            cv2.fillConvexPoly(self.canvas, outline, (*colour, 255), cv2.LINE_AA, _SHIFT)

    def stroke(self, points: NDArray[np.float64], width: float, colour: Rgb) -> None:
        """Draw an open line of canvas points with round joints, opaque."""
        thickness = max(round(width), 1)
        cv2.polylines(self.canvas, [_fixed(points)], False, (*colour, 255), thickness, cv2.LINE_AA, _SHIFT)

    def disc(self, centre: Point, radius: float, colour: Rgb) -> None:
        """Fill a circle, opaque."""
        x, y = _fixed(centre)
        cv2.circle(self.canvas, (int(x), int(y)), round(radius * _ONE), (*colour, 255), -1, cv2.LINE_AA, _SHIFT)


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.rint(points * _ONE).astype(np.int32)
