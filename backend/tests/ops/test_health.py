from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.database import Database
from app.core.redis import connect_redis
from app.core.settings import Settings
from app.jobs.queue import Queue
from app.media.exceptions import StorageUnavailable
from app.media.storage import Storage
from app.ops.embedded.ports import free_port
from app.ops.embedded.postgres import PostgresServer
from app.ops.embedded.redis import RedisServer
from app.ops.health import Health
from tests.conftest import server_settings

pytestmark = pytest.mark.anyio
NAMES = {"database", "redis", "queue", "storage", "engine"}


async def ready(client: httpx.AsyncClient) -> tuple[int, dict[str, str], str]:
    answer = await client.get("/utils/ready")
    data = answer.json()["data"]
    assert set(data["components"]) == NAMES
    return answer.status_code, {name: one["status"] for name, one in data["components"].items()}, data["status"]


class Broken:
    """Stands in for a storage that is away, or counts how often it is asked."""

    def __init__(self, broken: bool = True) -> None:
        self.broken = broken
        self.asked = 0

    async def check(self) -> None:
        self.asked += 1
        if self.broken:
            raise StorageUnavailable


class TestHealthCheck:
    @pytest.mark.parametrize("path", ["/utils/health-check/", "/utils/health-check"])
    async def test_is_bare(self, client: httpx.AsyncClient, path: str) -> None:
        answer = await client.get(path)
        assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, "true", "application/json")
        assert (await client.head(path)).status_code == 200

    async def test_draining_it_says_so_and_goes_on_serving(
        self, app: FastAPI, client: httpx.AsyncClient, tmp_path: Path
    ) -> None:
        app.state.settings = app.state.settings.model_copy(update={"DRAIN_FILE": tmp_path / "draining"})
        assert (await client.get("/utils/health-check/")).text == "true"
        (tmp_path / "draining").touch()
        answer = await client.get("/utils/health-check/")
        assert (answer.status_code, answer.json()["code"]) == (503, 503003)
        assert (await client.get("/config")).status_code == 200


class TestReady:
    async def test_with_a_worker(self, client: httpx.AsyncClient, worker: None) -> None:
        deadline = time.monotonic() + 10
        while (found := await ready(client))[0] != 200 and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
        assert found == (200, dict.fromkeys(NAMES, "ok"), "ok")

    async def test_without_a_worker(self, client: httpx.AsyncClient) -> None:
        status, components, word = await ready(client)
        assert (status, word) == (503, "degraded")
        assert components == {**dict.fromkeys(NAMES, "ok"), "engine": "down"}

    async def test_fault_3_tells_no_addresses(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        settings: Settings = app.state.settings
        app.state.health = Health(app.state.database, app.state.redis, app.state.queue, Broken())  # type: ignore[arg-type]
        answer = await client.get("/utils/ready")
        assert answer.json()["code"] == 503002
        assert answer.json()["data"]["status"] == "down"
        assert "retry-after" in answer.headers
        for secret in (settings.REDIS_HOST, str(settings.REDIS_PORT), settings.POSTGRES_DB, str(settings.MEDIA_ROOT)):
            assert secret not in json.dumps(answer.json())


@pytest.fixture
async def away(
    postgres_server: PostgresServer, redis_server: RedisServer, database: Database
) -> AsyncIterator[tuple[Database, Queue, Settings]]:
    """Everything by the settings of servers that are not there."""
    settings = server_settings(postgres_server, redis_server, POSTGRES_PORT=free_port(), REDIS_PORT=free_port())
    gone = Database(settings)
    queue = Queue(settings)
    yield gone, queue, settings
    await gone.close()


async def test_all_that_can_be_away(away: tuple[Database, Queue, Settings]) -> None:
    database, queue, settings = away
    redis = connect_redis(settings)
    started = time.monotonic()
    readiness = await Health(database, redis, queue, Broken()).check()  # type: ignore[arg-type]
    assert time.monotonic() - started < 3
    assert {one.status for one in dict(readiness.components).values()} == {"down"}
    assert readiness.status == "down"
    await redis.aclose()


class TestCost:
    async def test_answers_are_kept_for_a_moment(self, database: Database, queue: Queue, settings: Settings) -> None:
        redis = connect_redis(settings)
        storage = Broken(broken=False)
        health = Health(database, redis, queue, storage)  # type: ignore[arg-type]
        await asyncio.gather(*(health.check() for _ in range(100)))
        assert storage.asked == 1
        await asyncio.sleep(1.1)
        await health.check()
        assert storage.asked == 1
        await redis.aclose()

    async def test_what_is_down_is_asked_again_soon(self, database: Database, queue: Queue, settings: Settings) -> None:
        redis = connect_redis(settings)
        storage = Broken()
        health = Health(database, redis, queue, storage)  # type: ignore[arg-type]
        assert (await health.check()).components.storage.status == "down"
        storage.broken = False
        await asyncio.sleep(1.1)
        assert (await health.check()).components.storage.status == "ok"
        await redis.aclose()


class TestMoreConnectionsThanPool:
    async def test_fault_14_all_are_answered(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        started = time.monotonic()
        answers = await asyncio.gather(*(client.get("/user/profile", headers=headers) for _ in range(200)))
        assert {answer.status_code for answer in answers} == {200}
        assert time.monotonic() - started < 10

    async def test_fault_14_the_check_tells_the_truth(
        self, app: FastAPI, client: httpx.AsyncClient, settings: Settings
    ) -> None:
        database: Database = app.state.database
        release = asyncio.Event()

        async def hold() -> None:
            async with database.transaction() as session:
                await session.execute(text("SELECT 1"))
                await release.wait()

        holding = [asyncio.create_task(hold()) for _ in range(settings.DATABASE_POOL_SIZE)]
        await asyncio.sleep(0.5)
        try:
            status, components, word = await ready(client)
            assert (status, components["database"], word) == (503, "down", "down")
            assert (await client.get("/utils/health-check/")).text == "true"
        finally:
            release.set()
            await asyncio.gather(*holding)
        await asyncio.sleep(1.1)
        assert (await ready(client))[1]["database"] == "ok"


async def test_the_real_storage_is_really_used(settings: Settings, database: Database, queue: Queue) -> None:
    redis = connect_redis(settings)
    storage = Storage.from_settings(settings)
    readiness = await Health(database, redis, queue, storage).check()
    assert readiness.components.storage.status == "ok"
    await storage.close()
    await redis.aclose()
