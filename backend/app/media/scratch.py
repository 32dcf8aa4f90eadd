"""Folders for work under way, with people's photos in them: gone with the work, or with the next worker's start."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

_PREFIX: Final = "aipic-work-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder of nobody else's, removed with all in it."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        yield Path(name)


def sweep_scratch(older_than: timedelta) -> int:
    """Remove what workers that were killed have left on this machine; returns how many folders it was.

    Blocking. Others' folders, and those that may still be in use, are left alone.
    """
    latest = time.time() - older_than.total_seconds()
    removed = 0
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            status = path.lstat()
        except OSError:
            continue
        if status.st_uid == os.geteuid() and status.st_mtime < latest and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
            removed += 1
    return removed
