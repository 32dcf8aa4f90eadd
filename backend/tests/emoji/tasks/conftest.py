"""An account with points and a photo, and orders of stickers over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.core.database import Database
from app.core.security import Keyring
from app.core.settings import Settings
from app.media.storage import Storage
from tests.belongings import add_photo, add_user, store_photo


@dataclass
class Customer:
    """Somebody who orders stickers."""

    client: httpx.AsyncClient
    user_id: UUID
    photo_id: UUID
    headers: dict[str, str]

    async def order(self, key: str | None = None, **changes: Any) -> httpx.Response:
        body = {"photo_id": str(self.photo_id), "driven_id": "wink"} | changes
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return await self.client.post("/emoji/create", json=body, headers=headers)

    async def task(self, task_id: str) -> dict[str, Any]:
        answer = await self.client.get(f"/emoji/task/{task_id}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def watch(self, task_id: str) -> list[str]:
        """The events of a task until it ends, as lines of data."""
        path = f"/emoji/task/{task_id}/events"
        async with self.client.stream("GET", path, headers=self.headers, timeout=20) as stream:
            assert stream.status_code == 200
            return [line[6:] async for line in stream.aiter_lines() if line.startswith("data: ")]


@pytest.fixture
async def storage(settings: Settings) -> AsyncIterator[Storage]:
    opened = Storage.from_settings(settings)
    yield opened
    await opened.close()


async def make_customer(
    client: httpx.AsyncClient,
    database: Database,
    settings: Settings,
    storage: Storage,
    folder: Path,
    balance: int = 100,
) -> Customer:
    user_id = await add_user(database, balance)
    photo_id = await add_photo(database, user_id)
    await store_photo(storage, photo_id, folder)
    token, _ = Keyring(settings).issue_token(user_id)
    return Customer(client, user_id, photo_id, {"Authorization": f"Bearer {token}", "Accept-Language": "en"})


@pytest.fixture
async def customer(
    client: httpx.AsyncClient, database: Database, settings: Settings, storage: Storage, tmp_path: Path
) -> Customer:
    return await make_customer(client, database, settings, storage, tmp_path)
