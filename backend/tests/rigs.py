"""Faces and rigs of the two fixture portraits, made once per process and shared by the renderer's tests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from app.engines.local.detect import detect
from app.engines.local.rig import build_rig
from app.engines.local.topology import Side
from app.engines.local.units import displacements
from tests.portraits import fixture

if TYPE_CHECKING:
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


def both(unit: str) -> tuple[str, str]:
    """The names of a paired unit's two sides."""
    return f"{unit}_{Side.RIGHT}", f"{unit}_{Side.LEFT}"
