"""The client against the whole service on a real socket: mostly in a thread of this process, where it is to be
interrupted in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
import structlog
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select

from app.cli.application import run
from app.core.database import Database
from app.emoji.tasks.models import EmojiTask
from app.points import service as points
from app.points.models import EntryKind
from app.users.models import User
from tests.cli.conftest import Said
from tests.cli.remote.weather import Weather

BACKEND = Path(__file__).parents[3]
DEVICE = "device-of-a-test-that-calls"


class _Server(uvicorn.Server):
    """One that leaves the test's own signal handlers alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(app: Any, port: int = 0) -> AsyncIterator[str]:
    """Serve an application, on a free port unless one is named; gives the address."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        lifespan="off",
        log_config=None,
        log_level="critical",
        timeout_graceful_shutdown=1,
        ws="none",
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@dataclass
class Running:
    """The service that the client talks to."""

    url: str
    weather: Weather
    database: Database

    async def tasks(self) -> list[EmojiTask]:
        """All tasks, oldest first."""
        async with self.database.read() as session:
            return list((await session.scalars(select(EmojiTask).order_by(EmojiTask.id))).all())

    async def users(self) -> list[User]:
        """All accounts."""
        async with self.database.read() as session:
            return list((await session.scalars(select(User))).all())

    async def balance(self) -> int:
        """Points of the only account."""
        [user] = await self.users()
        async with self.database.read() as session:
            return await points.get_balance(session, user.id)

    async def give(self, amount: int) -> None:
        """Points for the only account."""
        [user] = await self.users()
        async with self.database.transaction() as session:
            await points.add(session, user.id, amount, EntryKind.ADJUST, f"test:{user.id}:{amount}")


@pytest.fixture
async def running(app: FastAPI, database: Database) -> AsyncIterator[Running]:
    """The service. It logs nothing: what the client prints is looked at."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    weather = Weather(app)
    async with listening(weather) as url:
        yield Running(url, weather, database)
    structlog.configure(**before)


@dataclass
class Shell:
    """Runs the command in an empty folder of a person who has nothing set."""

    folder: Path
    environment: dict[str, str]
    capture: pytest.CaptureFixture[str]

    async def __call__(self, *arguments: object, **more: str) -> Said:
        """Run it to its end in a thread."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("AIPIC_DEVICE_ID", "SSL_CERT_FILE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
                patch.delenv(name, raising=False)
            for name, value in (self.environment | more).items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            self.capture.readouterr()
            code = await anyio.to_thread.run_sync(run, [str(argument) for argument in arguments])
            told = self.capture.readouterr()
        assert "Traceback" not in told.err
        return Said(code, told.out, told.err)

    async def start(self, *arguments: object, **more: str) -> asyncio.subprocess.Process:
        """Start a process; stdout and stderr are pipes, so it draws no bars."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", *map(str, arguments)),
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", os.defpath), **self.environment, **more},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    @property
    def devices(self) -> Path:
        """Where the ids of devices are kept."""
        return self.folder / "config" / "ai-pic" / "device.json"


@pytest.fixture
def aipic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    folder = tmp_path / "here"
    folder.mkdir()
    environment = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PYTHONPATH": str(BACKEND),
        "PYTHONSAFEPATH": "1",
        "AIPIC_LANG": "en",
        "COLUMNS": "100",
    }
    return Shell(folder, environment, capsys)


@pytest.fixture
def photo(aipic: Shell, astronaut: Path) -> Path:
    """A photo that the fake engine takes."""
    path = aipic.folder / "me and you.png"
    path.write_bytes(astronaut.read_bytes())
    return path
