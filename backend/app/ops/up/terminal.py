"""What the terminal shows: lines with a coloured prefix, and below them one moving line that says what is going on.

A single thread writes, fed by a bounded queue. A terminal that is held (Ctrl-S, a stalled pager) must never hold up the
service behind it: what does not fit is counted, and is in the files all the same.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import re
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size

from app.ops.up.log_file import LogFile
from app.ops.up.texts import text

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

_WAITING_LINES: Final = 2000
_FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_COLOURS: Final = {"backend": "36", "worker": "35", "prepare": "33", "postgres": "34", "redis": "31"}
_WIDEST_NAME: Final = 8
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
# Whatever moves the cursor or sets the title has no place in a log; colours have.
_CONTROL: Final = re.compile(
    r"\x1b(?!\[[0-9;]*m)(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?|[\x00-\x08\x0b-\x1a\x7f]"
)


class Terminal:
    """Writes to one stream and into `up.log`; every method returns at once."""

    def __init__(self, stream: TextIO, record: Path) -> None:
        self._stream = stream
        self._moving = stream.isatty()
        self._coloured = self._moving and not os.environ.get("NO_COLOR")
        self._record = LogFile(record)
        self._record_lock = threading.Lock()
        self._queue: queue.Queue[str | None] = queue.Queue(_WAITING_LINES)
        self._missed = 0
        self._doing = ""
        self._closing = False
        self._broken = False
        self._thread = threading.Thread(target=self._work, name="terminal", daemon=True)
        self._thread.start()

    def line(self, name: str, content: str) -> None:
        """A line that a child said."""
        content = _CONTROL.sub("", content)
        prefix = f"{name:<{_WIDEST_NAME}} │ "
        plain = prefix + _COLOUR.sub("", content)
        self._note(plain)
        self._show(f"\x1b[{_COLOURS.get(name, '37')}m{prefix}\x1b[0m{content}\x1b[0m" if self._coloured else plain)

    def say(self, sentence: str, *, strong: bool = False) -> None:
        """A sentence of our own."""
        self._note(sentence)
        self._show(f"\x1b[1m{sentence}\x1b[0m" if strong and self._coloured else sentence)

    def doing(self, sentence: str) -> None:
        """What is going on right now; empty when nothing is to be waited for."""
        if sentence == self._doing:
            return
        self._doing = sentence
        if sentence:
            self._note(f"… {sentence}")
            if not self._moving:
                self._show(f"… {sentence}")
        self._wake()

    def close(self) -> None:
        """Show what still waits, without waiting for a terminal that is held."""
        self._doing = ""
        self._closing = True
        self._wake()
        self._thread.join(2.0)
        with self._record_lock:
            self._record.close()

    def _note(self, content: str) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with self._record_lock:
            self._record.write(f"{stamp} {content}".encode("utf-8", "replace"))

    def _show(self, line: str) -> None:
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            self._missed += 1

    def _wake(self) -> None:
        with contextlib.suppress(queue.Full):  # then it is awake
            self._queue.put_nowait(None)

    def _work(self) -> None:
        frames = itertools.cycle(_FRAMES)
        drawn = False
        while True:
            try:
                line = self._queue.get(timeout=0.1 if self._moving and self._doing else None)
            except queue.Empty:
                line = None
            out = "\r\x1b[K" if drawn else ""
            drawn = False
            if line is not None:
                out += line + "\n"
            if self._missed:
                out += text("missed", count=self._missed) + "\n"
                self._missed = 0
            last = self._closing and self._queue.empty()
            if self._moving and self._doing and self._queue.empty():
                out += self._moving_line(next(frames))
                drawn = True
            self._put(out)
            if last:
                return

    def _moving_line(self, frame: str) -> str:
        sentence = f"{frame} {self._doing} …"
        width = shutil.get_terminal_size().columns - 1
        return set_cell_size(sentence, width) if cell_len(sentence) > width else sentence

    def _put(self, out: str) -> None:
        if not out or self._broken:
            return
        try:
            self._stream.write(out)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal was closed, or a pager ended; the service need not
            self._broken = True


def standard_terminal(record: Path) -> Terminal:
    """The one on stdout."""
    return Terminal(sys.stdout, record)
