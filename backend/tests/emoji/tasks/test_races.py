"""Moments in which two things happen at once: none of them may cost a sticker, a point, or minutes."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, update

from app.core.database import Database
from app.core.settings import Settings
from app.core.signals import Signals
from app.emoji.tasks import lease, repository
from app.media.exceptions import PhotoNotFound
from app.media.models import Photo
from app.media.retention import Retention
from app.media.storage import Storage
from tests.belongings import assert_ledger_adds_up, get_balance, get_task
from tests.conftest import StartWorker
from tests.emoji.tasks.conftest import Customer
from tests.emoji.tasks.test_life import ordered, until_over
from tests.fake_engine import FakeEngine

pytestmark = pytest.mark.long(18)


async def until_status(database: Database, task_id: str, status: str, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while (await get_task(database, task_id)).status != status:
            await asyncio.sleep(0.02)


async def assert_files_are_there(customer: Customer, task: dict[str, Any]) -> None:
    for kind in ("video_url", "gif_url", "webp_url", "poster_url"):
        assert (await customer.client.get(task["result"][kind])).status_code == 200


class TestCompleted:
    """What a row speaks of is never taken away by the very attempt that made it."""

    async def test_the_lease_is_looked_at_while_the_news_goes_out(
        self, customer: Customer, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        publish = Signals.publish

        async def slowly(self: Signals, channel: str, **content: Any) -> None:
            if content.get("status") == "completed":
                await asyncio.sleep(1.5)
            await publish(self, channel, **content)

        monkeypatch.setattr(Signals, "publish", slowly)
        stop = await start_worker()
        task = await until_over(customer, await ordered(customer))
        assert task["status"] == "completed"
        await stop()
        await assert_files_are_there(customer, task)

    async def test_the_worker_is_stopped_while_the_news_goes_out(
        self,
        customer: Customer,
        settings: Settings,
        start_worker: StartWorker,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def never(self: Signals, channel: str, **content: Any) -> None:
            if content.get("status") == "completed":
                await asyncio.sleep(60)

        monkeypatch.setattr(Signals, "publish", never)
        stop = await start_worker(settings.model_copy(update={"WORKER_GRACE_SECONDS": 1, "LEASE_SECONDS": 60}))
        task = await until_over(customer, await ordered(customer))
        await stop()
        await assert_files_are_there(customer, task)

    async def test_the_answer_to_the_commit_is_lost(
        self, customer: Customer, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """PostgreSQL committed and then restarted: the worker asks again, and must believe what it finds."""
        complete, lost = lease.complete, iter([True])

        async def completed(session: Any, *arguments: Any) -> bool:
            done = await complete(session, *arguments)
            if next(lost, False):
                await session.commit()
                raise ConnectionResetError
            return done

        monkeypatch.setattr(lease, "complete", completed)
        stop = await start_worker()
        task = await until_over(customer, await ordered(customer))
        await stop()
        await assert_files_are_there(customer, task)


class TestRetention:
    """The daily sweep, in the moments in which results come to be."""

    @pytest.fixture
    def retention(self, database: Database, storage: Storage) -> Retention:
        return Retention(
            database,
            storage,
            photo_in_use=repository.photo_in_use,
            result_prefixes=repository.list_result_prefixes,
        )

    async def test_sweeps_all_the_time_while_stickers_are_made(
        self,
        customer: Customer,
        start_worker: StartWorker,
        retention: Retention,
        engine: FakeEngine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Even with clocks that are a day apart, so that every file looks old."""
        monkeypatch.setattr("app.media.retention._LEFTOVER_AGE", timedelta(days=-1))
        monkeypatch.setattr("app.emoji.tasks.jobs._BACKOFF_SECONDS", 0.05)
        engine.seconds = 0.1
        stop = await start_worker()
        tasks = [await ordered(customer, caption=f"fail-once {number}") for number in range(8)]
        ended = asyncio.gather(*(until_over(customer, task, 40) for task in tasks))
        while not ended.done():
            await retention.delete_orphaned_results()
            await asyncio.sleep(0.01)
        for task in await ended:
            assert task["status"] == "completed"
            await assert_files_are_there(customer, task)
        await stop()

    async def test_a_photo_stays_as_long_as_a_task_waits_for_it(
        self, customer: Customer, database: Database, start_worker: StartWorker, retention: Retention
    ) -> None:
        task_id = await ordered(customer)
        async with database.transaction() as session:
            await session.execute(update(Photo).values(expires_at=func.now() - timedelta(days=1)))
        await retention.run()
        await start_worker()
        assert (await until_over(customer, task_id))["status"] == "completed"
        await retention.run()
        assert (await customer.order()).json()["code"] == PhotoNotFound().number + 404_000


class TestStop:
    async def test_another_worker_takes_over_at_once(
        self, customer: Customer, database: Database, settings: Settings, start_worker: StartWorker
    ) -> None:
        """The queue still holds the cancelled job as running, for ten seconds: the next one must not wait for it."""
        patient = {"WORKER_GRACE_SECONDS": 1, "LEASE_SECONDS": 60, "SWEEP_SECONDS": 60}
        stop = await start_worker(settings.model_copy(update=patient))
        task_id = await ordered(customer, caption="hang")
        await until_status(database, task_id, "processing")
        await stop()
        await start_worker(settings.model_copy(update={"WORKER_GRACE_SECONDS": 1}))
        started = time.monotonic()
        await until_status(database, task_id, "processing", 20)
        assert time.monotonic() - started < 3
        assert (await get_task(database, task_id)).attempt == 1

    async def test_a_storage_that_hangs_does_not_keep_it(
        self,
        customer: Customer,
        database: Database,
        settings: Settings,
        start_worker: StartWorker,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def hang(*_: Any) -> None:
            await asyncio.sleep(60)

        monkeypatch.setattr(Storage, "delete", hang)
        stop = await start_worker(settings.model_copy(update={"WORKER_GRACE_SECONDS": 1}))
        task_id = await ordered(customer, caption="hang")
        await until_status(database, task_id, "processing")
        started = time.monotonic()
        await stop()
        assert time.monotonic() - started < 10
        assert (await get_task(database, task_id)).status == "pending"


class TestFailed:
    async def test_is_told_before_the_tidying_up(
        self,
        customer: Customer,
        database: Database,
        start_worker: StartWorker,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A storage that hangs must not outlive the lease: the task would be made again, and fail again."""

        async def hang(*_: Any) -> None:
            await asyncio.sleep(5)

        monkeypatch.setattr(Storage, "delete", hang)
        stop = await start_worker()
        task = await until_over(customer, await ordered(customer, caption="fail"), 3)
        assert (task["status"], task["error"]["code"]) == ("failed", "engine_failed")
        assert (await get_task(database, task["id"])).attempt == 1
        assert await get_balance(database, customer.user_id) == 100
        await assert_ledger_adds_up(database)
        await stop()
