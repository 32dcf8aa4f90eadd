"""Many hands on the same accounts and tasks: no deadlock, nothing stuck behind one that cannot be ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, update

from app.core.database import Database, Session
from app.core.redis import connect_redis
from app.core.settings import Settings
from app.core.signals import Signals
from app.emoji.tasks import ending
from app.emoji.tasks.exceptions import TaskNotFound
from app.emoji.tasks.jobs import EmojiTaskJobs
from app.emoji.tasks.models import EmojiTask
from app.emoji.tasks.running import StickerMaker
from app.emoji.tasks.sweeper import Sweeper
from app.jobs.job import Lane
from app.jobs.queue import Queue
from app.media.storage import Storage
from app.points import service as points
from app.points.models import EntryKind
from app.users import repository as users
from tests.belongings import add_photo, add_task, add_user, assert_ledger_adds_up, get_balance, get_task
from tests.emoji.tasks.conftest import Customer
from tests.fake_engine import FakeEngine


@pytest.fixture
async def signals(settings: Settings) -> AsyncIterator[Signals]:
    redis = connect_redis(settings)
    hub = Signals(redis, settings.REDIS_PREFIX)
    yield hub
    await hub.close()
    await redis.aclose()


@pytest.fixture
def sweeper(settings: Settings, database: Database, queue: Queue, signals: Signals) -> Sweeper:
    return Sweeper(settings, database, queue, signals)


@pytest.fixture
def jobs(settings: Settings, database: Database, queue: Queue, signals: Signals, storage: Storage) -> EmojiTaskJobs:
    return EmojiTaskJobs(settings, database, queue, signals, StickerMaker(settings, database, storage, FakeEngine()))


async def many_tasks(database: Database, people: int, each: int) -> list[tuple[UUID, UUID]]:
    """Tasks and their owners, one after the other through all people."""
    owners = [await add_user(database, 1000) for _ in range(people)]
    photos = {owner: await add_photo(database, owner) for owner in owners}
    return [(await add_task(database, owner, photos[owner]), owner) for _ in range(each) for owner in owners]


async def make_late(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(update(EmojiTask).values(deadline_at=func.now() - timedelta(seconds=1)))


async def test_sweepers_that_refund_the_same_people_do_not_block_each_other(
    sweeper: Sweeper, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.emoji.tasks.sweeper._BATCH", 8)
    tasks = await many_tasks(database, people=5, each=12)
    await make_late(database)
    give_back = points.give_back

    async def slowly(*arguments: Any) -> bool:
        await asyncio.sleep(0.01)
        return await give_back(*arguments)

    monkeypatch.setattr(points, "give_back", slowly)
    for _ in range(8):
        await asyncio.gather(*(sweeper.sweep() for _ in range(4)))
    assert {(await get_task(database, task)).status for task, _ in tasks} == {"failed"}
    assert {await get_balance(database, owner) for _, owner in tasks} == {1000}
    await assert_ledger_adds_up(database)


async def test_one_that_cannot_be_ended_holds_up_no_other(
    sweeper: Sweeper, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = await many_tasks(database, people=1, each=3)
    await make_late(database)
    photo = (await get_task(database, tasks[0][0])).photo_id
    waiting = await add_task(database, tasks[0][1], photo)
    async with database.transaction() as session:
        await session.execute(update(EmojiTask).where(EmojiTask.id == waiting).values(next_enqueue_at=func.now()))
    give_back = points.give_back

    async def refuse_first(session: Session, user_id: UUID, amount: int, reference: str) -> bool:
        if reference == f"task:{tasks[0][0]}":
            raise RuntimeError("its account cannot be booked on")
        return await give_back(session, user_id, amount, reference)

    monkeypatch.setattr(points, "give_back", refuse_first)
    await sweeper.sweep()
    assert [(await get_task(database, task)).status for task, _ in tasks] == ["pending", "failed", "failed"]
    assert (await get_task(database, waiting)).enqueues == 1


async def test_an_account_is_deleted_while_its_tasks_end(jobs: EmojiTaskJobs, database: Database) -> None:
    tasks = await many_tasks(database, people=1, each=30)
    owner = tasks[0][1]

    async def cancel(task_id: UUID) -> None:
        async with database.transaction() as session:
            await session.execute(update(EmojiTask).where(EmojiTask.id == task_id).values(progress=1))
            await asyncio.sleep(0.02)
            with contextlib.suppress(TaskNotFound):
                await ending.cancel_task(session, owner, task_id)

    await asyncio.gather(jobs.delete_of_user(str(owner)), *(cancel(task) for task, _ in reversed(tasks)))
    assert {(await get_task(database, task)).status for task, _ in tasks} == {"cancelled"}
    await assert_ledger_adds_up(database)


async def test_what_comes_back_after_an_account_was_deleted_is_written_off(
    jobs: EmojiTaskJobs, database: Database
) -> None:
    tasks = await many_tasks(database, people=1, each=2)
    owner = tasks[0][1]
    async with database.transaction() as session:
        await points.write_off(session, owner, f"deleted:{owner}")
        await users.erase(session, owner)
    await jobs.delete_of_user(str(owner))
    assert await get_balance(database, owner) == 0
    async with database.transaction() as session:
        await points.add(session, owner, 10, EntryKind.REFUND, "task:late")
    await jobs.delete_of_user(str(owner))
    assert await get_balance(database, owner) == 0
    await assert_ledger_adds_up(database)


async def test_a_redis_that_is_away_does_not_make_the_pauses_longer(
    sweeper: Sweeper, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = await many_tasks(database, people=1, each=5)

    async def away(*_: Any, **__: Any) -> bool:
        return False

    with monkeypatch.context() as patch:
        patch.setattr(Queue, "enqueue", away)
        for _ in range(8):
            async with database.transaction() as session:
                await session.execute(update(EmojiTask).values(next_enqueue_at=func.now()))
            await sweeper.sweep()
    async with database.read() as session:
        now = await session.scalar(func.now())
    for task_id, _ in tasks:
        due = (await get_task(database, task_id)).next_enqueue_at
        assert due is not None
        assert (due - now).total_seconds() < 3


async def test_a_queue_that_was_emptied_is_filled_again_at_once(
    sweeper: Sweeper, database: Database, settings: Settings, queue: Queue
) -> None:
    """However long the tasks have waited, and so however rarely they are put in again."""
    tasks = await many_tasks(database, people=1, each=3)

    async def wait_long() -> None:
        async with database.transaction() as session:
            await session.execute(update(EmojiTask).values(next_enqueue_at=func.now() + timedelta(seconds=60)))

    async def waiting_in_queue() -> int:
        async with queue.lanes[Lane.RENDER].redis() as redis:
            return int(await redis.xlen(queue.lanes[Lane.RENDER].stream_key))

    await sweeper.sweep()
    await wait_long()
    before = await waiting_in_queue()
    await sweeper.sweep()
    assert await waiting_in_queue() == before
    redis = connect_redis(settings)
    await redis.delete(*[key async for key in redis.scan_iter(f"{settings.REDIS_PREFIX}:*")])
    await redis.aclose()
    await sweeper.sweep()
    assert await waiting_in_queue() == len(tasks)


class TestMeasures:
    """What is asked twice counts once, and what is rolled back not at all."""

    @staticmethod
    def ended(status: str, error: str = "") -> float:
        return REGISTRY.get_sample_value("aipic_tasks_ended_total", {"status": status, "error": error}) or 0.0

    async def test_cancelled(self, database: Database) -> None:
        before = self.ended("cancelled")
        [(task_id, owner)] = await many_tasks(database, people=1, each=1)
        for _ in range(2):
            async with database.transaction() as session:
                await ending.cancel_task(session, owner, task_id)
        assert self.ended("cancelled") == before + 1

    async def test_created(self, customer: Customer) -> None:
        before = REGISTRY.get_sample_value("aipic_tasks_created_total") or 0.0
        for _ in range(3):
            assert (await customer.order("the-same-key")).status_code == 200
        assert REGISTRY.get_sample_value("aipic_tasks_created_total") == before + 1
