"""Real servers for the tests: one PostgreSQL and one Redis a test process, started by the first test that asks."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

import httpx
import hypothesis
import pytest
import structlog
from alembic import command
from alembic.config import Config
from fastapi import FastAPI
from sqlalchemy import text
from starlette.routing import BaseRoute

from app import main
from app.api import build_api
from app.core.database import Database
from app.core.flat_routes import add_flat
from app.core.settings import Settings
from app.initial_data import seed
from app.jobs.queue import Queue
from app.ops.embedded.postgres import PostgresServer
from app.ops.embedded.redis import RedisServer
from app.ops.worker import work
from app.registry import metadata
from tests.fake_engine import FakeEngine

# Plain lines: the library's own default prints the values of all variables with a traceback, which takes minutes.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(),
    ],
)

# The same examples at every run, and no clock, so that a run says something of the change under test and nothing else.
# `--hypothesis-profile=search` looks for new ones.
hypothesis.settings.register_profile(
    "repeat", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile(
    "search", hypothesis.settings.get_profile("repeat"), derandomize=False, max_examples=400
)
hypothesis.settings.load_profile("repeat")

PASSWORD = "test-only-0123456789"
BACKEND = Path(__file__).parents[1]


@pytest.hookimpl(trylast=True)  # after pytest's own, which brings together what shares a fixture
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deal the long modules out to the processes first, the longest first; each then fills up with short ones.

    They mostly wait, for leases or servers to end: begun last, they would keep the others waiting with them. Processes
    are given as many tests each, and take from one another what is left (`--dist worksteal`).
    """
    processes: int = getattr(config, "workerinput", {}).get("workercount", 1)
    modules: dict[Path, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path, []).append(item)
    seconds = {path: mark.args[0] for path, (item, *_) in modules.items() if (mark := item.get_closest_marker("long"))}
    shares: list[list[pytest.Item]] = [[] for _ in range(processes)]
    loads = [0] * processes
    for path in sorted(seconds, key=lambda path: (-seconds[path], path)):
        least = loads.index(min(loads))
        loads[least] += seconds[path]
        shares[least] += modules[path]
    short = iter([item for item in items if item.path not in seconds])
    dealt = 0
    for number, share in enumerate(shares):
        share.extend(islice(short, max(0, (len(items) - dealt) // (processes - number) - len(share))))
        dealt += len(share)
    items[:] = [*chain.from_iterable(shares), *short]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="aipic-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[PostgresServer]:
    with PostgresServer(server_folder / "postgres", password=PASSWORD, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(server_folder: Path) -> Iterator[RedisServer]:
    with RedisServer(server_folder / "redis", password=PASSWORD, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def base_settings(postgres_server: PostgresServer, redis_server: RedisServer) -> Settings:
    return server_settings(postgres_server, redis_server)


@pytest.fixture(scope="session")
def migrated(postgres_server: PostgresServer, base_settings: Settings) -> Settings:
    """The settings, once their database has all tables and the seed."""
    prepare_database(postgres_server, base_settings)
    return base_settings


def server_settings(postgres: PostgresServer, redis: RedisServer, **changes: Any) -> Settings:
    """Settings for these servers that read neither the environment's `.env` nor anything else of the machine."""
    values: dict[str, Any] = {
        "ENVIRONMENT": "local",
        "SECRET_KEY": "test-only-secret-key-of-more-than-32-characters",
        "POSTGRES_SERVER": postgres.host,
        "POSTGRES_PORT": postgres.port,
        "POSTGRES_DB": "aipic",
        "POSTGRES_USER": "aipic",
        "POSTGRES_PASSWORD": PASSWORD,
        "REDIS_HOST": redis.host,
        "REDIS_PORT": redis.port,
        "REDIS_PASSWORD": PASSWORD,
        "METRICS_PORT": 0,
        "WORKER_RENDERS": 2,
        "SWEEP_SECONDS": 0.2,
        "LEASE_SECONDS": 2.0,
        "ENGINE": "fake",
    }
    return Settings(_env_file=None, **(values | changes))


def prepare_database(postgres: PostgresServer, settings: Settings) -> None:
    postgres.create_database(settings.POSTGRES_DB, settings.POSTGRES_USER, PASSWORD)
    config = Config(str(BACKEND / "alembic.ini"))
    config.attributes["url"] = settings.database_url
    command.upgrade(config, "head")

    async def sow() -> None:
        database = Database(settings)
        try:
            await seed(database, FakeEngine())
        finally:
            await database.close()

    asyncio.run(sow())


@pytest.fixture
def settings(migrated: Settings, tmp_path: Path) -> Settings:
    """Settings of one test: its own media folder, and a prefix of its own in Redis."""
    return migrated.model_copy(
        update={"MEDIA_ROOT": tmp_path / "media", "REDIS_PREFIX": f"t{tmp_path.name[-24:]}".lower()}
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database; every table but the templates is emptied after the test."""
    opened = Database(settings, name="test")
    yield opened
    tables = ", ".join(table.name for table in metadata.sorted_tables if table.name != "emoji_templates")
    async with opened.transaction() as session:
        await session.execute(text(f"TRUNCATE {tables} CASCADE"))
    await opened.close()


@pytest.fixture
async def queue(settings: Settings) -> AsyncIterator[Queue]:
    opened = Queue(settings)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def routes() -> list[BaseRoute]:
    """The table of routes, in which no setting changes anything: FastAPI takes 50 ms to plan it."""
    planned = FastAPI(openapi_url=None)
    add_flat(planned, build_api())
    return planned.router.routes


@pytest.fixture
async def app(
    settings: Settings, database: Database, routes: list[BaseRoute], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FastAPI]:
    """The whole application, in this process."""
    with monkeypatch.context() as patched:
        patched.setattr(main, "add_flat", lambda application, _: application.router.routes.extend(routes))
        application = main.create_app(settings)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000/api/v1") as opened:
        yield opened


class SignIn(Protocol):
    async def __call__(self, device_id: str = ...) -> dict[str, str]: ...


@pytest.fixture
async def sign_in(client: httpx.AsyncClient) -> SignIn:
    """Signs a device in over HTTP and returns the headers for its account."""

    async def signed_in(device_id: str = "device-of-a-test-0001") -> dict[str, str]:
        answer = await client.post("/auth/login", json={"device_id": device_id})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['data']['access_token']}"}

    return signed_in


@pytest.fixture
async def headers(sign_in: SignIn) -> dict[str, str]:
    """The headers of a signed-in account with its welcome points."""
    return await sign_in()


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


class StartWorker(Protocol):
    async def __call__(self, settings: Settings = ..., engine: Any = ...) -> Callable[[], Awaitable[None]]: ...


@pytest.fixture
async def start_worker(settings: Settings, database: Database, engine: FakeEngine) -> AsyncIterator[StartWorker]:
    """Starts a worker with all jobs in this process; what it returns stops it."""
    own_settings, own_engine = settings, engine
    async with AsyncExitStack() as stack:

        async def start(settings: Settings = own_settings, engine: Any = own_engine) -> Callable[[], Awaitable[None]]:
            stop = asyncio.Event()
            task = asyncio.create_task(work(settings, engine, stop))

            async def end() -> None:
                stop.set()
                await task

            stack.push_async_callback(end)
            return end

        yield start


@pytest.fixture
async def worker(start_worker: StartWorker) -> None:
    """A worker that runs during the test, with the fake engine."""
    await start_worker()
