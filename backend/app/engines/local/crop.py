"""Square crops, turned with the face, as the networks take them, and the way back to the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.networks import Pixels, Points


@dataclass(frozen=True, slots=True, eq=False)
class MeshCrop:
    """A square of the picture: ``centre`` (2,) and ``side`` in its pixels, ``angle`` in radians, clockwise."""

    centre: Points
    side: float
    angle: float

    def moved(self, *, turn: float = 0.0, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> MeshCrop:
        """The crop turned by ``turn`` radians, scaled, and shifted by ``shift`` sides of it."""
        return MeshCrop(self.centre + np.array(shift) * self.side, self.side * scale, self.angle + turn)


def crop_matrix(crop: MeshCrop, size: int) -> NDArray[np.float64]:
    """The affine map (2, 3) from the picture's pixels to those of the crop at ``size`` px."""
    zoom = size / crop.side
    cosine, sine = np.cos(crop.angle) * zoom, np.sin(crop.angle) * zoom
    linear = np.array([[cosine, sine], [-sine, cosine]])
    offset = np.full(2, size / 2 - 0.5) - linear @ crop.centre
    return np.column_stack([linear, offset])


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A part of a picture, reduced: place p of ``pixels`` is ``origin`` + ``reduction`` * p of the picture."""

    pixels: Pixels
    origin: Points
    reduction: int

    def crop(self, crop: MeshCrop) -> MeshCrop:
        """A crop of the picture, in the view's pixels."""
        return MeshCrop((crop.centre - self.origin) / self.reduction, crop.side / self.reduction, crop.angle)

    def picture_crop(self, crop: MeshCrop) -> MeshCrop:
        """A crop of the view, in the picture's pixels."""
        return MeshCrop(self.origin + crop.centre * self.reduction, crop.side * self.reduction, crop.angle)

    def picture_points(self, points: Points) -> Points:
        """Points (n, 2) or (n, 3) of the view in the picture's pixels; depth only grows."""
        scaled = points * self.reduction
        scaled[:, :2] += self.origin
        return scaled


def view_around(image: Pixels, crop: MeshCrop, size: int, *, reach: float = 0.75) -> View:
    """What several passes over a large face at ``size`` px need of a picture, reduced once for all of them.

    ``reach``, in sides of the crop, is how far the view extends from its centre; half a diagonal is 0.71. A small
    face is left as it is. Without the reduction bilinear sampling would skip pixels and pass noise for sharpness.
    """
    reduction = int(crop.side / size)
    extent = crop.side * reach + 2 * reduction
    left, top = (max(int(edge), 0) for edge in np.floor(crop.centre - extent))
    right, bottom = (int(edge) for edge in np.ceil(crop.centre + extent))
    part = image[top:bottom, left:right] if right > 0 and bottom > 0 else image[:0]
    # Whole multiples only, so that a reduced pixel is the mean of a full square; the last few rows fall away.
    rows, columns = (length // reduction for length in part.shape[:2]) if reduction >= 2 else (0, 0)
    if not rows or not columns:
        return View(image, np.zeros(2), 1)
    part = part[: rows * reduction, : columns * reduction]
    small = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    return View(small, np.array([left, top]) + (reduction - 1) / 2, reduction)


def cut(image: Pixels, crop: MeshCrop, size: int) -> Pixels:
    """The crop's pixels (size, size, channels); what lies outside the picture repeats its edge."""
    view = view_around(image, crop, size)
    matrix = crop_matrix(view.crop(crop), size)
    pixels = cv2.warpAffine(view.pixels, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(pixels, np.uint8)


def to_picture(points: Points, crop: MeshCrop, size: int) -> Points:
    """Points (n, 2) of a crop at ``size`` px, in the picture's pixels."""
    matrix = crop_matrix(crop, size)
    back: Points = (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return back
