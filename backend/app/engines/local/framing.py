"""From the photo to the canvas: a square round the head, hair and shoulders included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.networks import segmentation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

SIDE_IN_FACES = 2.0
"""Canvas side over forehead-to-chin height; tall hair or a hat makes it larger."""
FACE_AT = (0.5, 0.47)
"""Where the middle of the face stands on the canvas, as shares of its side."""
HAIR_MARGIN = 0.075
"""Free space over the hair, as a share of the side."""
_SEARCH_IN_FACES = 2.7
# Bilinear warps soften the picture by up to half a pixel; sharpening once before them gives that back.
_SHARPEN = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Framed:
    """The canvas cut from the photo.

    ``pixels`` RGB u8 (size, size, 3); ``valid`` u8 (size, size), 255 where the photo reaches; ``matrix`` (2, 3)
    from source px to canvas px (a uniform scale and a shift); ``alpha`` u8 (size, size) from the photo or None;
    ``opinion`` float32 (size, size) 0..1, who is a person as a first, wider look had it, -1 where it did not look.
    """

    pixels: Pixels
    valid: Pixels
    matrix: NDArray[np.float64]
    alpha: Pixels | None
    opinion: NDArray[np.float32]


def frame(image: Pixels, landmarks: NDArray[np.float64], size: int, alpha: Pixels | None = None) -> Framed:
    """Cut the canvas round one face; ``landmarks`` (468, 3) in source px, ``alpha`` u8 (h, w) of the photo."""
    forehead, chin = landmarks[mesh.FOREHEAD_TOP, :2], landmarks[mesh.CHIN, :2]
    face_height = float(np.linalg.norm(forehead - chin))
    centre = (forehead + chin) / 2 + (0, 0.02 * face_height)
    look = _look(centre, face_height)
    person = segmentation(_sample(image, look, 256))
    top = _hair_top(person, look, float(centre[1]), face_height)
    side = max(SIDE_IN_FACES * face_height, (centre[1] - top) / (FACE_AT[1] - HAIR_MARGIN))
    scale = size / side
    shift = np.array(FACE_AT) * size - centre * scale
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    pixels = _sample(image, matrix, size)
    blurred = cv2.GaussianBlur(pixels, (0, 0), 0.8)
    pixels = np.asarray(cv2.addWeighted(pixels, 1 + _SHARPEN, blurred, -_SHARPEN, 0), np.uint8)
    everywhere = np.full(image.shape[:2], 255, np.uint8)
    valid = cv2.warpAffine(everywhere, matrix, (size, size), flags=cv2.INTER_NEAREST)
    zoom = scale / look[0, 0]
    onto_canvas = np.array(
        [[zoom, 0, matrix[0, 2] - zoom * look[0, 2]], [0, zoom, matrix[1, 2] - zoom * look[1, 2]]],
    )
    opinion = cv2.warpAffine(
        person, onto_canvas, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=(-1,)
    )
    return Framed(
        pixels=pixels,
        valid=np.asarray(valid, np.uint8),
        matrix=matrix,
        alpha=None if alpha is None else _sample(alpha, matrix, size, border=cv2.BORDER_CONSTANT),
        opinion=np.asarray(opinion, np.float32),
    )


def _look(centre: NDArray[np.float64], face_height: float) -> NDArray[np.float64]:
    """From source px to the 256 px square of the first look: wide enough for hair, hats and shoulders."""
    scale = 256 / (_SEARCH_IN_FACES * face_height)
    return np.array([[scale, 0, 128 - centre[0] * scale], [0, scale, 128 - centre[1] * scale]])


def _hair_top(person: NDArray[np.float32], look: NDArray[np.float64], centre_y: float, face_height: float) -> float:
    """The first row, in source px, where the person shows over the face; 0 when the hair leaves the photo."""
    scale = float(look[0, 0])
    half = int(0.5 * face_height * scale)
    rows = np.flatnonzero((person[:, 128 - half : 128 + half] > 0.5).mean(1) > 0.08)
    first = int(rows[0]) if rows.size else 60
    return max(centre_y + (first - 128) / scale, 0.0)


def _sample(image: Pixels, matrix: NDArray[np.float64], size: int, border: int = cv2.BORDER_REPLICATE) -> Pixels:
    """Warp by a scale and a shift without aliasing: only the part that is needed is averaged down first."""
    scale = float(matrix[0, 0])
    height, width = image.shape[:2]
    # A margin of a few pixels keeps the replicated border the photo's own.
    x0, y0 = np.floor((np.array([-4.0, -4.0]) - matrix[:, 2]) / scale).astype(int)
    x1, y1 = np.ceil((np.array([size + 4.0, size + 4.0]) - matrix[:, 2]) / scale).astype(int)
    x0, x1 = int(np.clip(x0, 0, width - 1)), int(np.clip(x1, 1, width))
    y0, y1 = int(np.clip(y0, 0, height - 1)), int(np.clip(y1, 1, height))
    part = image[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    local = matrix.copy()
    local[:, 2] += np.array([x0, y0]) * scale
    if scale < 0.75:
        target = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        factor = np.array([target[0] / part.shape[1], target[1] / part.shape[0]])
        part = np.asarray(cv2.resize(part, target, interpolation=cv2.INTER_AREA), np.uint8)
        # INTER_AREA maps pixel edges to pixel edges; centres shift by (factor - 1) / 2.
        local = np.array(
            [
                [scale / factor[0], 0, local[0, 2] - scale / factor[0] * (factor[0] - 1) / 2],
                [0, scale / factor[1], local[1, 2] - scale / factor[1] * (factor[1] - 1) / 2],
            ]
        )
    flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(part, local, (size, size), flags=flags, borderMode=border), np.uint8)
