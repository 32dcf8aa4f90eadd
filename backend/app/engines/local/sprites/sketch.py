"""Vector drawing with an edge that reads on any background.

A sketch is drawn three times larger than needed in u8 premultiplied RGBA and averaged down once, so a sprite
costs a few milliseconds, once per size and colour. Coordinates are the drawing's own units, x right, y down,
origin in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.raster import over

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.raster import Canvas, Mask, Outline, Sprite

Rgb = tuple[int, int, int]

WHITE: Rgb = (255, 255, 255)
OVERSAMPLING = 3


@dataclass(frozen=True, slots=True)
class Fade:
    """A vertical gradient in a sketch's units: ``top`` colour at ``y0``, ``bottom`` colour at ``y1``."""

    top: Rgb
    bottom: Rgb
    y0: float
    y1: float


Paint = Rgb | Fade


def rgb(colour: str) -> Rgb:
    """Return the (r, g, b) of ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """Return the colour ``share`` of the way from the first to the second."""
    r, g, b = (round(p + (q - p) * share) for p, q in zip(first, second, strict=True))
    return r, g, b


def lighter(colour: Rgb, share: float) -> Rgb:
    """Mix white in."""
    return mix(colour, WHITE, share)


def darker(colour: Rgb, share: float) -> Rgb:
    """Mix a deep shade of the same hue in; plain black would look dirty."""
    return mix(colour, (round(colour[0] * 0.42), round(colour[1] * 0.30), round(colour[2] * 0.40)), share)


def bucket(pixels: float) -> int:
    """Round a wanted sprite size up to one of a few sizes, so that sprites are shared between photos."""
    steps = np.ceil(np.log2(max(pixels, 8.0)) * 4.0 - 1e-6)
    return int(np.ceil(2.0 ** (steps / 4.0)))


class Sketch:
    """A drawing of ``width`` x ``height`` units at ``scale`` pixels per unit."""

    def __init__(self, width: float, height: float, scale: float, *, oversampling: int = OVERSAMPLING) -> None:
        self.pixel_width = max(int(np.ceil(width * scale)), 2)
        self.pixel_height = max(int(np.ceil(height * scale)), 2)
        self._scale = scale * oversampling
        self.canvas: Canvas = np.zeros(
            (self.pixel_height * oversampling, self.pixel_width * oversampling, 4), dtype=np.uint8
        )
        self._origin = np.array([self.canvas.shape[1] - 1, self.canvas.shape[0] - 1], dtype=np.float64) / 2.0

    def fill(
        self, points: Outline, paint: Paint, *, opacity: float = 1.0, inside: bool = False, blur: float = 0.0
    ) -> None:
        """Fill a closed shape; ``inside`` keeps to what is drawn already, ``blur`` softens by that many units."""
        corners = self._pixels(points)
        self._lay(_polygon(corners, self.canvas.shape), paint, opacity, inside, blur)

    def stroke(
        self,
        points: Outline,
        width: float,
        paint: Paint,
        *,
        closed: bool = False,
        opacity: float = 1.0,
        inside: bool = False,
        blur: float = 0.0,
    ) -> None:
        """Draw a line of constant width with round ends and joints."""
        mask = np.zeros(self.canvas.shape[:2], dtype=np.uint8)
        fixed = np.rint(self._pixels(points) * 16.0).astype(np.int32)
        thickness = max(round(width * self._scale), 1)
        cv2.polylines(mask, [fixed], closed, 255, thickness, cv2.LINE_AA, 4)
        self._lay(mask, paint, opacity, inside, blur)

    def ellipse(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        paint: Paint,
        *,
        angle: float = 0.0,
        opacity: float = 1.0,
        inside: bool = False,
        blur: float = 0.0,
    ) -> None:
        """Fill an ellipse turned clockwise by ``angle`` degrees."""
        self.fill(oval(centre, radii, angle), paint, opacity=opacity, inside=inside, blur=blur)

    def erase(self, points: Outline) -> None:
        """Clear a closed shape."""
        self.canvas[_polygon(self._pixels(points), self.canvas.shape) > 0] = 0

    def rim(self, width: float, paint: Paint, *, opacity: float = 1.0) -> None:
        """Put an outline of constant width below all that is drawn: the edge that reads on any background."""
        reach = width * self._scale
        outside = (self.canvas[..., 3] < 128).astype(np.uint8)
        distance = cv2.distanceTransform(outside, cv2.DIST_L2, 5)
        mask = np.clip((reach + 0.5 - distance) * 255.0, 0.0, 255.0).astype(np.uint8)
        drawn = self.canvas
        self.canvas = np.zeros_like(drawn)
        self._lay(mask, paint, opacity, inside=False, blur=0.0)
        over(self.canvas, drawn)

    def stencil(self, mask: Mask, paint: Paint, *, opacity: float = 1.0) -> None:
        """Paint through a mask of the oversampled canvas' own shape, as text gives it."""
        self._lay(mask, paint, opacity, inside=False, blur=0.0)

    def thicken(self, depth: float, paint: Paint) -> None:
        """Put a side wall below all that is drawn, ``depth`` units downwards, as of a thick plate."""
        rows = max(round(depth * self._scale), 1)
        solid = np.ascontiguousarray(self.canvas[..., 3])
        # A column of ones above the anchor drags the shape downwards.
        dragged = cv2.dilate(solid, np.ones((rows + 1, 1), np.uint8), anchor=(0, rows))
        drawn = self.canvas
        self.canvas = np.zeros_like(drawn)
        self._lay(np.asarray(dragged, np.uint8), paint, 1.0, inside=False, blur=0.0)
        over(self.canvas, drawn)

    def sprite(self) -> Sprite:
        """Return the drawing at its real size, read-only."""
        size = (self.pixel_width, self.pixel_height)
        picture = np.asarray(cv2.resize(self.canvas, size, interpolation=cv2.INTER_AREA), np.uint8)
        # Rounding in the average may lift a colour one step over alpha.
        np.minimum(picture[..., :3], picture[..., 3:], out=picture[..., :3])
        picture.setflags(write=False)
        return picture

    def _pixels(self, points: Outline) -> NDArray[np.float64]:
        pixels: NDArray[np.float64] = np.asarray(points, dtype=np.float64) * self._scale + self._origin
        return pixels

    def _lay(self, mask: Mask, paint: Paint, opacity: float, inside: bool, blur: float) -> None:
        if blur > 0.0:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), blur * self._scale), np.uint8)
        if inside:
            mask = np.asarray(cv2.multiply(mask, np.ascontiguousarray(self.canvas[..., 3]), scale=1 / 255), np.uint8)
        x, y, width, height = cv2.boundingRect(mask)
        if not width:
            return
        window = (slice(y, y + height), slice(x, x + width))
        colours = self._paint(paint, y, height, width)
        coverage = np.ascontiguousarray(mask[window])
        layer = np.asarray(cv2.multiply(colours, cv2.merge([coverage] * 4), scale=1.0 / 255.0), np.uint8)
        over(self.canvas[window], layer, opacity)

    def _paint(self, paint: Paint, y: int, height: int, width: int) -> Canvas:
        if isinstance(paint, Fade):
            rows = (np.arange(y, y + height) - self._origin[1]) / self._scale
            share = np.clip((rows - paint.y0) / (paint.y1 - paint.y0), 0.0, 1.0)[:, None]
            ramp = np.asarray(paint.top) * (1.0 - share) + np.asarray(paint.bottom) * share
        else:
            ramp = np.tile(np.asarray(paint, dtype=np.float64), (height, 1))
        column = np.full((height, 1, 4), 255, dtype=np.uint8)
        column[:, 0, :3] = np.rint(ramp)
        return np.ascontiguousarray(np.broadcast_to(column, (height, width, 4)))


def oval(centre: tuple[float, float], radii: tuple[float, float], angle: float = 0.0) -> NDArray[np.float64]:
    """Return 72 points (72, 2) of an ellipse turned clockwise by ``angle`` degrees."""
    circle = _circle()
    turned: NDArray[np.float64] = turn(circle * np.asarray(radii), angle) + np.asarray(centre)
    return turned


def shift(points: Outline, x: float, y: float) -> NDArray[np.float64]:
    """Move points (n, 2)."""
    moved: NDArray[np.float64] = np.asarray(points, dtype=np.float64) + np.array([x, y])
    return moved


def turn(points: Outline, angle: float) -> NDArray[np.float64]:
    """Turn points (n, 2) clockwise on the screen round the origin by ``angle`` degrees."""
    radians = np.radians(angle)
    c, s = np.cos(radians), np.sin(radians)
    turned: NDArray[np.float64] = np.asarray(points, dtype=np.float64) @ np.array([[c, s], [-s, c]])
    return turned


def arc(centre: tuple[float, float], radius: float, start: float, end: float, count: int = 32) -> NDArray[np.float64]:
    """Return points (count, 2) of an arc; angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, count))
    return np.stack((centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)), axis=1)


@lru_cache(maxsize=1)
def _circle() -> NDArray[np.float64]:
    angles = np.linspace(0.0, 2.0 * np.pi, 72, endpoint=False)
    return np.stack((np.cos(angles), np.sin(angles)), axis=1)


def _polygon(corners: NDArray[np.float64], shape: tuple[int, ...]) -> Mask:
    # Without LINE_AA: it would fatten the shape, and the averaging smooths the edge anyway.
    mask = np.zeros(shape[:2], dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(corners * 16.0).astype(np.int32)], 255, cv2.LINE_8, 4)
    return mask
