"""A program on a terminal of its own, as a person sits at one."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKEND = Path(__file__).parents[3]
_TAKE_TERMINAL = """
import os, signal, sys
os.login_tty(0)
# Whoever runs the tests in the background, or beside others, may have them deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, [])
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """What is typed is sent; what is shown is gathered in ``shown``."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.shown = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *command], cwd=BACKEND, env=environment, stdin=theirs
        )
        os.close(theirs)

    def wait_for(self, words: str, seconds: float = 30.0) -> None:
        """Read on until this is shown after all that was waited for before."""
        deadline = time.monotonic() + seconds
        while words not in self.shown:
            assert self._read(deadline), f"{words!r} was not shown:\n{self.shown}"
        self.shown = self.shown.partition(words)[2]

    def type(self, words: str) -> None:
        os.write(self._ours, words.encode())

    def answer(self, *pairs: tuple[str, str]) -> None:
        """Each question with what is typed then."""
        for question, words in pairs:
            self.wait_for(question)
            self.type(words + "\n")

    def finish(self, seconds: float = 30.0) -> int:
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        return self.process.wait(10)

    def close(self) -> None:
        """The window is closed."""
        with contextlib.suppress(OSError):
            os.close(self._ours)

    def _read(self, deadline: float) -> bool:
        if not select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            part = os.read(self._ours, 4096)
        except OSError:  # Linux's way to say that nobody is at the other end
            return False
        self.shown += part.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(part)
