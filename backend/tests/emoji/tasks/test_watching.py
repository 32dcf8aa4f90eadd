"""Watching a task: what is told never goes back, unless the work itself begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.database import Database
from app.core.redis import connect_redis
from app.core.settings import Settings
from app.core.signals import Signals
from app.emoji.tasks.models import EmojiTask
from app.emoji.tasks.watching import watch_task
from tests.belongings import add_photo, add_task, add_user


@pytest.fixture
async def signals(settings: Settings) -> AsyncIterator[Signals]:
    redis = connect_redis(settings)
    hub = Signals(redis, settings.REDIS_PREFIX)
    yield hub
    await hub.close()
    await redis.aclose()


async def change(database: Database, task_id: UUID, **values: Any) -> None:
    async with database.transaction() as session:
        await session.execute(update(EmojiTask).where(EmojiTask.id == task_id).values(**values))


async def test_progress_never_falls_while_the_row_lags_behind(
    database: Database, signals: Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.emoji.tasks.watching._LOOK_SECONDS", 0.1)
    owner = await add_user(database)
    task_id = await add_task(database, owner, await add_photo(database, owner))
    await change(database, task_id, status="processing", attempt=1, progress=10)
    told: list[tuple[str, int]] = []

    async def watch() -> None:
        async for task in watch_task(database, signals, owner, task_id):
            told.append((str(task.status), task.progress))

    watching = asyncio.create_task(watch())
    while not told:
        await asyncio.sleep(0.01)
    await signals.publish(f"task:{task_id}", status="processing", progress=50)
    await asyncio.sleep(0.25)
    await change(database, task_id, progress=40)
    await asyncio.sleep(0.25)
    await change(database, task_id, progress=60)
    await asyncio.sleep(0.25)
    # Its worker was killed, and another one begins anew.
    await change(database, task_id, attempt=2, progress=5)
    await asyncio.sleep(0.25)
    await change(database, task_id, status="failed", progress=5)
    await asyncio.wait_for(watching, 5)
    assert told == [("processing", progress) for progress in (10, 50, 60, 5)] + [("failed", 5)]
