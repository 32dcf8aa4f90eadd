"""Log files that do not fill the disk."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LARGEST: Final = 10_000_000
KEPT: Final = 3
"""Older files of each log: `backend.log.1` is the newest of them."""


class LogFile:
    """One that is written line by line, and starts anew when it has grown large."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self.path = path
        self._largest = largest
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = path.open("ab", buffering=0)

    def write(self, line: bytes) -> None:
        """Add a line, in one write so that several writers do not mix."""
        # A full disk must not stop whoever reads a child's output: the child would wait for the reader for ever.
        with contextlib.suppress(OSError, ValueError):
            if self._file.tell() + len(line) > self._largest:
                _move_up(self.path)
                os.replace(self.path, _older(self.path, 1))  # noqa: PTH105
                self._file.close()
                self._file = self.path.open("ab", buffering=0)
            self._file.write(line + b"\n")

    def close(self) -> None:
        """Write no more."""
        self._file.close()


def shorten(path: Path, largest: int = LARGEST) -> None:
    """The same for a file that a server holds open: its content is copied away, and it goes on in the empty file."""
    if path.exists() and path.stat().st_size > largest:
        _move_up(path)
        shutil.copyfile(path, _older(path, 1))
        os.truncate(path, 0)


def _older(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _move_up(path: Path) -> None:
    for number in range(KEPT - 1, 0, -1):
        if _older(path, number).exists():
            os.replace(_older(path, number), _older(path, number + 1))  # noqa: PTH105
