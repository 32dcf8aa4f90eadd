"""What runs now, as a file: for ``down``, ``status`` and the next ``up``, and for the guard if we are killed.

A lock says whether an ``up`` lives, and ends with it whatever ends it; the file says what it has started. Every process
is noted with a word that a later process of the same number does not have.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass, field
from typing import IO, TYPE_CHECKING, Any

from app.ops.embedded.processes import end_session, identity, session_members

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HURRIED_GRACE = 3.0


@dataclass(frozen=True)
class Process:
    """One that ``up`` has started, in the order in which they are stopped."""

    name: str
    pid: int
    identity: str
    stop_signal: int
    port: int | None = None

    @property
    def alive(self) -> bool:
        """Whether it is there, and still the same."""
        return identity(self.pid) == self.identity

    @property
    def remains(self) -> bool:
        """Whether it, or anything that it has started, is there."""
        now = identity(self.pid)
        return now == self.identity or (now is None and any(map(identity, session_members(self.pid))))


@dataclass(frozen=True)
class State:
    """Everything that another terminal wants to know."""

    pid: int
    identity: str
    started: float
    url: str
    outside: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether the ``up`` that wrote this lives."""
        return identity(self.pid) == self.identity


class RunFolder:
    """The folder with lock and state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder / "state.json"
        self._lock: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Become the one ``up`` of this project; False when there is one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / "lock").open("ab")
        for _ in range(10):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.02)  # `status` holds it for a moment to see whether it is free
            else:
                self._lock = lock
                return True
        lock.close()
        return False

    def held(self) -> bool:
        """Whether an ``up`` lives."""
        try:
            with (self._folder / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def forget(self) -> None:
        """Say that nothing runs any more."""
        self._state.unlink(missing_ok=True)

    def release(self) -> None:
        """Let the next ``up`` start."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def read(self) -> State | None:
        """What the last ``up`` wrote, if it did not end in order; ``PermissionError`` if that was another user's."""
        try:
            known: dict[str, Any] = json.loads(self._state.read_text("utf-8"))
            return State(**{**known, "processes": [Process(**one) for one in known["processes"]]})
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None

    def write(self, state: State) -> None:
        """Replace the file; nobody ever sees half of it."""
        handle, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(state), file)
        os.replace(name, self._state)  # noqa: PTH105


def new_state(url: str) -> State:
    """The state of an ``up`` that has started nothing yet."""
    return State(pid=os.getpid(), identity=identity(os.getpid()) or "", started=time.time(), url=url)


def end_leftovers(state: State, pause: Callable[[float], None] = time.sleep) -> list[str]:
    """Stop what a killed ``up`` has left behind, in order and without much patience; returns the names of those."""
    ended = []
    for process in state.processes:
        if process.remains:
            ended.append(process.name)
            with contextlib.suppress(PermissionError):
                end_session(process.pid, process.identity, process.stop_signal, _HURRIED_GRACE, pause)
    return ended
