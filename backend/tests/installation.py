"""A whole installation in processes of its own, to be killed piece by piece: backend, workers, PostgreSQL, Redis."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import httpx

from app.ops.embedded.ports import free_port
from app.ops.embedded.postgres import PostgresServer
from app.ops.embedded.redis import RedisServer
from tests.conftest import BACKEND, PASSWORD, prepare_database, server_settings

if TYPE_CHECKING:
    from app.core.settings import Settings

WORKER = Path(__file__).parent / "kills" / "worker.py"


def environment(settings: Settings) -> dict[str, str]:
    """The settings as a process of its own gets them."""
    values = settings.model_dump(mode="json")
    secrets = ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
    values |= {name: getattr(settings, name).get_secret_value() for name in secrets}
    values |= {"EMOJI_FORMATS": ",".join(settings.EMOJI_FORMATS), "AIPIC_ENV_FILE": os.devnull}
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return kept | {name: str(value) for name, value in values.items() if not isinstance(value, list | type(None))}


class Installation:
    """Runs everything below ``folder``. Settings of the processes can be changed by name."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.postgres = PostgresServer(folder / "postgres", password=PASSWORD, durable=False)
        self.redis = RedisServer(folder / "redis", password=PASSWORD, durable=False)
        self.port = free_port()
        self.changes = changes
        self.workers: list[subprocess.Popen[bytes]] = []
        self.backend: subprocess.Popen[bytes] | None = None
        self._logs: list[IO[bytes]] = []
        self.settings: Settings

    def __enter__(self) -> Installation:
        self.postgres.start()
        self.redis.start()
        self.settings = server_settings(self.postgres, self.redis, MEDIA_ROOT=self.folder / "media", **self.changes)
        prepare_database(self.postgres, self.settings)
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self.workers, *([self.backend] if self.backend else [])]:
            if process.poll() is None:
                process.kill()
            process.wait()
        for log in self._logs:
            log.close()
        self.redis.stop()
        self.postgres.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def environment(self) -> dict[str, str]:
        return environment(self.settings)

    def start_backend(self, application: str = "app.main:app") -> None:
        """Start the server and wait until it answers."""
        command = ["-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--http", "app.core.bounded_http:BoundedHttp", "--ws", "none"]
        self.backend = self._start("backend", *command, "--log-level", "warning")
        self._until_healthy()

    def kill_backend(self) -> None:
        assert self.backend is not None
        self.backend.kill()
        self.backend.wait()

    def start_worker(self, *arguments: str, program: Path = WORKER) -> subprocess.Popen[bytes]:
        worker = self._start("worker", str(program), *arguments)
        self.workers.append(worker)
        return worker

    def kill_worker(self, worker: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
        worker.send_signal(number)
        worker.wait()
        self.workers.remove(worker)

    def run(self, *arguments: str) -> None:
        """Run a command of the program to its end."""
        subprocess.run(
            [sys.executable, *arguments], cwd=BACKEND, env=self.environment(), check=True, stdout=subprocess.DEVNULL
        )

    def log(self, name: str) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob(f"{name}-*.log")))

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{name}-{len(self._logs):03}.log").open("wb")
        self._logs.append(log)
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=BACKEND, env=self.environment(), stdout=log, stderr=subprocess.STDOUT
        )

    def _until_healthy(self, seconds: float = 20) -> None:
        assert self.backend is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.backend.poll() is None, self.log("backend")
            try:
                if httpx.get(f"{self.url}/utils/health-check/", timeout=1).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the backend did not come up:\n{self.log('backend')}")


async def until(condition: Any, seconds: float) -> None:
    """Wait until the async ``condition`` holds."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.1)
