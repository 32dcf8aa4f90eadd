"""Action units of the mouth and the lower face: where each mesh point goes at full strength.

Lip points move by rules along the mouth (``t``: -1 at the right corner, 0 in the middle, 1 at the left corner),
the skin around by Gaussians round a few landmarks. All lengths are in face heights.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.raster import smoothstep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from app.engines.local.geometry import FaceFrame

    Field = NDArray[np.float64]

POINT_COUNT = 468
_MEETING = 0.42
"""Where closing lips meet, as a share of the way from the upper one to the lower one."""
_JAW_DROP = 0.17
_CORNER_DROP = 0.24
"""How much of the jaw's way the mouth's corners go along."""
_ROUNDING = 0.04
_TURN = 0.9
"""How far a dropping lip's side turns with its line, rad: further, and it would fold over the skin."""
_CORNERS = set(mesh.LIP_CORNERS)
_UPPER = set(mesh.LIPS_UPPER_OUTER + mesh.LIPS_UPPER_MIDDLE + mesh.LIPS_UPPER_NEAR + mesh.LIPS_UPPER_INNER) - _CORNERS
_LOWER = set(mesh.LIPS_LOWER_OUTER + mesh.LIPS_LOWER_MIDDLE + mesh.LIPS_LOWER_NEAR + mesh.LIPS_LOWER_INNER) - _CORNERS


def _mask(indices: set[int]) -> NDArray[np.bool_]:
    chosen = np.zeros(POINT_COUNT, bool)
    chosen[list(indices)] = True
    return chosen


def _heading(curve: Field, face: FaceFrame) -> Field:
    """The direction of a curve (n, 2) at each of its points, rad from the face's right towards its down."""
    tangent = np.gradient(curve, axis=0)
    return np.asarray(np.arctan2(tangent @ face.down, tangent @ face.right))


class MouthUnits:
    """Displacements (468, 2) in canvas px of every mouth unit of one face."""

    def __init__(self, face: FaceFrame) -> None:
        self.face = face
        points, height = face.points, face.height
        self.x = face.along(points, face.mouth_centre) / height
        self.y = face.below(points, face.mouth_centre) / height
        self.t = np.clip(face.along(points, face.mouth_centre) / face.mouth_half_width, -1.3, 1.3)
        self.side = np.sign(self.x)
        self.upper, self.lower, self.corner = _mask(_UPPER), _mask(_LOWER), _mask(_CORNERS)
        self.lips = self.upper | self.lower | self.corner
        self.skin = (~self.lips).astype(float)
        self.arch = np.clip(1 - np.abs(self.t) ** 2.4, 0, 1) ** 0.8
        self.corner_rise = np.clip(np.abs(self.t), 0, 1) ** 1.7
        self.ring = np.zeros(POINT_COUNT)
        for weight, rings in (
            (1.0, mesh.LIPS_UPPER_OUTER + mesh.LIPS_LOWER_OUTER),
            (0.66, mesh.LIPS_UPPER_MIDDLE + mesh.LIPS_LOWER_MIDDLE),
            (0.3, mesh.LIPS_UPPER_NEAR + mesh.LIPS_LOWER_NEAR),
        ):
            self.ring[list(rings)] = weight

    def near(self, index: int, sigma: float) -> Field:
        """Gaussian of the distance to landmark ``index``; ``sigma`` in face heights."""
        squared = ((self.face.points - self.face.points[index]) ** 2).sum(1)
        return np.asarray(np.exp(-squared / (2 * (sigma * self.face.height) ** 2)))

    def pair(self, indices: Sequence[int], sigma: float) -> Field:
        """The two Gaussians of a mirrored pair of landmarks."""
        return self.near(indices[0], sigma) + self.near(indices[1], sigma)

    def move(self, x: Field | float, y: Field | float) -> Field:
        """Displacements from components along the face's axes, in face heights."""
        across = np.broadcast_to(x, (POINT_COUNT,))[:, None] * self.face.right
        down = np.broadcast_to(y, (POINT_COUNT,))[:, None] * self.face.down
        return np.asarray((across + down) * self.face.height)

    def all(self) -> dict[str, Field]:
        """Every unit of this module by name."""
        # A face that smiles already has less way to go; the full way on top of it is a grimace.
        smile = self._smile() * (1 - 0.42 * min(1.0, self.face.own_smile))
        right = smoothstep(0.45, -0.45, self.t)[:, None]
        return {
            "jaw": self._jaw(),
            "smile_right": smile * right,
            "smile_left": smile * (1 - right),
            "pucker": self._pucker(),
            "frown": self._frown(),
            "press": self.move(0, 0.018 * self.arch * (self.upper * 1.0 - self.lower)),
            "sneer": self._sneer(),
            "lip_down": self._lip_down(),
            "mouth_shift": self._mouth_shift(),
            "puff": self._puff(),
            "nose": self._nose(),
            "close": self._close(),
            "neutral": self._neutral(),
        }

    def _jaw(self) -> Field:
        """The jaw drops, the lower lip with it, less towards the corners; chin and cheeks follow.

        The opening grows round, not square, and the lower lip keeps its breadth where its line comes to stand
        upright: a lip that only sinks has no sides. A photo's own gap is part of the way already.
        """
        x, y = self.x, self.y
        way = _JAW_DROP - 0.35 * min(self.face.open_ratio, 0.08)
        chin = smoothstep(-0.05, 0.10, y) * np.exp(-((x / 0.36) ** 4)) * np.where(y > 0.1, 1, 0.9)
        drop = np.where(self.upper, _CORNER_DROP - (_CORNER_DROP + 0.05) * self.arch, chin * 0.97)
        drop = np.where(~self.lips & (y < 0.02), drop * 0.5, drop)
        # Points beside the corners come outward: a wide mouth is round there too.
        moves = self.move(_ROUNDING * self.t**3 * np.clip(1 - self.t**2, 0, 1) * self.upper, way * drop)
        points, height = self.face.points, self.face.height
        inner = points[list(mesh.LIPS_LOWER_INNER)]
        along = self.face.along(inner, inner[[0, -1]].mean(0)) / height
        half = (along[-1] - along[0]) / 2
        place = np.clip(along / half, -1, 1)
        round_ = np.clip(1 - np.abs(place) ** 2.2, 0, 1) ** 0.62
        sunk = inner + self.face.down * (way * height * (_CORNER_DROP + (1 - _CORNER_DROP) * round_))[:, None]
        sunk = sunk + self.face.right * (_ROUNDING * height * place**3 * (1 - place**2))[:, None]
        turn = _heading(sunk, self.face) - _heading(inner, self.face)
        turn = np.clip(turn, -_TURN, _TURN) * round_
        # A stretched lip is thinner in its middle; its sides, thin in a smile, come forward.
        thickness = 0.72 + 0.6 * 4 * place**2 * (1 - place**2)
        cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
        for ring in (mesh.LIPS_LOWER_INNER, mesh.LIPS_LOWER_NEAR, mesh.LIPS_LOWER_MIDDLE, mesh.LIPS_LOWER_OUTER):
            offset = points[list(ring)] - inner
            across = (offset @ self.face.right)[:, None]
            below = (offset @ self.face.down * thickness)[:, None]
            turned = (across * cosine - below * sine) * self.face.right
            turned = turned + (across * sine + below * cosine) * self.face.down
            moves[list(ring)] = sunk + turned - points[list(ring)]
        return moves

    def _smile(self) -> Field:
        """Corners out and up, cheeks up, nostrils a little wider; lips thin by a hair."""
        at = np.clip(np.abs(self.t), 0, 1)
        corners = self.pair((61, 291), 0.085)
        cheeks = self.pair((50, 280), 0.1) + 0.6 * self.pair((205, 425), 0.08)
        out = np.where(self.lips, 0.052 * self.t, self.side * (0.045 * corners + 0.008 * cheeks))
        out = out + self.skin * self.side * 0.008 * self.pair((98, 327), 0.04)
        up = np.where(
            self.lips,
            -0.050 * self.corner_rise + 0.010 * (1 - at),
            -0.042 * corners - 0.022 * cheeks - 0.006 * self.pair((98, 327), 0.05),
        )
        return self.move(out, up + 0.004 * (self.upper * 1.0 - self.lower))

    @cached_property
    def _thinness(self) -> tuple[float, float]:
        """What the photo's lips lack to a full pair (upper .045, lower .060), in face heights: a smile thins them."""
        points = self.face.points
        upper = self.face.below(points[13], points[0]) / self.face.height
        lower = self.face.below(points[17], points[14]) / self.face.height
        return float(np.clip(0.045 - upper, 0, 0.02)), float(np.clip(0.060 - lower, 0, 0.02))

    def _pucker(self) -> Field:
        """Lips narrow and fill, the upper to a bow; a toothy smile is narrower already once ``neutral`` has acted."""
        half = self.face.mouth_half_width / self.face.height
        at = np.clip(np.abs(self.t), 0, 1)
        inward = np.where(
            self.lips,
            -(0.40 - 0.55 * self._spared) * half * self.t,
            -0.28 * half * np.sign(self.t) * self.pair((61, 291), 0.07),
        )
        bow = 1 + 0.35 * np.exp(-(((at - 0.32) / 0.2) ** 2)) - 0.12 * np.exp(-((at / 0.12) ** 2))
        fullness = (self.lower * 0.026 - self.upper * 0.030 * bow) * self.arch * self.ring
        around = np.exp(-((self.x / 0.2) ** 2) - (self.y / 0.14) ** 2)
        return self.move(inward, fullness - 0.004 * around)

    @property
    def _spared(self) -> float:
        """The share of the mouth's width that ``neutral`` takes back from a toothy smile."""
        return self.face.smile_width if self.face.toothy else 0.0

    def _frown(self) -> Field:
        at = np.clip(np.abs(self.t), 0, 1)
        down = np.where(
            self.lips, 0.040 * at**2.0 - 0.010 * (1 - at * at) * self.lower, 0.030 * self.pair((61, 291), 0.085)
        )
        return self.move(np.where(self.lips, -0.012 * self.t, 0), down - 0.012 * self.near(199, 0.06) * self.skin)

    def _sneer(self) -> Field:
        """The upper lip rises beside its middle, the nostrils with it: disgust, crying."""
        lift = self.upper * 0.022 * (0.35 + 0.65 * np.abs(np.sin(np.clip(self.t, -1, 1) * np.pi)))
        return self.move(0, -(lift + 0.018 * self.pair((98, 327), 0.05) * self.skin))

    def _lip_down(self) -> Field:
        """The lower lip is pulled down and square."""
        chin = np.exp(-((self.x / 0.16) ** 2)) * smoothstep(0.03, 0.1, self.y) * (self.y < 0.25)
        return self.move(
            self.lower * 0.01 * self.t, np.where(self.lower, 0.03 * (1 - np.abs(self.t) ** 3), 0.018 * chin)
        )

    def _mouth_shift(self) -> Field:
        around = np.exp(-((self.x / 0.22) ** 2) - (self.y / 0.16) ** 2)
        return self.move(0.045 * np.where(self.lips, 1.0, around), 0)

    def _puff(self) -> Field:
        cheeks = self.pair((187, 411), 0.1) + 0.6 * self.pair((58, 288), 0.08)
        return self.move(0.034 * self.side * cheeks * self.skin, 0)

    def _nose(self) -> Field:
        """The nose scrunches: wings up and out."""
        up = self.pair((64, 294), 0.07) + 0.6 * self.near(197, 0.06)
        return self.move(self.side * 0.010 * self.pair((64, 294), 0.05), -0.020 * up * self.skin)

    @cached_property
    def _gap(self) -> Field:
        """The photo's gap between the inner lips at every point's place along the mouth, in face heights."""
        points = self.face.points
        place = self.t[list(mesh.LIPS_UPPER_INNER)]
        gap = self.face.below(points[list(mesh.LIPS_LOWER_INNER)], points[list(mesh.LIPS_UPPER_INNER)])
        order = np.argsort(place)
        return np.asarray(np.interp(self.t, place[order], gap[order] / self.face.height))

    def _close(self) -> Field:
        """The lips meet at 42 % of the photo's gap, a little overlapped so that no sliver of teeth stays."""
        overlap = 0.010 * np.clip(1 - np.abs(self.t) ** 4, 0, 1) if self.face.toothy else 0.0
        gap = self._gap * 1.10 + overlap
        chin = -0.5 * gap.max() * np.exp(-((self.x / 0.22) ** 2)) * smoothstep(0.02, 0.12, self.y)
        return self.move(0, np.select([self.upper, self.lower], [_MEETING * gap, (_MEETING - 1) * gap], chin))

    @cached_property
    def _straightening(self) -> Field:
        """How far down each point's place on the closed lips' seam lies from the seam's middle, in face heights.

        Closing a smile leaves a curve; moving the lips by this makes it straight, whatever its shape. A mouth at rest
        keeps its own small waves.
        """
        points = self.face.points
        upper, lower = points[list(mesh.LIPS_UPPER_INNER)], points[list(mesh.LIPS_LOWER_INNER)]
        place = self.t[list(mesh.LIPS_UPPER_INNER)]
        order = np.argsort(place)
        height = self.face.below(upper + _MEETING * (lower - upper), self.face.mouth_centre) / self.face.height
        to_middle = height[len(height) // 2] - height
        smile = smoothstep(0.0, 0.03, self.face.corner_lift / self.face.height)
        return np.asarray(np.interp(self.t, place[order], np.maximum(to_middle, 0)[order]) * smile)

    def _neutral(self) -> Field:
        """Takes the photo's own smile away: its extra width, the lift of its corners, the thinness of its lips."""
        half = self.face.mouth_half_width / self.face.height
        lift = self.face.corner_lift / self.face.height
        around = np.exp(-((self.x / 0.26) ** 2) - (self.y / 0.15) ** 2)
        inward = np.where(self.lips, self.t, np.clip(self.t, -1, 1) * around * 0.8)
        down = np.where(self.lips, 1.1 * self._straightening, lift * self.corner_rise * around * 0.9)
        more_upper, more_lower = self._thinness
        fuller = (self.lower * more_lower - self.upper * more_upper) * self.arch * self.ring
        return self.move(-self.face.smile_width * half * inward, down + fuller)
