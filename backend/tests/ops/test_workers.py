"""Workers beside each other, and what one of them does at once: counted at the engine."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from app.core.database import Database
from app.core.settings import Settings
from app.engines.base import Generated, GenerateRequest, Progress
from app.engines.local_engine import LocalEngine, LocalOptions
from app.jobs import worker as jobs_worker
from app.jobs.job import Job, JobName, Lane
from app.jobs.queue import Queue
from app.jobs.worker import JobWorker
from app.media.storage import Storage
from tests.belongings import add_photo, add_user, get_task, store_photo
from tests.conftest import StartWorker
from tests.fake_engine import FakeEngine
from tests.photo_files import stored
from tests.portraits import FIXTURES

pytestmark = [pytest.mark.anyio, pytest.mark.long(36)]


SMALL = {"EMOJI_SIZE": 192, "EMOJI_FORMATS": ["webp"], "LEASE_SECONDS": 30.0}
"""Stickers that are soon made, on a machine that may have much else to do."""


class CountingEngine(FakeEngine):
    """Knows how many stickers it had in hand at once, at most."""

    now = most = 0

    async def generate(self, request: GenerateRequest, on_progress: Progress) -> Generated:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await super().generate(request, on_progress)
        finally:
            self.now -= 1


class Customer:
    """An account with points and a photo whose file is there."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient, user_id: UUID, photo_id: UUID) -> None:
        token, _ = app.state.keyring.issue_token(user_id)
        self.headers = {"Authorization": f"Bearer {token}"}
        self._client = client
        self._photo_id = photo_id

    async def order(self, caption: str) -> str:
        body = {"photo_id": str(self._photo_id), "driven_id": "wink", "caption": caption}
        answer = await self._client.post("/emoji/create", json=body, headers=self.headers)
        assert answer.status_code == 200, answer.text
        task_id: str = answer.json()["data"]["id"]
        return task_id


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"RATE_CREATE": "10000/minute", "RATE_UPLOAD": "10000/minute", "EMOJI_MAX_ACTIVE": 1000}
    )


@pytest.fixture
async def customer(
    app: FastAPI, client: httpx.AsyncClient, database: Database, settings: Settings, tmp_path: Path
) -> AsyncIterator[Customer]:
    storage = Storage.from_settings(settings)
    user_id = await add_user(database, 10_000)
    photo_id = await add_photo(database, user_id)
    await store_photo(storage, photo_id, tmp_path, stored(Image.open(FIXTURES / "astronaut.png"), "JPEG"))
    yield Customer(app, client, user_id, photo_id)
    await storage.close()


async def until_over(database: Database, tasks: list[str], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for task_id in tasks:
        while (task := await get_task(database, task_id)).status in {"pending", "processing"}:
            assert time.monotonic() < deadline, task.status
            await asyncio.sleep(0.05)
        assert (task.status, task.attempt) == ("completed", 1)


class TestTwoWorkers:
    async def test_fault_8_nothing_is_taken_from_one_that_still_holds_it(
        self,
        customer: Customer,
        database: Database,
        start_worker: StartWorker,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Work that takes several times as long as leases and redelivery, while the other worker has nothing to do."""
        monkeypatch.setattr(jobs_worker, "REDELIVERY", jobs_worker.REDELIVERY / 10)
        engines = [FakeEngine(7.0), FakeEngine(7.0)]
        settings = settings.model_copy(update={"WORKER_RENDERS": 6, "LEASE_SECONDS": 3.0})
        for engine in engines:
            await start_worker(settings, engine)
        tasks = await asyncio.gather(*(customer.order(f"sticker {number}") for number in range(8)))
        await until_over(database, tasks, 60)
        started = [caption for engine in engines for caption in engine.started]
        assert sorted(map(str, started)) == sorted(f"sticker {number}" for number in range(8))

    async def test_fault_8_each_of_many_is_made_once(
        self, customer: Customer, database: Database, start_worker: StartWorker, settings: Settings
    ) -> None:
        engines = [FakeEngine(0.02), FakeEngine(0.02)]
        for engine in engines:
            await start_worker(settings, engine)
        tasks = await asyncio.gather(*(customer.order(f"sticker {number}") for number in range(60)))
        await until_over(database, tasks, 60)
        made = Counter(caption for engine in engines for caption in engine.made)
        assert made == {f"sticker {number}": 1 for number in range(60)}
        assert all(engine.made for engine in engines)


class TestOneWorker:
    async def test_fault_9_fills_all_its_places(
        self, customer: Customer, database: Database, start_worker: StartWorker, settings: Settings
    ) -> None:
        engine = CountingEngine(1.0)
        await start_worker(settings.model_copy(update={"WORKER_RENDERS": 10}), engine)
        started = time.monotonic()
        tasks = await asyncio.gather(*(customer.order(f"sticker {number}") for number in range(20)))
        await until_over(database, tasks, 60)
        assert engine.most == 10
        assert time.monotonic() - started < 15, "one after the other would take 20 s"

    async def test_fault_9_waits_for_hundreds_at_once(self, queue: Queue) -> None:
        """What only waits, as for a remote engine, does so by the hundred, and not behind stickers."""
        poll, render = JobName("test.poll", Lane.INTERACTIVE), JobName("test.render", Lane.RENDER)
        now = most = over = 0

        async def ask(number: int) -> None:
            nonlocal now, most, over
            now += 1
            most = max(most, now)
            await asyncio.sleep(2)
            now -= 1
            over += 1

        async def make(number: int) -> None:
            await asyncio.sleep(60)

        worker = JobWorker(
            queue,
            [Job(poll, ask), Job(render, make)],
            [],
            concurrency={Lane.INTERACTIVE: 100, Lane.RENDER: 1},
            grace_seconds=0.1,
        )
        for number in range(3):
            await queue.enqueue(render, number=number)
        await asyncio.gather(*(queue.enqueue(poll, number=number) for number in range(100)))
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        started = time.monotonic()
        while over < 100:
            assert time.monotonic() - started < 30, "one after the other would take 200 s"
            await asyncio.sleep(0.05)
        stop.set()
        await running
        assert most >= 90


class TestTheEventLoop:
    """Fault 15: app and worker share one loop here, which is worse than it ever gets, and pixel work blocks neither."""

    async def test_fault_15_is_free_while_photos_are_prepared_and_stickers_made(
        self,
        customer: Customer,
        client: httpx.AsyncClient,
        database: Database,
        start_worker: StartWorker,
        settings: Settings,
    ) -> None:
        await start_worker(settings.model_copy(update=SMALL), LocalEngine(LocalOptions(render_processes=1)))
        portrait = stored(Image.open(FIXTURES / "astronaut.png").convert("RGB").resize((2000, 1500)), "JPEG")
        async with watched(client) as delays:
            tasks = [await customer.order("")]
            for _ in range(2):
                answer = await client.post(
                    "/emoji/upload", headers=customer.headers, files={"file": ("a.jpg", portrait)}, timeout=60
                )
                assert answer.status_code == 200
            await until_over(database, tasks, 90)
        assert len(delays) > 20
        assert sorted(delays)[len(delays) // 2] < 0.05
        assert max(delays) < 1

    async def test_fault_15_is_free_while_the_engine_hangs(
        self,
        customer: Customer,
        client: httpx.AsyncClient,
        database: Database,
        start_worker: StartWorker,
        settings: Settings,
    ) -> None:
        engine = LocalEngine(LocalOptions(render_processes=1))
        await start_worker(settings.model_copy(update=SMALL), engine)
        stopped: list[int] = []
        try:
            tasks = [await customer.order("")]
            while not (await get_task(database, tasks[0])).progress:
                await asyncio.sleep(0.05)
            stopped = engine.pids
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            async with watched(client) as delays:
                await asyncio.sleep(1.5)
                assert (await client.get("/user/profile", headers=customer.headers)).status_code == 200
            assert len(delays) > 20
            assert max(delays) < 1
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        await until_over(database, tasks, 90)


@asynccontextmanager
async def watched(client: httpx.AsyncClient) -> AsyncIterator[list[float]]:
    """How long the health check takes, again and again, while the block runs."""
    delays: list[float] = []

    async def ask() -> None:
        while True:
            started = time.monotonic()
            answer: Any = await client.get("/utils/health-check/")
            assert answer.json() is True
            delays.append(time.monotonic() - started)
            await asyncio.sleep(0.02)

    asking = asyncio.create_task(ask())
    try:
        yield delays
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
