"""Where a frame's effects hold on to the face, and the layers they are drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.topology import CHIN, EYE_LOWER, EYE_UPPER, FOREHEAD_TOP, Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Point = NDArray[np.float64]


# Height of the hair over the mesh's topmost point, in face heights.
_LEAST_HAIR, _GUESSED_HAIR, _MOST_HAIR = 0.06, 0.28, 0.5


class Layer(StrEnum):
    """A place in the order of layers; back is drawn before the person's outline, front after it."""

    SKIN = "skin"
    BACK = "back"
    FRONT = "front"


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """The posed face of one frame.

    ``points`` float64 (468, 2) canvas px; ``right`` and ``down`` unit vectors (2,) of the posed face (towards the
    picture's right and the chin); ``face_height`` px, forehead to chin at rest; ``size`` the canvas' side, px;
    ``alpha`` u8 (size, size), the person in this frame.
    """

    points: NDArray[np.float64]
    right: Point
    down: Point
    face_height: float
    size: int
    alpha: NDArray[np.uint8]

    def at(self, base: Point, right: float, down: float) -> Point:
        """Return the point ``right`` and ``down`` face heights from ``base`` in the posed face's axes."""
        x = self.face_height * right
        y = self.face_height * down
        moved: Point = base + self.right * x + self.down * y
        return moved

    @property
    def middle(self) -> Point:
        """Middle between the top of the forehead and the chin."""
        middle: Point = (self.points[FOREHEAD_TOP] + self.points[CHIN]) / 2.0
        return middle

    @property
    def tilt(self) -> float:
        """Clockwise angle of the posed face, degrees."""
        return float(np.degrees(np.arctan2(self.right[1], self.right[0])))

    @property
    def head_top(self) -> Point:
        """Where the hair ends above the forehead, as this frame's alpha shows it; guessed without a cut-out."""
        reach = np.arange(_LEAST_HAIR, _MOST_HAIR, 0.01)
        start = self.points[FOREHEAD_TOP]
        along = np.rint(start - reach[:, None] * self.face_height * self.down).astype(np.intp)
        along = along.clip(0, self.size - 1)
        empty = np.flatnonzero(self.alpha[along[:, 1], along[:, 0]] < 128)
        hair = reach[empty[0]] if len(empty) else _GUESSED_HAIR
        return self.at(start, 0.0, -float(hair))

    def eye(self, side: Side) -> Point:
        """Middle of an eye's lid contours."""
        lids = EYE_UPPER[side] + EYE_LOWER[side]
        return np.asarray(self.points[list(lids)].mean(axis=0), dtype=np.float64)


def outwards(side: Side) -> float:
    """Return the sign of the picture direction that leads away from the face on the person's ``side``."""
    return 1.0 if side is Side.LEFT else -1.0
