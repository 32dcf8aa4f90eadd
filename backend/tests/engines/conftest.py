from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.engines.local_engine import LocalEngine, LocalOptions

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="module")
async def local() -> AsyncIterator[LocalEngine]:
    """The real engine, one for all tests of a file."""
    engine = LocalEngine(LocalOptions(render_processes=1))
    await engine.start()
    yield engine
    await engine.close()


@pytest.fixture
def astronaut() -> Path:
    return FIXTURES / "astronaut.png"


@pytest.fixture
def cat() -> Path:
    return FIXTURES / "cat.png"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An empty folder for results."""
    folder = tmp_path / "target"
    folder.mkdir()
    return folder
