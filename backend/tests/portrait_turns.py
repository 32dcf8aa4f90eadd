"""A portrait with its head turned or nodding, seen as the face's own depth would show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engines.local import topology

if TYPE_CHECKING:
    from app.engines.local.detect import Face

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]

# The mesh network flattens faces; with its own depth a turn by 45 degrees would read as 30.
_DEPTH_GAIN = 1.3


def turned(image: Pixels, face: Face, yaw: float = 0.0, pitch: float = 0.0) -> Pixels:
    """The head turned by ``yaw`` degrees to the picture's right and nodding by ``pitch``.

    The mesh and a ring of hair round it are turned in space and drawn as a painter would, far triangles first;
    between the ring and an outer one that stays, the picture stretches.
    """
    points = face.landmarks * (1, 1, _DEPTH_GAIN)
    oval = points[list(topology.OVAL)]
    centre = oval.mean(axis=0)
    hair = centre + (oval - centre) * (1.25, 1.25, 1.0) + (0, 0, 0.05 * np.ptp(oval[:, 1]))
    still = (centre + (oval - centre) * (1.9, 1.9, 1.0))[:, :2]
    height, width = image.shape[:2]
    corners = np.array([(x, y) for x in (0, width / 2, width - 1) for y in (0, height / 2, height - 1)])
    corners = corners[(abs(corners - centre[:2]) > 1.0 * np.ptp(oval[:, :2], axis=0)).any(axis=1)]
    moving = np.concatenate([points, hair])
    # Turn about the middle of the head, which lies behind the outline of the face.
    pivot = centre + np.array([0, 0, 0.1 * np.ptp(oval[:, 1])])
    after = (moving - pivot) @ _rotation(yaw, pitch).T + pivot
    source = np.concatenate([moving[:, :2], still, corners])
    target = np.concatenate([after[:, :2], still, corners])
    depth = np.concatenate([after[:, 2], np.full(len(still) + len(corners), after[:, 2].max())])
    return _painted(image, source, target, depth)


def _rotation(yaw: float, pitch: float) -> Points:
    turn, nod = np.radians(yaw), np.radians(pitch)
    about_y = np.array([[np.cos(turn), 0, -np.sin(turn)], [0, 1, 0], [np.sin(turn), 0, np.cos(turn)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(nod), -np.sin(nod)], [0, np.sin(nod), np.cos(nod)]])
    return np.asarray(about_x @ about_y, np.float64)


def _painted(image: Pixels, source: Points, target: Points, depth: Points) -> Pixels:
    """The picture carried from source to target points, triangle by triangle, near ones over far ones."""
    height, width = image.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    places = np.stack([columns, rows], axis=-1).astype(np.float32)
    triangles = _triangles(source)
    for corners in triangles[np.argsort(-depth[triangles].mean(axis=1), kind="stable")]:
        new, old = target[corners], source[corners]
        edges = new[1:] - new[0]
        if abs(np.linalg.det(edges)) < 1e-3:
            continue
        left, top = np.clip(np.floor(new.min(axis=0)).astype(int) - 1, 0, (width - 1, height - 1))
        right, bottom = np.clip(np.ceil(new.max(axis=0)).astype(int) + 2, 1, (width, height))
        if right <= left or bottom <= top:
            continue
        inside = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillConvexPoly(inside, np.round((new - (left, top)) * 16).astype(np.int32), 1, cv2.LINE_8, 4)
        y, x = np.nonzero(inside)
        weights = (np.column_stack([x + left, y + top]) - new[0]) @ np.linalg.inv(edges)
        places[y + top, x + left] = old[0] + weights @ (old[1:] - old[0])
    across, down = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    return np.asarray(cv2.remap(image, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _triangles(points: Points) -> NDArray[np.intp]:
    """Delaunay triangles as indices (n, 3)."""
    low, high = points.min(axis=0) - 2, points.max(axis=0) + 2
    plane = cv2.Subdiv2D((int(low[0]), int(low[1]), int(high[0] - low[0]) + 4, int(high[1] - low[1]) + 4))
    index = {}
    for number, point in enumerate(points.astype(np.float32)):
        plane.insert((float(point[0]), float(point[1])))
        index[point.tobytes()] = number
    found = [
        [index.get(corner.tobytes(), -1) for corner in triangle.reshape(3, 2)]
        for triangle in np.asarray(plane.getTriangleList(), np.float32)
    ]
    return np.array([each for each in found if min(each) >= 0], np.intp)
