"""Files in a folder of this machine, for nobody but the account that runs the service."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from obstore.store import LocalStore

from app.media.keys import INCOMING

if TYPE_CHECKING:
    from datetime import timedelta

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_UNFINISHED: Final = re.compile(r".+#\d+")
"""The store writes ``name#1`` and renames it when it is whole. Listings leave such files out."""


class LocalFolder:
    """What the local store does not do itself: modes, durability, and the leftovers of writers that were killed."""

    def __init__(self, root: Path) -> None:
        try:
            root.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            if root.stat().st_uid == os.geteuid():
                root.chmod(_PRIVATE_FOLDER)
        except OSError as error:
            raise ValueError(f"MEDIA_ROOT: {error}") from error
        self._root = root
        self.store = LocalStore(root, automatic_cleanup=True)

    def make_way(self, key: str) -> None:
        """Make the folders above a file; the store would make them too, but readable for all."""
        folder = self._root
        for name in Path(key).parent.parts:
            folder /= name
            # Another process may be removing the empty folder in this moment: the store makes up for it.
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                folder.mkdir(mode=_PRIVATE_FOLDER)

    def settle(self, key: str) -> None:
        """Close a finished file to others, and bring it to the disk before a row in the database speaks of it.

        An upload need not outlive a power cut: nobody would wait for it afterwards.
        """
        path = self._root / key
        path.chmod(_PRIVATE_FILE)
        if not key.startswith(f"{INCOMING}/"):
            for place in (path, path.parent):
                _sync(place)

    def copy_out(self, key: str, target: Path) -> None:
        """Copy a file to another place of this machine. Raises FileNotFoundError."""
        shutil.copyfile(self._root / key, target)

    def sweep_unfinished(self, older_than: timedelta) -> int:
        """Remove half-written files that nobody has touched for so long."""
        removed = 0
        latest = time.time() - older_than.total_seconds()
        for path in self._root.rglob("*#*"):
            with contextlib.suppress(FileNotFoundError):
                if _UNFINISHED.fullmatch(path.name) and path.stat().st_mtime < latest:
                    path.unlink()
                    removed += 1
        return removed


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
