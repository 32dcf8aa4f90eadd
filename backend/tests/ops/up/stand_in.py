"""A small project for ``up`` to run: a web server and a worker with nothing behind them, on real sockets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.ops.embedded import free_port
from app.ops.embedded.processes import identity
from app.ops.up.state import RunFolder, State

BACKEND = Path(__file__).parents[3]

MAIN = """
import json, os, time
begun = time.monotonic()
late = float(os.environ.get("READY_AFTER", "0"))
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": event["type"] + ".complete"})
            if event["type"].endswith("shutdown"):
                return
    if scope["path"] == "/die":
        os._exit(3)
    ready = time.monotonic() - begun > late
    names = ("POSTGRES_SERVER", "POSTGRES_USER", "REDIS_HOST", "METRICS_PORT", "SECRET_KEY")
    states = {"database": {"status": "ok"}, "queue": {"status": "ok" if ready else "down"}}
    body = {"data": {"components": states, "settings": {name: os.environ.get(name) for name in names}}}
    await send({"type": "http.response.start", "status": 200 if ready else 503, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
"""
UVICORN = """
import os, signal, socket, sys, time
begun = time.monotonic()
late = float(os.environ.get("READY_AFTER", "0"))
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
server = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])))
print("Uvicorn running", flush=True)
names = ("POSTGRES_SERVER", "REDIS_HOST", "SECRET_KEY")
settings = ", ".join(f'"{name}": "{os.environ.get(name, "")}"' for name in names)
while True:
    connection, _ = server.accept()
    with connection:
        path = connection.recv(10_000).split(b" ")[1].decode()
        if path == "/die":
            os._exit(3)
        print("GET", path, flush=True)
        ready = time.monotonic() - begun > late
        states = '"database": {"status": "ok"}, "queue": {"status": "%s"}' % ("ok" if ready else "down")
        body = '{"data": {"components": {%s}, "settings": {%s}}}' % (states, settings)
        status = "200 OK" if ready else "503 Service Unavailable"
        connection.sendall(f"HTTP/1.1 {status}\\r\\nConnection: close\\r\\n\\r\\n{body}".encode())
"""
WORKER = """
import os, signal, subprocess, sys, time
def end(number, frame):
    print("finishing", flush=True)
    time.sleep(float(os.environ.get("FINISHES_IN", "0")))
    print("finished", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
if os.environ.get("WORKER_FAILS"):
    sys.exit("no engine in here")
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
print("\\x1b[32mworking\\x1b[0m \\x1b]0;title\\x07", flush=True)
while True:
    time.sleep(1)
"""
ALEMBIC = """
import os, sys
print("alembic", *sys.argv[1:])
if os.environ.get("MIGRATION_FAILS"):
    sys.exit("column is missing")
"""


@dataclass
class Project:
    """The folder, and the environment in which everything is run."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self.environment["BACKEND_PORT"])

    @property
    def run_folder(self) -> RunFolder:
        return RunFolder(self.root / ".data" / "run")

    def state(self) -> State:
        state = self.run_folder.read()
        assert state is not None
        return state

    def everybody(self) -> list[int]:
        """All processes of the running ``up``, with all that descend from it."""
        state = self.state()
        up = psutil.Process(state.pid)
        return [up.pid, *(child.pid for child in up.children(recursive=True))]

    def pid_of(self, name: str) -> int:
        return next(process.pid for process in self.state().processes if process.name == name)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "app.ops.up", "--root", str(self.root), *arguments]

    def start(self, *arguments: str, **more: str) -> Running:
        return Running(self, arguments or ("up",), more)

    def ask(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **more}
        return subprocess.run(
            self.command(*arguments),
            cwd=BACKEND,
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def get(self, path: str = "/api/v1/utils/ready") -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            content: bytes = answer.read()
            return content


class Running:
    """One command that goes on, with what it has said so far."""

    def __init__(self, project: Project, arguments: tuple[str, ...], more: dict[str, str]) -> None:
        self.project = project
        self._lines: list[str] = []
        self.process = subprocess.Popen(
            project.command(*arguments),
            cwd=BACKEND,
            env={**project.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            self._lines.extend([] if not out else ())
            for line in out:
                self._lines.append(line.rstrip("\n"))

    @property
    def said(self) -> str:
        return "\n".join(self._lines)

    def wait_for(self, words: str, seconds: float = 20.0, times: int = 1) -> None:
        deadline = time.monotonic() + seconds
        while self.said.count(words) < times:
            assert self.process.poll() is None or self._thread.is_alive(), f"ended:\n{self.said}"
            assert time.monotonic() < deadline, f"{words!r} was not said:\n{self.said}"
            time.sleep(0.01)

    def end(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.finish()

    def finish(self, seconds: float = 20.0) -> int:
        code = self.process.wait(seconds)
        self._thread.join(5.0)
        return code


def make_project(root: Path, *, quick: bool = False) -> Project:
    """A new one; a ``quick`` one has a web server that starts in no time, in the place of the real one."""
    backend = root / "backend"
    (backend / "app").mkdir(parents=True)
    (backend / "worker").mkdir()
    (backend / "alembic.py").write_text(ALEMBIC)
    (backend / "app" / "__init__.py").touch()
    (backend / "app" / "core").mkdir()
    (backend / "app" / "core" / "bounded_http.py").write_bytes((BACKEND / "app/core/bounded_http.py").read_bytes())
    (backend / "app" / "initial_data.py").write_text("print('seeded')")
    (backend / "app" / "main.py").write_text(MAIN)
    (backend / "worker" / "emoji_worker.py").write_text(WORKER)
    if quick:
        (backend / "app" / "serve.py").write_text(UVICORN)
    else:
        (backend / "app" / "serve.py").write_bytes((BACKEND / "app/serve.py").read_bytes())
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(BACKEND),
        "AIPIC_LANG": "en",
        "BACKEND_PORT": str(free_port()),
        "BACKEND_WORKERS": "1",
        "METRICS_PORT": "0",
    }
    return Project(root, environment)


def living(pids: list[int]) -> list[int]:
    return [pid for pid in pids if identity(pid) is not None]


def wait_until_gone(pids: list[int], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while living(pids):
        assert time.monotonic() < deadline, f"still there: {living(pids)}"
        time.sleep(0.02)
