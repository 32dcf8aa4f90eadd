"""What PostgreSQL and Redis have in common as children of ours: one owner, an orderly end, and no leftovers."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import subprocess
import time
from abc import ABC, abstractmethod
from typing import IO, TYPE_CHECKING, ClassVar

from app.ops.embedded.errors import FolderInUse, ServerFailed
from app.ops.embedded.ports import LOOPBACK, free_port
from app.ops.embedded.processes import (
    Account,
    family,
    identity,
    kill_all,
    start_tethered,
    unprivileged_account,
    wait_gone,
)

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from app.ops.embedded.doors import Doors

_TOLD_LINES = 12
_LONGEST_LOG = 10_000_000


class EmbeddedServer(ABC):
    """A server that lives in ``folder`` and answers on 127.0.0.1, and where ``doors`` say.

    ``port`` None picks a free one at the first start and keeps it. What the server says goes to the file ``log``.
    ``pause`` is called instead of ``time.sleep`` while waiting, so that a caller can break off by raising from it.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    """Ends at once, with nothing lost."""
    host: ClassVar[str] = LOOPBACK

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        port: int | None,
        log: Path | None,
        pause: Callable[[float], None],
        doors: Doors,
    ) -> None:
        self.folder = folder
        self.password = password
        self.doors = doors
        self.log = log or folder / "log"
        self._wanted_port = port
        self._port = port
        self._pause = pause
        self._process: subprocess.Popen[bytes] | None = None
        self._held: IO[str] | None = None
        self._log_start = 0

    # --- State -----------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Where it answers; known after the first start."""
        if self._port is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._port

    @property
    def pid(self) -> int | None:
        """The number of the living process."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How the process ended; None while it lives or when none was started."""
        return self._process.poll() if self._process is not None else None

    def last_lines(self, count: int = _TOLD_LINES) -> list[str]:
        """What it said since its last start."""
        try:
            with self.log.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(min(self._log_start, end), end - 64_000))
                return file.read().decode("utf-8", "replace").splitlines()[-count:]
        except OSError:
            return []

    # --- Deeds -----------------------------------------------------------------------------------------------------

    def start(self, timeout: float = 60.0) -> None:
        """Start it and wait until it answers. What a killed owner has left running on the folder is ended first."""
        if self.pid is not None:
            return
        deadline = time.monotonic() + timeout
        self._hold()
        try:
            self._end_leftover()
            account = unprivileged_account(self.home)
            self._prepare(account)
            while True:
                self._port = self._port or free_port()
                self._launch(account)
                try:
                    self.wait_ready(max(0.0, deadline - time.monotonic()))
                    break
                except ServerFailed as failed:
                    if time.monotonic() > deadline or not self._worth_another_try(failed):
                        raise
                self._pause(0.05)
        except BaseException:
            self.kill()
            self._release()
            raise
        atexit.register(self.stop)

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until it answers; ``ServerFailed`` with its last lines when it ends instead, or takes too long."""
        deadline = time.monotonic() + timeout
        while not self._ready():
            if self.pid is None:
                raise ServerFailed(self.name, f"ended with code {self.exit_code}", self.last_lines())
            if time.monotonic() > deadline:
                raise ServerFailed(self.name, f"does not answer after {timeout:.0f} s", self.last_lines())
            self._pause(0.01)

    def stop(self, timeout: float = 30.0) -> None:
        """End it in order; one that does not end in time is killed."""
        atexit.unregister(self.stop)
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None
        self._release()

    def kill(self) -> None:
        """SIGKILL, as a crash would: nothing is written, no client is told. ``start`` works afterwards."""
        if self._process is not None:
            kill_all(family(self._process.pid))
            self._process.wait()

    def restart(self, timeout: float = 60.0) -> None:
        """Stop and start again, on the same port."""
        self.stop()
        self.start(timeout)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- What each server does its own way -------------------------------------------------------------------------

    @property
    @abstractmethod
    def home(self) -> Path:
        """The folder that belongs to the server's account: working directory and data."""

    @abstractmethod
    def _prepare(self, account: Account) -> None:
        """Make what a start needs: data, configuration."""

    @abstractmethod
    def _launch_server(self, account: Account) -> subprocess.Popen[bytes]:
        """Start the program by ``_spawn``."""

    @abstractmethod
    def _ready(self) -> bool: ...

    def _worth_another_try(self, failed: ServerFailed) -> bool:
        """Whether the reason for which it ended goes away by itself, or has been cleared away by this call."""
        if self._wanted_port is None and any("ddress already in use" in line for line in failed.lines):
            self._port = None
            return True
        return False

    # --- Inner workings --------------------------------------------------------------------------------------------

    def _make_folder(self, folder: Path, account: Account) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if account.uid >= 0:
            os.chown(folder, account.uid, account.gid)

    def _spawn(
        self,
        command: list[str | Path],
        cwd: Path,
        account: Account,
        *,
        stdin: IO[bytes] | int = subprocess.DEVNULL,
        passed: IO[bytes] | None = None,
    ) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            if output.tell() > _LONGEST_LOG:
                output.truncate(0)
            self._log_start = output.tell()
            return start_tethered(
                command,
                cwd=cwd,
                output=output,
                stdin=stdin,
                # Nothing of the caller's environment: PGPORT and its kin would be obeyed, and secrets would be seen.
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                death_signal=self.stop_signal,
                account=account,
                pass_fds=() if passed is None else (passed.fileno(),),
            )

    def _launch(self, account: Account) -> None:
        assert self._held is not None
        self._process = self._launch_server(account)
        self._held.seek(0)
        self._held.truncate()
        json.dump({"pid": self._process.pid, "identity": identity(self._process.pid)}, self._held)
        self._held.flush()

    def _hold(self) -> None:
        """Be the only owner of the folder. The lock ends with this process, whatever ends it."""
        if self._held is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        held = (self.folder / "owner").open("a+", encoding="utf-8")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            held.close()
            raise FolderInUse(self.name, self.folder) from error
        self._held = held

    def _release(self) -> None:
        if self._held is not None:
            with contextlib.suppress(OSError):
                self._held.truncate(0)
            self._held.close()
            self._held = None

    def _end_leftover(self) -> None:
        assert self._held is not None
        self._held.seek(0)
        try:
            noted = json.loads(self._held.read())
            pid, known = int(noted["pid"]), str(noted["identity"])
        except (ValueError, KeyError, TypeError):
            return
        self._end(pid, known)

    def _end(self, pid: int, known: str) -> None:
        """End a process that is not our child."""
        if identity(pid) != known:
            return
        descendants = family(pid)
        os.kill(pid, self.stop_signal)
        if not wait_gone(pid, known, 10.0, self._pause):
            kill_all(descendants)
