"""What a template asks of a face, and what the landmark network reads off the frame: in face heights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.topology import Side
from app.engines.local.units import side_weights, spare_spectacles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from app.engines.local.geometry import FaceFrame
    from app.engines.local.rig import Rig

    Points = NDArray[np.float64]

FEATURES = ("opening", "corners", "eye_right", "eye_left", "brow_right", "brow_left")
"""Mouth opening; how high the mouth's corners stand; opening of each eye; height of each brow."""
LEAST_ASKED = {"opening": 0.030, "corners": 0.035, "eye": 0.020, "brow": 0.030}
"""Asked movements under this are within the network's own uncertainty: their direction is not judged."""
LEAST_SHARE = 0.1
"""A movement agrees when the network reads at least this share of what was asked, in the same direction."""
_BROW_ENDS_WEIGHT = 0.45
"""An inner or an outer brow unit moves less than the whole brow."""


def read(points: Points, height: float) -> dict[str, float]:
    """All :data:`FEATURES` of landmarks (468, >= 2), over the face's ``height`` at rest in the same px.

    Corners of the mouth and brows are measured from the line of the eyes' corners, which no expression moves.
    """
    flat = points[:, :2]
    across = flat[mesh.EYE_OUTER_LEFT] - flat[mesh.EYE_OUTER_RIGHT]
    across = across / np.linalg.norm(across)
    down = np.array([-across[1], across[0]])
    ends = {side: flat[[mesh.EYE_UPPER[side][0], mesh.EYE_UPPER[side][-1]]].mean(0) for side in Side}
    eyes = (ends[Side.RIGHT] + ends[Side.LEFT]) / 2
    corners = (flat[mesh.MOUTH_RIGHT] + flat[mesh.MOUTH_LEFT]) / 2
    opening = flat[mesh.LOWER_LIP_MIDDLE] - flat[mesh.UPPER_LIP_MIDDLE]
    found = {"opening": opening @ down, "corners": (eyes - corners) @ down}
    for side in Side:
        gap = flat[list(mesh.EYE_LOWER[side])] - flat[list(mesh.EYE_UPPER[side])]
        found[f"eye_{side}"] = (gap @ down)[3:6].mean()
        found[f"brow_{side}"] = (ends[side] - flat[list(mesh.BROW[side])].mean(0)) @ down
    return {name: float(value) / height for name, value in found.items()}


def asked(rig: Rig, channels: Mapping[str, float]) -> dict[str, float]:
    """How far a frame's ``channels`` want each feature to move from the photo, by the rules of the units."""
    weights = spare_spectacles(side_weights({k: v for k, v in channels.items() if "." not in k}), rig.spectacles)

    def weight(name: str) -> float:
        return weights.get(name, 0.0)

    face = rig.face
    gap = face.open_ratio
    smile = (weight("smile_right") + weight("smile_left")) / 2 * (1 - 0.42 * min(1.0, face.own_smile))
    wanted = {
        "opening": 0.178 * weight("jaw")
        + 0.03 * weight("lip_down")
        + 0.008 * weight("sneer")
        - 0.036 * weight("press")
        - gap * min(1.0, weight("close")),
        "corners": 0.050 * smile
        - 0.038 * weight("frown")
        - 0.024 * weight("jaw")
        - face.corner_lift / face.height * weight("neutral"),
    }
    # Lips that are shut cannot be shut further.
    wanted["opening"] = max(wanted["opening"], -gap)
    for side in Side:
        open_eye = _eye_gap(face, side)
        closing = weight(f"lid_{side}") + 0.58 * weight(f"squint_{side}") - 0.24 * weight(f"widen_{side}")
        wanted[f"eye_{side}"] = -open_eye * min(1.0, closing)
        ends = weight(f"brow_inner_{side}") + weight(f"brow_outer_{side}")
        whole = 0.055 * weight(f"brow_{side}") - 0.016 * weight(f"furrow_{side}")
        wanted[f"brow_{side}"] = whole + 0.052 * _BROW_ENDS_WEIGHT * ends
    return wanted


def _eye_gap(face: FaceFrame, side: Side) -> float:
    upper, lower = face.points[list(mesh.EYE_UPPER[side])], face.points[list(mesh.EYE_LOWER[side])]
    return float(((lower - upper) @ face.down)[3:6].mean()) / face.height


@dataclass(frozen=True, slots=True)
class Movement:
    """A feature at the moment of the loop when most was asked of it, face heights against the neutral frame."""

    asked: float
    seen: float
    judged: bool

    @property
    def agrees(self) -> bool:
        """Whether the direction is right; a movement that is too small to judge counts as right."""
        return not self.judged or self.seen * np.sign(self.asked) >= LEAST_SHARE * abs(self.asked)


def movements(wanted: Sequence[Mapping[str, float]], seen: Sequence[Mapping[str, float]]) -> dict[str, Movement]:
    """Judge each feature over the sampled frames; ``wanted`` and ``seen`` movements go frame by frame."""
    found: dict[str, Movement] = {}
    for name in FEATURES:
        pairs = [(asks[name], shows[name]) for asks, shows in zip(wanted, seen, strict=True)]
        most, shown = max(pairs, key=lambda pair: abs(pair[0]), default=(0.0, 0.0))
        found[name] = Movement(most, shown, abs(most) >= LEAST_ASKED[name.split("_", maxsplit=1)[0]])
    return found
