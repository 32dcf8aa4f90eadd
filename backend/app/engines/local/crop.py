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


def cut(image: Pixels, crop: MeshCrop, size: int) -> Pixels:
    """The crop's pixels (size, size, channels); what lies outside the picture repeats its edge."""
    matrix = crop_matrix(crop, size)
    reduction = int(crop.side / size)
    if reduction >= 2:
        image, matrix = _reduced(image, crop, matrix, reduction)
    pixels = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(pixels, np.uint8)


def _reduced(
    image: Pixels, crop: MeshCrop, matrix: NDArray[np.float64], reduction: int
) -> tuple[Pixels, NDArray[np.float64]]:
    """The part of the picture round the crop at 1/reduction, and the matrix for it.

    Bilinear sampling alone would skip pixels of a large face and pass noise for sharpness.
    """
    height, width = image.shape[:2]
    reach = crop.side * 0.75 + 2 * reduction  # half the diagonal, and some
    left, top = (int(np.clip(v, 0, None)) for v in np.floor(crop.centre - reach))
    right, bottom = (int(v) for v in np.ceil(crop.centre + reach))
    part = image[min(top, height - 1) : max(bottom, 1), min(left, width - 1) : max(right, 1)]
    # Whole multiples only, so that a reduced pixel is the mean of a full square; the last few rows fall away.
    rows, columns = part.shape[0] // reduction, part.shape[1] // reduction
    if not rows or not columns:
        return image, matrix
    part = part[: rows * reduction, : columns * reduction]
    small = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    # Picture x = left + reduction * small x + (reduction - 1) / 2, with pixel centres at whole numbers.
    corner = np.array([min(left, width - 1), min(top, height - 1)]) + (reduction - 1) / 2
    linear = matrix[:, :2]
    return small, np.column_stack([linear * reduction, linear @ corner + matrix[:, 2]])


def to_picture(points: Points, crop: MeshCrop, size: int) -> Points:
    """Points (n, 2) of a crop at ``size`` px, in the picture's pixels."""
    matrix = crop_matrix(crop, size)
    back: Points = (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return back
