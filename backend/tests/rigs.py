"""Faces and rigs of the two fixture portraits, made once per process and shared by the renderer's tests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.compose import Puppet
from app.engines.local.detect import detect
from app.engines.local.fields import NODES
from app.engines.local.rig import build_rig
from app.engines.local.topology import Side
from app.engines.local.units import displacements
from app.engines.local.warp import Expression
from tests.portraits import fixture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from app.engines.local.compose import Posed
    from app.engines.local.detect import Face
    from app.engines.local.rig import Rig
    from app.engines.local.units import Field

ASTRONAUT = "astronaut.png"
"""Smiles with her teeth showing, no spectacles."""
HOPPER = "hopper.jpg"
"""Closed mouth, spectacles, a cap."""
PORTRAITS = (ASTRONAUT, HOPPER)
SMALL = 256


@cache
def face_of(name: str) -> Face:
    """The face of a fixture portrait, in the photo's pixels."""
    return detect(fixture(name)).faces[0]


@cache
def rig_of(name: str, size: int = SMALL) -> Rig:
    """A fixture portrait, ready to be animated."""
    return build_rig(fixture(name), face_of(name), size=size)


@cache
def units_of(name: str) -> dict[str, Field]:
    """The action units of a fixture portrait on the small canvas."""
    return displacements(rig_of(name).face)


def expressed(rig: Rig, weights: Mapping[str, float]) -> Expression:
    """An expression of a rig's face, from weights of single units."""
    return Expression(rig.upper, rig.lower, rig.face.points, weights, rig.size / NODES)


def posed(rig: Rig, channels: Mapping[str, float], *, bordered: bool = True, alpha_needed: bool = False) -> Posed:
    """The person of one frame, without effects and caption."""
    return Puppet(rig, bordered=bordered, alpha_needed=alpha_needed).pose(channels)


def sampled(grid: NDArray[np.float32], at: NDArray[np.floating]) -> NDArray[np.float32]:
    """A grid (rows, columns, n) at positions (..., 2) in its own columns and rows, bilinear, edges carried on."""
    places = np.asarray(at, np.float32).reshape(1, -1, 2)
    across, along = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    values = cv2.remap(grid, across, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(values, np.float32).reshape(*at.shape[:-1], -1)


def both(unit: str) -> tuple[str, str]:
    """The names of a paired unit's two sides."""
    return f"{unit}_{Side.RIGHT}", f"{unit}_{Side.LEFT}"
