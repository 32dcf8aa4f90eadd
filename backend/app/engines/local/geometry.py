"""The face in canvas coordinates: its axes, its lengths, its landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local import topology as mesh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.topology import Side

    Points = NDArray[np.float64]

NEUTRAL_MOUTH_TO_FACE_WIDTH = 0.365
"""Mouth width over face width of a face at rest; what is wider is a smile."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceFrame:
    """Landmarks of one face on the canvas, with the axes and lengths that every rule is stated in.

    ``points`` (468, 2) canvas px; ``depth`` (468,) canvas px, larger is nearer to the viewer; ``right`` and
    ``down`` unit vectors of the face (picture-right and chin-ward); ``height`` forehead to chin in px.
    """

    points: Points
    depth: NDArray[np.float64]
    right: Points
    down: Points
    height: float
    width: float
    centre: Points
    mouth_centre: Points
    mouth_half_width: float
    mouth_gap: float
    iris_centre: dict[Side, Points]
    iris_radius: dict[Side, float]

    @property
    def open_ratio(self) -> float:
        """The photo's own gap between the inner lips, in face heights."""
        return self.mouth_gap / self.height

    @property
    def toothy(self) -> bool:
        """Whether the photo's lips are apart by more than the mesh's own uncertainty."""
        return self.open_ratio > 0.022

    @property
    def smile_width(self) -> float:
        """How much wider than a mouth at rest the photo's mouth is, 0 to 0.3 of its width."""
        at_rest = NEUTRAL_MOUTH_TO_FACE_WIDTH * self.width / (2 * self.mouth_half_width)
        return float(np.clip(1 - at_rest, 0, 0.30))

    @property
    def corner_lift(self) -> float:
        """How far the mouth corners stand above the middle of the seam, canvas px, at most .09 face heights."""
        seam = (self.points[mesh.UPPER_LIP_MIDDLE] + self.points[mesh.LOWER_LIP_MIDDLE]) / 2
        return float(np.clip(-((self.mouth_centre - seam) @ self.down), 0, 0.09 * self.height))

    @property
    def own_smile(self) -> float:
        """The photo's own smile, 0 (none) to about 1.5 (broad)."""
        return float(np.clip(self.smile_width / 0.2 + self.corner_lift / (0.06 * self.height), 0, 1.5))

    def along(self, points: Points, origin: Points) -> NDArray[np.float64]:
        """Signed distance from ``origin`` along the face's horizontal axis, px."""
        return np.asarray((points - origin) @ self.right)

    def below(self, points: Points, origin: Points) -> NDArray[np.float64]:
        """Signed distance from ``origin`` along the face's vertical axis, px, positive towards the chin."""
        return np.asarray((points - origin) @ self.down)


def face_frame(
    landmarks: NDArray[np.float64],
    irises: dict[Side, tuple[Points, float]],
    matrix: NDArray[np.float64],
) -> FaceFrame:
    """Carry landmarks (468, 3) and irises from source px to the canvas by the (2, 3) scale-and-shift ``matrix``."""
    scale = float(matrix[0, 0])
    points = landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    axis = points[mesh.EYE_OUTER_LEFT] - points[mesh.EYE_OUTER_RIGHT]
    right = axis / np.linalg.norm(axis)
    sides = landmarks[[mesh.SIDE_RIGHT, mesh.SIDE_LEFT], 2].mean()
    return FaceFrame(
        points=points,
        depth=(sides - landmarks[:, 2]) * scale,
        right=right,
        down=np.array([-right[1], right[0]]),
        height=_distance(points, mesh.FOREHEAD_TOP, mesh.CHIN),
        width=_distance(points, mesh.SIDE_RIGHT, mesh.SIDE_LEFT),
        centre=points[list(mesh.OVAL)].mean(0),
        mouth_centre=points[[mesh.MOUTH_RIGHT, mesh.MOUTH_LEFT]].mean(0),
        mouth_half_width=_distance(points, mesh.MOUTH_RIGHT, mesh.MOUTH_LEFT) / 2,
        mouth_gap=_distance(points, mesh.UPPER_LIP_MIDDLE, mesh.LOWER_LIP_MIDDLE),
        iris_centre={side: matrix[:, :2] @ centre + matrix[:, 2] for side, (centre, _) in irises.items()},
        iris_radius={side: radius * scale for side, (_, radius) in irises.items()},
    )


def _distance(points: Points, a: int, b: int) -> float:
    return float(np.linalg.norm(points[a] - points[b]))
