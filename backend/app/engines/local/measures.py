"""What the gates measure on a face: size, sharpness, lids, lenses, steadiness of the mesh.

Every figure is relative to the face, so it means the same on small and on large photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local import topology
from app.engines.local.crop import MeshCrop, cut, view_around
from app.engines.local.detect import read_landmarks
from app.engines.local.networks import MESH_SIZE
from app.engines.local.topology import Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.detect import Face
    from app.engines.local.networks import Pixels

# Of 24 combinations of crop side, share of edges, blur and grain filter, this one keeps good and blurred portraits
# farthest apart: worst against worst 1.3 to 1. A face of 100 px fills the crop without being enlarged much.
_SHARPNESS_SIZE = 160
_SHARPNESS_BLUR = 7
_GRAIN_SIGMA = 0.8
_EDGE_PERCENTILE = 90
_BRIGHTNESS_SIZE = 48
# Points whose neighbourhood is skin on a bare face: cheeks, beside the mouth, forehead.
_SKIN = (50, 280, 205, 425, 151, 108, 337)
# Small changes of the mesh's crop: about 7 degrees, a tenth in size, 4 % of its side.
_TURNS = (0.12, -0.12)
_SCALES = (0.88, 1.15)
_SHIFTS = ((0.04, 0.03), (-0.04, -0.03))
_LIPS = list(topology.LIPS_UPPER_OUTER + topology.LIPS_LOWER_OUTER)
_EYE_FIXES = {side: [topology.EYE_UPPER[side][i] for i in (0, 4, 8)] + [topology.EYE_LOWER[side][4]] for side in Side}


def face_height(face: Face) -> float:
    """Top of the forehead to the chin, in the picture's pixels."""
    line = face.landmarks[topology.CHIN, :2] - face.landmarks[topology.FOREHEAD_TOP, :2]
    return float(np.linalg.norm(line))


def outside(image: Pixels, face: Face) -> tuple[float, float]:
    """How far the face leaves the picture: share of its outline's points, and the farthest in face heights."""
    height, width = image.shape[:2]
    outline = face.landmarks[list(topology.OVAL), :2]
    beyond = np.maximum(-outline, outline - (width - 1, height - 1)).max(axis=1)
    return float((beyond > 0).mean()), max(float(beyond.max()), 0.0) / max(face_height(face), 1.0)


def brightness(image: Pixels, face: Face) -> float:
    """Grey level, 0..255, that the brightest twentieth of the face reaches: highlights tell the light from the skin."""
    crop = MeshCrop(face.crop.centre, face.crop.side / 1.5, face.crop.angle)
    grey = cv2.cvtColor(cut(image, crop, _BRIGHTNESS_SIZE), cv2.COLOR_RGB2GRAY)
    return float(np.percentile(grey, 95))


def sharpness(image: Pixels, face: Face) -> float:
    """Share of the steepest edges' contrast that one more blur would take away, 0..1, in the blurriest direction.

    What is blurred already loses little. Only the steepest tenth of the pixels counts, since grain would speak for
    the rest; and the least of four directions, because a camera that moved leaves edges along its way sharp.
    The idea is from Crete and others, "The blur effect" (2007).
    """
    crop = MeshCrop(face.crop.centre, face.crop.side / 1.5, face.crop.angle)
    shades = cv2.cvtColor(cut(image, crop, _SHARPNESS_SIZE), cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = np.asarray(cv2.GaussianBlur(shades, (0, 0), _GRAIN_SIGMA), np.float32)
    length = _SHARPNESS_BLUR
    along = np.zeros((length, length), np.float32)
    along[length // 2] = 1 / length
    slant = np.eye(length, dtype=np.float32) / length
    losses = []
    for kernel, (row, column) in ((along, (0, 1)), (along.T, (1, 0)), (slant, (1, 1)), (slant[::-1], (-1, 1))):
        before = _steps(grey, row, column)
        after = _steps(np.asarray(cv2.filter2D(grey, -1, kernel), np.float32), row, column)
        edges = before >= np.percentile(before, _EDGE_PERCENTILE)
        contrast = float(before[edges].sum())
        losses.append(float(np.maximum(before - after, 0)[edges].sum()) / contrast if contrast else 0.0)
    return min(losses)


def _steps(grey: NDArray[np.float32], row: int, column: int) -> NDArray[np.float32]:
    """Differences between each pixel and its neighbour in one direction."""
    if row < 0:
        grey, row = grey[::-1], -row
    height, width = grey.shape
    return np.asarray(np.abs(grey[row:, column:] - grey[: height - row, : width - column]), np.float32)


def eye_openings(face: Face) -> dict[Side, float]:
    """Distance of the lids over the width of the eye, for each eye."""
    points = face.landmarks[:, :2]
    openings = {}
    for side in Side:
        upper, lower = topology.EYE_UPPER[side], topology.EYE_LOWER[side]
        gaps = np.linalg.norm(points[list(upper[2:7])] - points[list(lower[2:7])], axis=1)
        width = float(np.linalg.norm(points[upper[0]] - points[upper[-1]]))
        openings[side] = float(gaps.mean()) / max(width, 1e-6)
    return openings


def lens_lightness(image: Pixels, face: Face) -> float:
    """Lightness of the skin just under the eyes over that of the cheeks and forehead; the lighter eye counts."""
    skin = _lightness(image, face, _SKIN)
    return max(_lightness(image, face, topology.LID_HALO_LOWER[side][2:7]) for side in Side) / max(skin, 1.0)


def _lightness(image: Pixels, face: Face, points: tuple[int, ...]) -> float:
    """Median L* of CIE Lab at some landmarks, 0..100."""
    places = face.landmarks[list(points), :2].round().astype(int)
    columns, rows = np.clip(places, 0, (image.shape[1] - 1, image.shape[0] - 1)).T
    colours = image[rows, columns][None].astype(np.float32) / 255
    return float(np.median(cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)[0, :, 0]))


@dataclass(frozen=True, slots=True)
class Jitter:
    """How much parts of the mesh wander when its crop is changed a little, in percent of the eyes' distance.

    On a bare face the network finds every part where it is, whatever the crop. Under a mask or a hand it has to
    guess, and the guess depends on the crop. ``eye`` is the less steady of the two.
    """

    lips: float
    eye: float
    outline: float


def jitter(image: Pixels, face: Face) -> Jitter:
    """Six more passes of the mesh network: about 18 ms."""
    view = view_around(image, face.crop, MESH_SIZE, reach=1.0)
    base = view.crop(face.crop)
    crops = [base.moved(turn=turn) for turn in _TURNS]
    crops += [base.moved(scale=scale) for scale in _SCALES]
    crops += [base.moved(shift=shift) for shift in _SHIFTS]
    runs = np.stack([read_landmarks(view.pixels, crop)[0][:, :2] for crop in crops])
    across = face.landmarks[topology.EYE_OUTER_LEFT, :2] - face.landmarks[topology.EYE_OUTER_RIGHT, :2]
    eyes = max(float(np.linalg.norm(across)), 1e-6) / view.reduction
    wander = np.linalg.norm(runs.std(axis=0), axis=1) * (100 / eyes)
    return Jitter(
        lips=float(wander[_LIPS].mean()),
        eye=max(float(wander[points].mean()) for points in _EYE_FIXES.values()),
        outline=float(wander[list(topology.OVAL)].mean()),
    )
