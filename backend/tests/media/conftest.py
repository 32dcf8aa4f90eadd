from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.media.storage import Storage
from tests.media.fake_s3 import FakeS3
from tests.media.storages import local_settings, s3_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    server = FakeS3()
    yield server
    server.close()
    assert server.refused == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
async def local_storage(folder: Path) -> AsyncIterator[Storage]:
    storage = Storage.from_settings(local_settings(folder))
    yield storage
    await storage.close()


@pytest.fixture
async def s3_storage(s3: FakeS3) -> AsyncIterator[Storage]:
    storage = Storage.from_settings(s3_settings(s3))
    yield storage
    await storage.close()


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Each kind in turn: whatever is stored behaves the same."""
    found: Storage = request.getfixturevalue(f"{request.param}_storage")
    return found
