"""Fixtures of the renderer's tests: the fixture portraits as rigs, made once per process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import pytest

from tests import rigs

if TYPE_CHECKING:
    from app.engines.local.detect import Face
    from app.engines.local.rig import Rig


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """As every caller of the engine does; also keeps parallel test processes off each other's cores."""
    cv2.setNumThreads(1)


@pytest.fixture(scope="session", params=rigs.PORTRAITS)
def portrait(request: pytest.FixtureRequest) -> str:
    """The name of each fixture portrait."""
    return str(request.param)


@pytest.fixture(scope="session")
def face(portrait: str) -> Face:
    return rigs.face_of(portrait)


@pytest.fixture(scope="session")
def rig(portrait: str) -> Rig:
    return rigs.rig_of(portrait)


@pytest.fixture(scope="session")
def astronaut() -> Rig:
    return rigs.rig_of(rigs.ASTRONAUT)


@pytest.fixture(scope="session")
def hopper() -> Rig:
    return rigs.rig_of(rigs.HOPPER)
