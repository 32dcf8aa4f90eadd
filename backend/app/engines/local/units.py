"""Action units: what each of a face's muscles does to the mesh, and the channels that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.mouth_units import POINT_COUNT, MouthUnits
from app.engines.local.raster import smoothstep
from app.engines.local.topology import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from app.engines.local.geometry import FaceFrame

    Field = NDArray[np.float64]

PAIRED = ("smile", "brow", "brow_inner", "brow_outer", "furrow", "lid", "squint", "widen")
"""Channels that exist for each side; the bare name moves both."""

# How far the upper and the lower lid go, as shares of the photo's own gap between them. A widened eye keeps its
# iris cut by the upper lid: an iris that is seen whole looks like a doll's.
_LID_SHARES = {"lid": (0.82, -0.18), "squint": (0.16, -0.42), "widen": (-0.18, 0.08)}

RIM_SAFE = {"brow": 0.3, "brow_inner": 0.3, "brow_outer": 0.3, "furrow": 0.3, "squint": 0.4, "widen": 0.4}
"""What is left of a unit under spectacles, so that their rims do not bend."""


def displacements(face: FaceFrame) -> dict[str, Field]:
    """All units of one face: name to (468, 2) displacements in canvas px at weight 1."""
    units = MouthUnits(face).all()
    for side in Side:
        for name, field in {**_brow_units(face, side), **_lid_units(face, side)}.items():
            units[f"{name}_{side}"] = field
    return units


def side_weights(channels: Mapping[str, float]) -> dict[str, float]:
    """Spread the bare name of a paired channel over its two sides and drop what moves nothing."""
    weights: dict[str, float] = {}
    for name, value in channels.items():
        names = (f"{name}_right", f"{name}_left") if name in PAIRED else (name,)
        for unit in names:
            weights[unit] = weights.get(unit, 0.0) + value
    return {unit: value for unit, value in weights.items() if abs(value) > 1e-4}


def spare_spectacles(weights: Mapping[str, float], spectacles: float) -> dict[str, float]:
    """Scale brow and eye units down by how sure (0..1) it is that the face wears spectacles."""
    if spectacles <= 0:
        return dict(weights)
    return {
        unit: value * (1 - spectacles * (1 - RIM_SAFE.get(unit.rsplit("_", 1)[0], 1.0)))
        for unit, value in weights.items()
    }


def _gaussian(face: FaceFrame, centre: Field, sigma: float) -> Field:
    squared = ((face.points - centre) ** 2).sum(1)
    return np.asarray(np.exp(-squared / (2 * (sigma * face.height) ** 2)))


def _brow_weight(face: FaceFrame, side: Side) -> Field:
    """How much each point belongs to one brow: near it, above the eye, on its side of the nose."""
    points, height = face.points, face.height
    brow = points[list(mesh.BROW[side])]
    nearest = ((points[:, None] - brow[None]) ** 2).sum(2).min(1)
    close = np.exp(-nearest / (2 * (0.055 * height) ** 2))
    eye = points[list(mesh.EYE_UPPER[side])]
    lid_top = face.below(eye, face.centre).min()
    # A raised brow takes the skin over the eye along, not the lash line: that would open the eye like a doll's.
    above = smoothstep(-0.008, 0.05, (lid_top - face.below(points, face.centre)) / height)
    outward = 1 if side is Side.LEFT else -1
    own_side = smoothstep(-0.04, 0.04, outward * face.along(points, points[mesh.NOSE_BRIDGE]) / height + 0.02)
    return np.asarray(close * above * own_side)


def _brow_units(face: FaceFrame, side: Side) -> dict[str, Field]:
    weight = _brow_weight(face, side)
    inner = face.points[mesh.BROW_INNER_END[side]]
    outer = face.points[mesh.BROW_OUTER_END[side]]
    outward = 1 if side is Side.LEFT else -1
    height, right, down = face.height, face.right, face.down
    knit = -outward * 0.022 * weight * _gaussian(face, inner, 0.09)
    drop = 0.038 * weight * _gaussian(face, inner, 0.11)
    return {
        "brow": -0.055 * height * weight[:, None] * down,
        "brow_inner": -0.055 * height * (weight * _gaussian(face, inner, 0.10))[:, None] * down,
        "brow_outer": -0.050 * height * (weight * _gaussian(face, outer, 0.10))[:, None] * down,
        "furrow": height * (knit[:, None] * right + drop[:, None] * down),
    }


def _lid_units(face: FaceFrame, side: Side) -> dict[str, Field]:
    """Lids travel shares of the photo's own gap; the rings around follow with less, the cheek lifts for a squint."""
    upper, lower = list(mesh.EYE_UPPER[side]), list(mesh.EYE_LOWER[side])
    halo_upper, halo_lower = list(mesh.LID_HALO_UPPER[side]), list(mesh.LID_HALO_LOWER[side])
    rim = list(mesh.LID_RIM_UPPER[side])
    gap = face.points[lower] - face.points[upper]
    units: dict[str, Field] = {}
    for name, (upper_share, lower_share) in _LID_SHARES.items():
        field = np.zeros((POINT_COUNT, 2))
        field[halo_upper] = gap * upper_share * 0.62
        field[rim] = gap * upper_share * 0.12
        field[halo_lower] = gap * lower_share * 0.55
        field[upper] = gap * upper_share
        field[lower[1:-1]] = (gap * lower_share)[1:-1]
        if name == "squint":
            free = np.ones(POINT_COUNT)
            free[upper + lower + halo_upper + halo_lower + rim] = 0
            lift = -0.02 * face.height * _gaussian(face, face.points[lower[4]], 0.10) * (1 - _brow_weight(face, side))
            field += (lift * free)[:, None] * face.down
        units[name] = field
    return units
