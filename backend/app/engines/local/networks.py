"""The four networks of the engine: faces, mesh, iris, person.

MediaPipe's models as OpenCV's classic ``dnn`` engine runs them: that engine alone serves several outputs by
name. Each network is loaded on first use and kept for the life of the process; its file is checked against its
checksum as it is loaded, because a truncated download would otherwise show up as nonsense landmarks.

A ``cv2.dnn.Net`` keeps its blobs between ``setInput`` and ``forward`` and must not be shared by threads. One net
and one lock per model: two threads take turns for the few milliseconds of a pass, and a pool of workers does not
pay for a copy of the weights per thread.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engines.local.errors import EngineError

Pixels = NDArray[np.uint8]
"""RGB picture, shape (height, width, 3)."""
Points = NDArray[np.float64]

DETECTOR_SIZE = 128
MESH_SIZE = 192
IRIS_SIZE = 64
SEGMENTATION_SIZE = 256
MESH_POINTS = 468

CHECKSUMS = {
    "face_detection_short_range": "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    "face_landmark": "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    "iris_landmark": "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
    "selfie_segmentation": "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
}
"""SHA-256 of each model's file."""

_MODELS = Path(__file__).parent / "models"

# Strides of the detector's feature maps and anchors per cell: 16 x 16 x 2 + 8 x 8 x 6 = 896.
_ANCHOR_LAYOUT = ((8, 2), (16, 6))
_DETECTOR_KEYPOINTS = 6
# Raw scores beyond this are certain either way; exp() would overflow.
_LOGIT_LIMIT = 80.0
# Overlap (intersection over union) from which two detections are votes for one face.
_SAME_FACE_OVERLAP = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One face as the detector sees it, in the picture's pixels.

    ``box`` is [x1, y1, x2, y2]. ``keypoints`` (6, 2): right eye, left eye, nose tip, mouth, right ear, left ear.
    """

    score: float
    box: Points
    keypoints: Points


class _Network:
    """A loaded model behind its lock."""

    def __init__(self, name: str) -> None:
        file = _MODELS / f"{name}.tflite"
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != CHECKSUMS[name]:
            raise EngineError("model_damaged", file=file.name)
        # By its path: OpenCV 5.0 gives a network that is read from memory to its new engine, whatever one asks for.
        self._net = cv2.dnn.readNetFromTFLite(str(file), engine=cv2.dnn.ENGINE_CLASSIC)
        self._lock = threading.Lock()

    def run(self, blob: NDArray[np.float32], *outputs: str) -> list[NDArray[np.float32]]:
        """One forward pass; the named outputs, copied out of the network's own memory."""
        with self._lock:
            self._net.setInput(blob)
            return [np.array(output, np.float32) for output in self._net.forward(list(outputs))]


@cache
def _network(name: str) -> _Network:
    # Two threads that meet here at the very start may both load; each copy has its own lock, and one is dropped.
    return _Network(name)


@cache
def _anchors() -> NDArray[np.float32]:
    """Centres of the detector's anchors in 0..1, (896, 2), in the order of its outputs."""
    centres = []
    for stride, per_cell in _ANCHOR_LAYOUT:
        side = DETECTOR_SIZE // stride
        rows, columns = np.mgrid[:side, :side]
        cells = (np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) / side
        centres.append(np.repeat(cells, per_cell, axis=0))
    anchors = np.concatenate(centres).astype(np.float32)
    anchors.flags.writeable = False
    return anchors


def require_picture(image: Pixels) -> None:
    """Raise ``ValueError`` unless ``image`` is RGB, uint8, shape (height, width, 3) and not empty."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        described = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f"expected an RGB picture, uint8 of shape (height, width, 3), got {described}")
    if image.size == 0:
        raise ValueError(f"the picture has no pixels: shape {image.shape}")


def face_candidates(image: Pixels, *, threshold: float = 0.5) -> list[Candidate]:
    """Faces of a picture of any size, letterboxed to 128 px, most certain first.

    Reliable for faces from about 12 % to 80 % of the long side. Detections of one face are merged by a mean that
    is weighted with their scores, which is steadier than keeping the best one.
    """
    require_picture(image)
    height, width = image.shape[:2]
    scale = DETECTOR_SIZE / max(height, width)
    fitted_width, fitted_height = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (DETECTOR_SIZE - fitted_width) // 2, (DETECTOR_SIZE - fitted_height) // 2
    square = np.zeros((DETECTOR_SIZE, DETECTOR_SIZE, 3), np.uint8)
    square[top : top + fitted_height, left : left + fitted_width] = cv2.resize(
        image, (fitted_width, fitted_height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    blob = cv2.dnn.blobFromImage(square, 2 / 255) - np.float32(1)
    regressors, logits = _network("face_detection_short_range").run(blob, "regressors", "classificators")
    scores = _sigmoid(logits.reshape(-1))
    likely = scores > threshold
    if not likely.any():
        return []
    raw = regressors.reshape(-1, 4 + 2 * _DETECTOR_KEYPOINTS)[likely].astype(np.float64) / DETECTOR_SIZE
    anchors = _anchors()[likely].astype(np.float64)
    centres, sizes = raw[:, :2] + anchors, raw[:, 2:4]
    keypoints = raw[:, 4:].reshape(-1, _DETECTOR_KEYPOINTS, 2) + anchors[:, None]
    points = np.concatenate([(centres - sizes / 2)[:, None], (centres + sizes / 2)[:, None], keypoints], axis=1)
    # From the unit square to pixel centres of the picture; both axes were rounded on their own.
    points = (points * DETECTOR_SIZE - (left, top)) * (width / fitted_width, height / fitted_height) - 0.5
    return _merged(scores[likely].astype(np.float64), points)


def _merged(scores: NDArray[np.float64], points: NDArray[np.float64]) -> list[Candidate]:
    """Overlapping detections blended into one; ``points`` (n, 8, 2) begin with the box's two corners."""
    boxes = points[:, :2].reshape(-1, 4)
    left = np.argsort(-scores, kind="stable")
    found = []
    while left.size:
        overlap = _overlaps(boxes[left[0]], boxes[left])
        votes = left[overlap > _SAME_FACE_OVERLAP]
        if not votes.size:  # a degenerate box does not even overlap itself
            votes = left[:1]
        mean = np.average(points[votes], axis=0, weights=scores[votes])
        found.append(Candidate(float(scores[left[0]]), mean[:2].reshape(4), mean[2:]))
        left = left[~np.isin(left, votes)]
    return found


def _overlaps(box: Points, boxes: Points) -> NDArray[np.float64]:
    """Intersection over union of one box with many."""
    meet = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = np.clip(meet, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    union = areas + (box[2:] - box[:2]).prod() - shared
    overlap: NDArray[np.float64] = shared / np.maximum(union, 1e-9)
    return overlap


def mesh(crop: Pixels) -> tuple[Points, float]:
    """The 468-point mesh of the face that fills a crop of 192 x 192 px.

    Returns points (468, 3) in the crop's pixels, depth in the same unit, negative towards the viewer; and the
    network's belief that there is a face, 0..1.
    """
    _require_size(crop, MESH_SIZE)
    points, presence = _network("face_landmark").run(_unit_blob(crop), "conv2d_21", "conv2d_31")
    # The network counts from the crop's edge, we from the centre of its first pixel.
    landmarks = points.reshape(MESH_POINTS, 3).astype(np.float64) - (0.5, 0.5, 0.0)
    return landmarks, float(_sigmoid(presence.reshape(-1))[0])


def iris(crop: Pixels) -> tuple[Points, Points]:
    """Lids and iris of the person's right eye in a crop of 64 x 64 px; mirror the crop for the left one.

    Returns the contour of lids and brow (71, 2) and the iris (5, 2: centre, then four points on its rim), both
    in the crop's pixels.
    """
    _require_size(crop, IRIS_SIZE)
    contour, rim = _network("iris_landmark").run(_unit_blob(crop), "output_eyes_contours_and_brows", "output_iris")
    return (
        contour.reshape(71, 3)[:, :2].astype(np.float64) - 0.5,
        rim.reshape(5, 3)[:, :2].astype(np.float64) - 0.5,
    )


def segmentation(image: Pixels) -> NDArray[np.float32]:
    """How likely each place of a picture shows a person: float32 (256, 256) in 0..1.

    The picture, of any size and shape, is squeezed onto the square, so the answer covers it edge to edge.
    """
    require_picture(image)
    shrinks = min(image.shape[:2]) >= SEGMENTATION_SIZE
    squeezed = cv2.resize(
        image,
        (SEGMENTATION_SIZE, SEGMENTATION_SIZE),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    (probability,) = _network("selfie_segmentation").run(_unit_blob(np.asarray(squeezed, np.uint8)), "activation_10")
    return np.clip(probability.reshape(SEGMENTATION_SIZE, SEGMENTATION_SIZE), 0, 1)


def _require_size(crop: Pixels, side: int) -> None:
    require_picture(crop)
    if crop.shape != (side, side, 3):
        raise ValueError(f"expected a crop of {side} x {side} px, got shape {crop.shape}")


def _unit_blob(crop: Pixels) -> NDArray[np.float32]:
    """Channels first, 0..1."""
    return np.asarray(cv2.dnn.blobFromImage(np.ascontiguousarray(crop), 1 / 255), np.float32)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -_LOGIT_LIMIT, _LOGIT_LIMIT))), np.float32)
