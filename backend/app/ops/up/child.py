"""Backend and worker as children: started, listened to, stopped, and started again when they die."""

from __future__ import annotations

import collections
import signal
import subprocess
import threading
import time
from typing import IO, TYPE_CHECKING, Final

from app.ops.embedded.processes import end_session, identity, start_tethered
from app.ops.up.log_file import LogFile
from app.ops.up.texts import text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_TOLD_LINES: Final = 8
_LONGEST_LINE: Final = 16_384


class Child:
    """One program of ours in a session of its own. ``show`` gets each line that it writes, without its end."""

    def __init__(
        self, name: str, command: Sequence[str], *, cwd: Path, log: Path, show: Callable[[str, str], None]
    ) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._cwd = cwd
        self._show = show
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._lines: collections.deque[str] = collections.deque(maxlen=_TOLD_LINES)
        self.identity = ""

    def start(self, environment: dict[str, str]) -> None:
        """Start it; returns at once."""
        self._lines.clear()
        self._process = start_tethered(
            self._command,
            cwd=self._cwd,
            output=subprocess.PIPE,
            env=environment,
            death_signal=signal.SIGTERM,
        )
        self.identity = identity(self._process.pid) or ""
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._listen, args=(self._process.stdout,), name=self.name, daemon=True)
        self._reader.start()

    @property
    def started(self) -> bool:
        """Whether there is something to stop or to clear away."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Its number, even after its end."""
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it lives."""
        return self._process.poll() if self._process is not None else None

    def last_lines(self) -> list[str]:
        """What it said last."""
        if self._reader is not None:
            self._reader.join(1.0)  # its last words may still be in the pipe
        return list(self._lines)

    def stop(self, grace: float, pause: Callable[[float], None] = time.sleep) -> None:
        """Ask it to end, kill what is left of it after ``grace`` seconds. Also clears away after one that died."""
        if self._process is None:
            return
        end_session(self._process.pid, self.identity, signal.SIGTERM, grace, pause)
        self._process.wait()
        if self._reader is not None:
            self._reader.join(2.0)
        self._process = None

    def _listen(self, output: IO[bytes]) -> None:
        with output:
            log = LogFile(self.log)
            # A line without an end is cut: nobody reads it, and it must not fill the memory.
            while line := output.readline(_LONGEST_LINE):
                line = line.rstrip(b"\r\n")
                log.write(line)
                content = line.decode("utf-8", "replace")
                self._lines.append(content)
                self._show(self.name, content)
            log.close()


def how_it_ended(exit_code: int | None) -> str:
    """Exit code or signal, in words."""
    if exit_code is not None and exit_code < 0:
        return text("how.signal", signal=signal.Signals(-exit_code).name)
    return text("how.code", code=exit_code)
