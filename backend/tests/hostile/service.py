"""The whole service behind a real socket, with a worker beside it, in a thread: for tests that send bytes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text, update

from app.core.database import Database
from app.core.settings import Settings
from app.main import create_app
from app.ops.worker import work
from app.points import service as points
from app.points.models import EntryKind
from app.registry import metadata
from app.users.models import User

T = TypeVar("T")
ROWS = ("users", "devices", "email_codes", "point_accounts", "ledger_entries", "photos", "emoji_tasks")


@dataclass(frozen=True)
class Account:
    """Somebody who is signed in."""

    user_id: UUID
    headers: dict[str, str]


class Service:
    """Serves as in production: the same protocol class, the same options. ``engine`` None: no worker runs."""

    def __init__(self, settings: Settings, engine: Any = None) -> None:
        self.settings = settings
        self.app: FastAPI = create_app(settings)
        self._engine = engine
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="service")
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._server: uvicorn.Server
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(60)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self.run(empty(self._database()))
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the loop of the service."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=f"{self.url}/api/v1", timeout=30, trust_env=False, **options)

    def sign_in(self, device_id: str, *, balance: int | None = None) -> Account:
        """An account over HTTP; with ``balance`` it has that many points, and is an operator's."""
        with self.client() as client:
            answer = client.post("/auth/login", json={"device_id": device_id})
            assert answer.status_code == 200, answer.text
            data = answer.json()["data"]
        user_id = UUID(data["user"]["id"])
        if balance is not None:
            self.run(self._grant(user_id, balance - data["user"]["points_balance"]))
        return Account(user_id, {"Authorization": f"Bearer {data['access_token']}"})

    def callers(self) -> set[tuple[str, int] | None]:
        """The other ends of all connections that the server holds."""
        connections: set[Any] = set(self._server.server_state.connections)
        return {connection.client for connection in connections}

    def holdings(self) -> dict[str, Any]:
        """All that bad input must leave as it was: every table's content in short, and every file."""
        folder = self.settings.MEDIA_ROOT
        files = sorted((str(path), path.stat().st_size) for path in folder.rglob("*") if path.is_file())
        return {**self.run(self._digests()), "files": files}

    def assert_holds(self, before: dict[str, Any]) -> None:
        """Nothing is there that was not, nothing has gone: at once, or when the worker has put its things away."""
        for _ in range(200):
            if self.holdings() == before:
                return
            time.sleep(0.02)
        assert self.holdings() == before

    async def _digests(self) -> dict[str, str]:
        async with self._database().read() as session:
            return {
                table: str(
                    await session.scalar(
                        text(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t")
                    )
                )
                for table in ROWS
            }

    async def _grant(self, user_id: UUID, amount: int) -> None:
        async with self._database().transaction() as session:
            await session.execute(update(User).where(User.id == user_id).values(is_superuser=True))
            await points.add(session, user_id, amount, EntryKind.ADJUST, f"test:{user_id}")

    def _database(self) -> Database:
        database: Database = self.app.state.database
        return database

    def _serve(self) -> None:
        try:
            asyncio.run(self._work())
        except BaseException as error:
            self._failure = error
            self._ready.set()

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        config = uvicorn.Config(
            self.app,
            host="127.0.0.1",
            port=0,
            http="app.core.bounded_http:BoundedHttp",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
            if serving.done():
                serving.result()
                raise RuntimeError("the server did not start")
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        working = asyncio.create_task(work(self.settings, self._engine, self._stop)) if self._engine else None
        self._ready.set()
        await self._stop.wait()
        self._server.should_exit = True
        await serving
        if working is not None:
            await working


async def empty(database: Database) -> None:
    """Forget everybody."""
    tables = ", ".join(table.name for table in metadata.sorted_tables if table.name != "emoji_templates")
    async with database.transaction() as session:
        await session.execute(text(f"TRUNCATE {tables} CASCADE"))
