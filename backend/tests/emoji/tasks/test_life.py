"""A task from order to end, with a worker."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, update

from app.core.database import Database
from app.core.settings import Settings
from app.emoji.tasks.models import EmojiTask
from app.media.storage import Storage
from tests.belongings import assert_ledger_adds_up, entries, get_balance, get_task
from tests.conftest import StartWorker
from tests.emoji.tasks.conftest import Customer
from tests.fake_engine import FakeEngine


async def until_over(customer: Customer, task_id: str, seconds: float = 15) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        while True:
            task = await customer.task(task_id)
            if task["status"] in ("completed", "failed", "cancelled"):
                return task
            await asyncio.sleep(0.05)


async def ordered(customer: Customer, **changes: Any) -> str:
    answer = await customer.order(**changes)
    assert answer.status_code == 200, answer.text
    task_id: str = answer.json()["data"]["id"]
    return task_id


@pytest.mark.usefixtures("worker")
class TestCompleted:
    async def test_has_links_to_every_file(self, customer: Customer, database: Database) -> None:
        task = await until_over(customer, await ordered(customer))
        assert (task["status"], task["progress"], task["error"]) == ("completed", 100, None)
        result = task["result"]
        assert (result["width"], result["duration_ms"]) == (512, 2000)
        for kind in ("video_url", "gif_url", "webp_url", "poster_url"):
            answer = await customer.client.get(result[kind])
            assert answer.status_code == 200
            assert answer.content == b"a photo"
        assert await get_balance(database, customer.user_id) == 90

    async def test_leaves_no_lease_and_nothing_due(self, customer: Customer, database: Database) -> None:
        task = await get_task(database, (await until_over(customer, await ordered(customer)))["id"])
        assert (task.lease_token, task.lease_until, task.next_enqueue_at, task.attempt) == (None, None, None, 1)

    async def test_can_be_watched(self, customer: Customer, engine: FakeEngine) -> None:
        engine.seconds = 0.4
        events = [json.loads(line) for line in await customer.watch(await ordered(customer))]
        progress = [event["progress"] for event in events if event["status"] == "processing"]
        assert progress == sorted(progress)
        assert len({*progress}) >= 3
        assert events[-1]["status"] == "completed"
        assert events[-1]["result"]["webp_url"]

    async def test_twenty_side_by_side(self, customer: Customer, database: Database) -> None:
        tasks = [await ordered(customer) for _ in range(10)]
        ended = await asyncio.gather(*(until_over(customer, task) for task in tasks))
        assert {task["status"] for task in ended} == {"completed"}
        await assert_ledger_adds_up(database)


@pytest.mark.usefixtures("worker")
class TestFailed:
    @pytest.mark.parametrize(
        ("caption", "code", "attempts"),
        [("fail", "engine_failed", 1), ("memory", "out_of_memory", 2), ("bug", "internal_error", 3)],
    )
    async def test_fault_10_points_come_back(
        self,
        customer: Customer,
        database: Database,
        caption: str,
        code: str,
        attempts: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("app.emoji.tasks.jobs._BACKOFF_SECONDS", 0.05)
        task = await until_over(customer, await ordered(customer, caption=caption))
        assert (task["status"], task["points_refunded"], task["result"]) == ("failed", True, None)
        assert task["error"]["code"] == code
        assert task["error"]["message"]
        assert (await get_task(database, task["id"])).attempt == attempts
        assert await get_balance(database, customer.user_id) == 100
        reference = f"task:{task['id']}"
        assert await entries(database, customer.user_id) == [("consume", reference, -10), ("refund", reference, 10)]

    async def test_what_passes_by_is_tried_again(
        self, customer: Customer, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.emoji.tasks.jobs._BACKOFF_SECONDS", 0.05)
        task = await until_over(customer, await ordered(customer, caption="fail-once"))
        assert task["status"] == "completed"
        assert (await get_task(database, task["id"])).attempt == 2
        assert await get_balance(database, customer.user_id) == 90

    async def test_fault_7_a_poison_task_ends(
        self, customer: Customer, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.emoji.tasks.jobs._BACKOFF_SECONDS", 0.05)
        task = await until_over(customer, await ordered(customer, caption="crash"))
        assert (task["status"], task["error"]["code"]) == ("failed", "engine_crashed")
        assert (await get_task(database, task["id"])).attempt == 3

    async def test_a_photo_that_was_deleted_meanwhile(
        self, customer: Customer, database: Database, storage: Storage
    ) -> None:
        await storage.delete([f"photos/{customer.photo_id}.jpg"])
        task = await until_over(customer, await ordered(customer))
        assert (task["status"], task["error"]["code"]) == ("failed", "photo_gone")
        assert (await get_task(database, task["id"])).attempt == 1
        assert await get_balance(database, customer.user_id) == 100

    async def test_the_reason_speaks_the_callers_language(self, customer: Customer) -> None:
        task = await until_over(customer, await ordered(customer, caption="fail"))
        customer.headers["Accept-Language"] = "zh-CN"
        assert "失败" in (await customer.task(task["id"]))["error"]["message"]


class TestDeadline:
    async def test_a_task_that_nobody_took_ends_with_its_points_back(
        self, customer: Customer, database: Database, start_worker: StartWorker
    ) -> None:
        task_id = await ordered(customer)
        async with database.transaction() as session:
            await session.execute(update(EmojiTask).values(deadline_at=func.now() - timedelta(seconds=1)))
        await start_worker()
        task = await until_over(customer, task_id)
        assert (task["status"], task["error"]["code"]) == ("failed", "deadline_exceeded")
        assert await get_balance(database, customer.user_id) == 100

    async def test_a_hanging_engine_is_given_up(
        self, customer: Customer, database: Database, start_worker: StartWorker
    ) -> None:
        task_id = await ordered(customer, caption="hang")
        await start_worker()
        while (await customer.task(task_id))["status"] != "processing":
            await asyncio.sleep(0.05)
        async with database.transaction() as session:
            await session.execute(update(EmojiTask).values(deadline_at=func.now() - timedelta(seconds=1)))
        task = await until_over(customer, task_id)
        assert (task["status"], task["error"]["code"]) == ("failed", "deadline_exceeded")
        assert await get_balance(database, customer.user_id) == 100


class TestCancel:
    async def test_while_it_waits_points_come_back(self, customer: Customer, database: Database) -> None:
        task_id = await ordered(customer)
        answer = await customer.client.post(f"/emoji/task/{task_id}/cancel", headers=customer.headers)
        assert answer.json()["data"]["status"] == "cancelled"
        assert await get_balance(database, customer.user_id) == 100

    async def test_twice_is_the_same_as_once(self, customer: Customer, database: Database) -> None:
        task_id = await ordered(customer)
        path = f"/emoji/task/{task_id}/cancel"
        answers = await asyncio.gather(*(customer.client.post(path, headers=customer.headers) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert await get_balance(database, customer.user_id) == 100

    async def test_not_once_it_runs(self, customer: Customer, start_worker: StartWorker) -> None:
        task_id = await ordered(customer, caption="slow")
        await start_worker()
        while (await customer.task(task_id))["status"] == "pending":
            await asyncio.sleep(0.02)
        answer = await customer.client.post(f"/emoji/task/{task_id}/cancel", headers=customer.headers)
        assert answer.json()["code"] == 409011

    async def test_a_cancelled_task_is_never_run(
        self, customer: Customer, start_worker: StartWorker, engine: FakeEngine
    ) -> None:
        task_id = await ordered(customer)
        await customer.client.post(f"/emoji/task/{task_id}/cancel", headers=customer.headers)
        await start_worker()
        await asyncio.sleep(0.6)
        assert engine.started == []


class TestDelete:
    async def test_files_and_record_go(
        self, customer: Customer, storage: Storage, start_worker: StartWorker, database: Database
    ) -> None:
        await start_worker()
        task = await until_over(customer, await ordered(customer))
        answer = await customer.client.delete(f"/emoji/task/{task['id']}", headers=customer.headers)
        assert answer.status_code == 200
        assert [file.key async for file in storage.list("results")] == []
        assert (await customer.client.get(f"/emoji/task/{task['id']}", headers=customer.headers)).status_code == 404
        assert (await customer.client.get(task["result"]["webp_url"])).status_code == 404
        assert await get_balance(database, customer.user_id) == 90

    async def test_one_that_waits_is_cancelled(self, customer: Customer, database: Database) -> None:
        task_id = await ordered(customer)
        await customer.client.delete(f"/emoji/task/{task_id}", headers=customer.headers)
        assert await get_balance(database, customer.user_id) == 100
        assert (await get_task(database, task_id)).status == "cancelled"


async def test_the_worker_stops_within_its_grace_and_gives_back_what_it_held(
    customer: Customer, database: Database, settings: Settings, start_worker: StartWorker
) -> None:
    stop = await start_worker(settings.model_copy(update={"WORKER_GRACE_SECONDS": 1}))
    task_id = await ordered(customer, caption="hang")
    while (await customer.task(task_id))["status"] == "pending":
        await asyncio.sleep(0.02)
    async with asyncio.timeout(4):
        await stop()
    task = await get_task(database, task_id)
    assert (task.status, task.attempt, task.lease_token) == ("pending", 0, None)
