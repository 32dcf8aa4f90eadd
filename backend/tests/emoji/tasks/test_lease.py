"""Claiming, holding and sweeping, one statement at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, update

from app.core.database import Database
from app.core.redis import connect_redis
from app.core.settings import Settings
from app.core.signals import Signals
from app.emoji.tasks import lease
from app.emoji.tasks.models import EmojiTask, TaskStatus
from app.emoji.tasks.sweeper import Sweeper
from app.jobs.queue import Queue
from tests.belongings import add_photo, add_task, add_user, get_balance, get_task

LEASE = timedelta(seconds=10)


@pytest.fixture
async def task_id(database: Database) -> UUID:
    user = await add_user(database)
    return await add_task(database, user, await add_photo(database, user))


async def claimed(database: Database, task_id: UUID, seconds: float = 10) -> UUID | None:
    async with database.transaction() as session:
        task = await lease.claim(session, task_id, timedelta(seconds=seconds), "test#1", attempts=3)
        return None if task is None else task.lease_token


async def kill_lease(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(update(EmojiTask).values(lease_until=func.now() - timedelta(seconds=1)))


async def test_fault_8_only_one_of_many_gets_it(database: Database, task_id: UUID) -> None:
    tokens = await asyncio.gather(*(claimed(database, task_id) for _ in range(16)))
    assert sum(token is not None for token in tokens) == 1
    assert (await get_task(database, task_id)).attempt == 1


async def test_a_dead_lease_can_be_taken_over_and_fences_the_dead(database: Database, task_id: UUID) -> None:
    first = await claimed(database, task_id)
    assert await claimed(database, task_id) is None
    await kill_lease(database)
    second = await claimed(database, task_id)
    assert first
    assert second
    assert first != second
    async with database.transaction() as session:
        assert not await lease.renew(session, task_id, first, LEASE, 50)
        assert not await lease.complete(session, task_id, first, {"prefix": "results/x"})
        assert not await lease.release(session, task_id, first, after=LEASE, counted=True)
        assert await lease.end(session, task_id, TaskStatus.FAILED, {}, token=first) is None
        assert await lease.renew(session, task_id, second, LEASE, 50)
        assert await lease.complete(session, task_id, second, {"prefix": "results/y"})
    task = await get_task(database, task_id)
    assert (task.status, task.attempt, task.result) == ("completed", 2, {"prefix": "results/y"})


async def test_what_is_over_stays_over(database: Database, task_id: UUID) -> None:
    token = await claimed(database, task_id)
    assert token
    async with database.transaction() as session:
        assert await lease.complete(session, task_id, token, {"prefix": "results/y"})
        assert await lease.end(session, task_id, TaskStatus.FAILED, {}) is None
    assert await claimed(database, task_id) is None


async def test_nobody_elses_token_holds_anything(database: Database, task_id: UUID) -> None:
    await claimed(database, task_id)
    async with database.transaction() as session:
        assert not await lease.renew(session, task_id, uuid4(), LEASE, 1)


async def test_a_task_that_was_tried_too_often_is_left_to_the_sweeper(database: Database, task_id: UUID) -> None:
    """The queue hands out a killed worker's job by itself, and may be quicker than the sweeper."""
    for _ in range(3):
        assert await claimed(database, task_id)
        await kill_lease(database)
    assert await claimed(database, task_id) is None


async def test_a_task_that_is_too_late_is_left_to_the_sweeper(database: Database, task_id: UUID) -> None:
    async with database.transaction() as session:
        await session.execute(update(EmojiTask).values(deadline_at=func.now()))
    assert await claimed(database, task_id) is None


class TestSweeper:
    @pytest.fixture
    async def sweeper(self, settings: Settings, database: Database, queue: Queue) -> AsyncIterator[Sweeper]:
        redis = connect_redis(settings)
        signals = Signals(redis, settings.REDIS_PREFIX)
        yield Sweeper(settings, database, queue, signals)
        await signals.close()
        await redis.aclose()

    async def test_due_tasks_are_put_in_ever_more_rarely(
        self, sweeper: Sweeper, database: Database, task_id: UUID
    ) -> None:
        waits = []
        for _ in range(4):
            async with database.transaction() as session:
                await session.execute(update(EmojiTask).values(next_enqueue_at=func.now()))
            await sweeper.sweep()
            task = await get_task(database, task_id)
            async with database.read() as session:
                now = await session.scalar(func.now())
            assert task.next_enqueue_at is not None
            waits.append(round((task.next_enqueue_at - now).total_seconds()))
        assert waits == [2, 4, 8, 16]

    async def test_two_sweepers_share_the_work(self, sweeper: Sweeper, database: Database, task_id: UUID) -> None:
        async with database.transaction() as session:
            await session.execute(update(EmojiTask).values(next_enqueue_at=func.now()))
        await asyncio.gather(*(sweeper.sweep() for _ in range(6)))
        assert (await get_task(database, task_id)).enqueues == 1

    async def test_a_dead_lease_waits_again(self, sweeper: Sweeper, database: Database, task_id: UUID) -> None:
        await claimed(database, task_id)
        await kill_lease(database)
        await sweeper.sweep()
        task = await get_task(database, task_id)
        assert (task.status, task.attempt, task.lease_token, task.enqueues) == ("pending", 1, None, 1)

    async def test_fault_7_a_task_that_kills_its_workers_ends(
        self, sweeper: Sweeper, database: Database, task_id: UUID
    ) -> None:
        for _ in range(3):
            await claimed(database, task_id)
            await kill_lease(database)
            await sweeper.sweep()
        task = await get_task(database, task_id)
        assert (task.status, task.error and task.error["code"]) == ("failed", "attempts_exhausted")
        assert await get_balance(database, task.user_id) == 100

    async def test_refunds_once_however_many_sweep(self, sweeper: Sweeper, database: Database, task_id: UUID) -> None:
        async with database.transaction() as session:
            await session.execute(update(EmojiTask).values(deadline_at=func.now() - timedelta(seconds=1)))
        await asyncio.gather(*(sweeper.sweep() for _ in range(6)))
        task = await get_task(database, task_id)
        assert (task.status, task.error and task.error["code"]) == ("failed", "deadline_exceeded")
        assert await get_balance(database, task.user_id) == 100
