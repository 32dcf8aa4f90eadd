"""``down``, ``status`` and ``logs``: what one does from another terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections import deque
from typing import IO, TYPE_CHECKING, Final

import psutil
from rich.console import Console
from rich.table import Table

from app.ops.up.failure import BROKEN, USAGE, UpFailure
from app.ops.up.readiness import ask
from app.ops.up.servers import TITLES
from app.ops.up.state import Process, RunFolder, State, end_leftovers
from app.ops.up.texts import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.ops.up.configuration import Places

LOGS: Final = ("backend", "worker", "postgres", "redis")
_STOP_SECONDS: Final = 90.0
_MEBIBYTE: Final = 1 << 20


def down(places: Places) -> int:
    """Stop the running ``up``, or what a killed one has left."""
    run = RunFolder(places.run)
    state = run.read()
    if run.held() and state is not None and state.alive:
        print(text("down.wait", pid=state.pid), flush=True)
        try:
            os.kill(state.pid, signal.SIGTERM)
        except PermissionError as error:
            raise UpFailure("down.forbidden", exit_code=USAGE, pid=state.pid) from error
        deadline = time.monotonic() + _STOP_SECONDS
        while run.held():
            if time.monotonic() > deadline:
                raise UpFailure("down.stuck", pid=state.pid)
            time.sleep(0.05)
        print(text("stopped"))
        return 0
    left = end_leftovers(state) if state is not None else []
    if left:
        print(text("leftover", names=", ".join(left)))
    else:
        print(text("down.none"))
    if state is not None and not run.held():
        run.forget()
    return 0


def status(places: Places) -> int:
    """Print what runs. The exit code is 0 when the service is ready, else 1."""
    run = RunFolder(places.run)
    state = run.read()
    alive = state is not None and state.alive
    if state is None or not (alive or any(process.remains for process in state.processes)):
        print(text("down.none"))
        return BROKEN
    console = Console(highlight=False, soft_wrap=True)
    console.print(_table(state))
    if not alive:
        print(text("status.leftover"))
        return BROKEN
    readiness = ask(next((process.port for process in state.processes if process.name == "backend"), 0) or 0)
    if readiness.ready:
        print(f"{text('status.ready')}  {state.url}/".replace("127.0.0.1", "localhost"))
        return 0
    print(text("status.unready", components=readiness.describe()))
    return BROKEN


def _table(state: State) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "pid", "address", "state", "memory", "since"):
        table.add_column(text(f"status.{column}"), justify="right" if column in {"pid", "memory", "since"} else "left")
    table.add_row(*_row(Process("up", state.pid, state.identity, 0), alone=True))
    for process in state.processes:
        table.add_row(*_row(process))
    for name, address in state.outside.items():
        table.add_row(TITLES[name], "", address, text("status.outside"), "", "")
    return table


def _row(process: Process, *, alone: bool = False) -> tuple[str, ...]:
    name = TITLES.get(process.name, process.name)
    address = f"127.0.0.1:{process.port}" if process.port else ""
    if not process.alive:
        return name, str(process.pid), address, text("status.gone"), "", ""
    with contextlib.suppress(psutil.Error):
        one = psutil.Process(process.pid)
        memory = sum(_memory(member) for member in (one, *([] if alone else one.children(recursive=True))))
        seconds = int(time.time() - one.create_time())
        since = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return name, str(process.pid), address, text("status.running"), f"{memory / _MEBIBYTE:.0f} MB", since
    return name, str(process.pid), address, text("status.running"), "", ""


def _memory(process: psutil.Process) -> int:
    """What is its own: pages that PostgreSQL's processes share are counted once, by being left out."""
    try:
        memory = process.memory_info()
        return int(memory.rss - getattr(memory, "shared", 0))
    except psutil.Error:
        return 0


def logs(places: Places, name: str | None, *, follow: bool, lines: int) -> int:
    """Print the last lines of one log, or of all that the terminal of ``up`` shows; perhaps go on."""
    path = places.logs / (f"{name}.log" if name else "up.log")
    if not path.exists():
        raise UpFailure("logs.none", exit_code=USAGE, path=path)
    with contextlib.suppress(BrokenPipeError):
        for line in _read(path, follow=follow, lines=lines):
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        return 0
    # Whoever read us has gone; Python would complain about it once more at its own end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _read(path: Path, *, follow: bool, lines: int) -> Iterator[bytes]:
    file: IO[bytes] = path.open("rb")
    try:
        yield from deque(file, maxlen=lines) if lines else ()
        if not lines:
            file.seek(0, os.SEEK_END)
        while follow:
            line = file.readline()
            if line:
                yield line
            else:
                time.sleep(0.1)
                file = _turned(path, file)
    finally:
        file.close()


def _turned(path: Path, file: IO[bytes]) -> IO[bytes]:
    """The new file once the old one has been moved aside or emptied."""
    with contextlib.suppress(FileNotFoundError):
        now = path.stat()
        if now.st_ino != os.fstat(file.fileno()).st_ino:
            rest = path.open("rb")
            file.close()
            return rest
        if now.st_size < file.tell():
            file.seek(0)
    return file
