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
Window = tuple[slice, slice]

WHITE: Rgb = (255, 255, 255)
OVERSAMPLING = 3
_LARGE = 190.0
"""Longest side, px, of a sprite that needs the full oversampling; edges of larger ones are fine with less."""


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

    def __init__(self, width: float, height: float, scale: float, *, oversampling: int | None = None) -> None:
        oversampling = oversampling or (OVERSAMPLING if max(width, height) * scale <= _LARGE else OVERSAMPLING - 1)
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
        window = self._window(corners, 0.0, blur)
        mask = _polygon(corners - (window[1].start, window[0].start), window)
        self._lay(mask, window, paint, opacity, inside, blur)

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
        corners = self._pixels(points)
        thickness = max(round(width * self._scale), 1)
        window = self._window(corners, thickness / 2.0, blur)
        rows, columns = window
        mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=np.uint8)
        fixed = np.rint((corners - (columns.start, rows.start)) * 16.0).astype(np.int32)
        cv2.polylines(mask, [fixed], closed, 255, thickness, cv2.LINE_AA, 4)
        self._lay(mask, window, paint, opacity, inside, blur)

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
        self.canvas[_polygon(self._pixels(points), self._whole) > 0] = 0

    def rim(self, width: float, paint: Paint, *, opacity: float = 1.0) -> None:
        """Put an outline of constant width below all that is drawn: the edge that reads on any background."""
        reach = width * self._scale
        outside = cv2.inRange(self.canvas[..., 3], 0, 127)
        distance = cv2.distanceTransform(outside, cv2.DIST_L2, 5)
        # 255 within reach, falling to 0 over the next pixel; saturates both ways.
        edge = cv2.addWeighted(distance, -255.0, distance, 0.0, (reach + 0.5) * 255.0, dtype=cv2.CV_8U)
        mask = np.asarray(edge, np.uint8)
        drawn = self.canvas
        self.canvas = np.zeros_like(drawn)
        self._lay(mask, self._whole, paint, opacity, inside=False, blur=0.0)
        over(self.canvas, drawn)

    def stencil(self, mask: Mask, paint: Paint, *, opacity: float = 1.0) -> None:
        """Paint through a mask of the oversampled canvas' own shape, as text gives it."""
        self._lay(mask, self._whole, paint, opacity, inside=False, blur=0.0)

    def thicken(self, depth: float, paint: Paint) -> None:
        """Put a side wall below all that is drawn, ``depth`` units downwards, as of a thick plate."""
        rows = max(round(depth * self._scale), 1)
        solid = np.ascontiguousarray(self.canvas[..., 3])
        # A column of ones above the anchor drags the shape downwards.
        dragged = cv2.dilate(solid, np.ones((rows + 1, 1), np.uint8), anchor=(0, rows))
        drawn = self.canvas
        self.canvas = np.zeros_like(drawn)
        self._lay(np.asarray(dragged, np.uint8), self._whole, paint, 1.0, inside=False, blur=0.0)
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

    @property
    def _whole(self) -> Window:
        return slice(0, self.canvas.shape[0]), slice(0, self.canvas.shape[1])

    def _window(self, corners: NDArray[np.float64], reach: float, blur: float) -> Window:
        """Return the part of the canvas that a shape can touch, at least one pixel."""
        margin = reach + 3.5 * blur * self._scale + 2.0
        height, width = self.canvas.shape[:2]
        left, top = np.floor(corners.min(axis=0) - margin).astype(int).clip(0, (width - 1, height - 1)).tolist()
        right, bottom = np.ceil(corners.max(axis=0) + margin).astype(int).tolist()
        return slice(top, min(max(bottom, top + 1), height)), slice(left, min(max(right, left + 1), width))

    def _lay(  # noqa: PLR0917 - private, always given in full
        self, mask: Mask, window: Window, paint: Paint, opacity: float, inside: bool, blur: float
    ) -> None:
        canvas = self.canvas[window]
        if blur > 0.0:
            mask = _blurred(mask, blur * self._scale)
        if inside:
            mask = np.asarray(cv2.multiply(mask, np.ascontiguousarray(canvas[..., 3]), scale=1.0 / 255.0), np.uint8)
        over(canvas, self._painted(mask, paint, window[0].start), opacity)

    def _painted(self, mask: Mask, paint: Paint, y: int) -> Canvas:
        """Return the premultiplied layer of a paint through a mask whose first row is row ``y`` of the canvas."""
        if not isinstance(paint, Fade):
            planes = [cv2.convertScaleAbs(mask, alpha=channel / 255.0) for channel in paint]
            return np.asarray(cv2.merge([*planes, mask]), np.uint8)
        height, width = mask.shape
        rows = (np.arange(y, y + height) - self._origin[1]) / self._scale
        share = np.clip((rows - paint.y0) / (paint.y1 - paint.y0), 0.0, 1.0)
        planes = []
        for top, bottom in zip(paint.top, paint.bottom, strict=True):
            column = np.rint(top + (bottom - top) * share).astype(np.uint8)[:, None]
            planes.append(cv2.multiply(mask, cv2.repeat(column, 1, width), scale=1.0 / 255.0))
        return np.asarray(cv2.merge([*planes, mask]), np.uint8)


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


def _polygon(corners: NDArray[np.float64], window: Window) -> Mask:
    # Without LINE_AA: it would fatten the shape, and the averaging smooths the edge anyway.
    rows, columns = window
    mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(corners * 16.0).astype(np.int32)], 255, cv2.LINE_8, 4)
    return mask


def _blurred(mask: Mask, sigma: float) -> Mask:
    """Blur; a wide blur at a quarter of the size, where it costs a fiftieth and looks the same."""
    height, width = mask.shape
    if sigma < 6.0 or min(height, width) < 8:
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.uint8)
    small = cv2.resize(mask, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / 4.0)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
