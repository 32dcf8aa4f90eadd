"""A whole installation in a temporary folder: PostgreSQL, Redis, service, floor, worker.

The service runs as ``./aipic up`` runs it, with the settings of production, the floor in the same way. All of it ends
with us.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from app.core.settings import Settings
from app.ops.embedded import PostgresServer, RedisServer, Secrets, free_port
from app.ops.embedded.processes import end_session, identity, start_tethered

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
BACKEND = ROOT / "backend"
PROCESSES = 2
_DATABASE = "aipic"
_READY_SECONDS = 60.0
_GRACE_SECONDS = 10.0
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_UNLIMITED = "1000000/second"


class StageBroken(Exception):
    """Something of the installation did not start or did not answer; the message holds its last lines."""


@dataclass(frozen=True)
class Program:
    """A process of ours, perhaps with children, in a session of its own."""

    name: str
    process: subprocess.Popen[bytes]
    known: str
    port: int
    log: Path

    @property
    def pid(self) -> int:
        """Of the first process of it."""
        return self.process.pid

    def children(self) -> list[int]:
        """Processes below it that run Python code of ours: not the one that tidies up after ``multiprocessing``."""
        found = []
        for child in psutil.Process(self.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if not any("resource_tracker" in word for word in child.cmdline()):
                    found.append(child.pid)
        return found

    def holders(self) -> dict[int, list[int]]:
        """Which child holds which connections, by the numbers of the callers' ends."""
        held: dict[int, list[int]] = {}
        for pid in self.children():
            held[pid] = [
                connection.raddr.port
                for connection in psutil.Process(pid).net_connections("tcp4")
                if connection.raddr and connection.laddr.port == self.port and connection.status == "ESTABLISHED"
            ]
        return held

    def last_lines(self) -> str:
        """What it said last."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-12:])


class Stage:
    """Everything below ``folder``; what was started ends with the block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)  # as root the database runs under another account, which has to reach its data
        self._secrets = Secrets()
        logs = folder / "logs"
        self.postgres = PostgresServer(
            folder / "postgres", password=self._secrets.postgres_superuser_password, log=logs / "postgres.log"
        )
        self.redis = RedisServer(folder / "redis", password=self._secrets.redis_password, log=logs / "redis.log")
        self.programs: list[Program] = []
        self.settings: Settings
        self._environment: dict[str, str] = {}

    def __enter__(self) -> Stage:
        self.postgres.start()
        self.redis.start()
        self.postgres.create_database(_DATABASE, _DATABASE, self._secrets.postgres_password)
        values = self._values()
        self.settings = Settings(_env_file=None, **values)
        kept = {name: value for name, value in os.environ.items() if name in _KEPT}
        python = {"PYTHONPATH": str(BACKEND), "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1", "AIPIC_ENV_FILE": os.devnull}
        self._environment = {**kept, **python, **{name: str(value) for name, value in values.items()}}
        self.run("migrate", "-m", "alembic", "upgrade", "head")
        self.run("seed", "-m", "app.initial_data")
        return self

    def __exit__(self, *_: object) -> None:
        for program in reversed(self.programs):
            self.stop(program)
        self.redis.stop()
        self.postgres.stop()

    def run(self, name: str, *arguments: str, **changes: str) -> None:
        """Run Python to its end."""
        program = self._start(name, 0, arguments, changes)
        code = program.process.wait()
        self.stop(program)
        if code != 0:
            raise StageBroken(f"{name} ended with code {code}:\n{program.last_lines()}")

    def start_service(self) -> Program:
        """The service as it runs in production."""
        port = self.settings.BACKEND_PORT
        program = self._start("service", port, _serving("app.main:app", port), {})
        self._await(program, "/api/v1/utils/health-check/")
        return program

    def start_floor(self, traces: Path) -> Program:
        """The floor, served in the same way."""
        port = free_port()
        changes = {"AIPIC_BENCH_TRACES": str(traces), "PYTHONPATH": f"{ROOT}{os.pathsep}{BACKEND}"}
        serving = [*_serving("bench.api.floor:serve", port), "--factory", "--no-access-log"]
        program = self._start("floor", port, serving, changes)
        self._await(program, "/profile")
        return program

    def start_worker(self, **changes: str) -> Program:
        """A worker; returns once it says that it works."""
        program = self._start("worker", 0, ["worker/emoji_worker.py"], changes)
        self._until(program, lambda: b"worker_started" in program.log.read_bytes())
        return program

    def stop(self, program: Program) -> None:
        """Ask it to end, and see to it that all of it does."""
        end_session(program.pid, program.known, signal.SIGTERM, _GRACE_SECONDS)
        program.process.wait()
        if program in self.programs:
            self.programs.remove(program)

    def sql(self, statements: str) -> str:
        """Run SQL as the database's superuser."""
        return self.postgres.execute(statements, _DATABASE)

    def forget_work(self) -> None:
        """Empty the queue, and close the tasks in it, so that a worker finds nothing to do."""
        self.sql(
            "UPDATE emoji_tasks SET status = 'cancelled', next_enqueue_at = NULL, finished_at = now() "
            "WHERE status IN ('pending', 'processing'); VACUUM ANALYZE;"
        )
        self.redis.flush()

    def _values(self) -> dict[str, Any]:
        secrets = self._secrets
        return {
            "ENVIRONMENT": "production",
            "SECRET_KEY": secrets.secret_key,
            "POSTGRES_SERVER": self.postgres.host,
            "POSTGRES_PORT": self.postgres.port,
            "POSTGRES_DB": _DATABASE,
            "POSTGRES_USER": _DATABASE,
            "POSTGRES_PASSWORD": secrets.postgres_password,
            "REDIS_HOST": self.redis.host,
            "REDIS_PORT": self.redis.port,
            "REDIS_PASSWORD": secrets.redis_password,
            "BACKEND_PORT": free_port(),
            "METRICS_PORT": free_port(),
            "DATABASE_POOL_SIZE": 10,
            "MEDIA_ROOT": self.folder / "media",
            "RATE_UPLOAD": _UNLIMITED,
            "RATE_CREATE": _UNLIMITED,
            "EMOJI_MAX_ACTIVE": 10_000,
            "EMOJI_DEADLINE_SECONDS": 86_400,
            "WORKER_RENDERS": PROCESSES,
        }

    def _start(self, name: str, port: int, arguments: list[str] | tuple[str, ...], changes: dict[str, str]) -> Program:
        log = self.folder / "logs" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as output:
            process = start_tethered(
                [sys.executable, *arguments],
                cwd=BACKEND,
                output=output,
                env={**self._environment, **changes},
                death_signal=signal.SIGTERM,
            )
        program = Program(name, process, identity(process.pid) or "", port, log)
        self.programs.append(program)
        return program

    def _await(self, program: Program, path: str) -> None:
        """Wait until it answers, and until all of its processes are there."""
        self._until(program, lambda: len(program.children()) == PROCESSES and _answers(program.port, path))

    def _until(self, program: Program, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not condition():
            if program.process.poll() is not None or time.monotonic() > deadline:
                raise StageBroken(f"{program.name} did not start:\n{program.last_lines()}")
            time.sleep(0.05)


def _serving(application: str, port: int) -> list[str]:
    return [
        *("-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(PROCESSES), "--no-server-header", "--timeout-graceful-shutdown", "3"),
    ]


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
