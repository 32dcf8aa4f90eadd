"""Programs of wheels that another user must be able to run.

A project that root keeps below /root lies behind a folder which nobody else enters. Opening that folder would change
the machine for everything else in it, so it stays shut: the data folder is reached through the working directory (which
a process keeps even where no path leads), and the programs are copied to a place that everybody may read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ops.embedded.processes import Account

_CACHE = Path("/Library/Caches/ai-pic" if sys.platform == "darwin" else "/var/cache/ai-pic")


def enter(path: Path, account: Account) -> bool:
    """Whether the account may go through every folder above ``path`` and read it; we ourselves have found our way."""
    if account.uid < 0:
        return True
    return all(_allows(parent, account, 1) for parent in path.parents) and _allows(path, account, 5)


def _allows(path: Path, account: Account, wanted: int) -> bool:
    status = path.stat()
    shift = 6 if status.st_uid == account.uid else 3 if status.st_gid == account.gid else 0
    return status.st_mode >> shift & wanted == wanted


def for_account(site: Path, parts: Sequence[str], program: str, account: Account) -> Path:
    """``program`` below ``site``, or in a copy of ``parts`` if the account does not reach it as it is.

    ``parts`` are the folders that the program needs, its libraries among them, which it finds by their place.
    """
    original = site / program
    if account.uid < 0:
        return original
    needed = [site / part for part in parts if (site / part).exists()]
    # Unpacked under a strict umask all are alike, so the topmost tell of the rest.
    if enter(original, account) and all(enter(path, account) for part in needed for path in part.iterdir()):
        return original
    return _copied(site, needed) / program


def _copied(site: Path, parts: Sequence[Path]) -> Path:
    place = hashlib.sha256(os.fsencode(parts[0])).hexdigest()[:12]
    status = parts[0].stat()
    target = _CACHE / f"{place}-{status.st_ino}-{status.st_mtime_ns}"  # a new release of the wheel is a new copy
    if target.is_dir():
        return target
    _CACHE.mkdir(parents=True, exist_ok=True)
    _CACHE.chmod(0o755)
    made = Path(tempfile.mkdtemp(dir=_CACHE))
    try:
        for part in parts:
            unused = shutil.ignore_patterns("*.a", "include", "falkordb.*")
            shutil.copytree(part, made / part.relative_to(site), symlinks=True, ignore=unused)
        for path in (made, *made.rglob("*")):
            if not path.is_symlink():
                runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if runnable else 0o644)
        for outdated in _CACHE.glob(f"{place}-*"):
            shutil.rmtree(outdated, ignore_errors=True)
        with contextlib.suppress(OSError):  # another start was quicker: its copy is as good
            os.rename(made, target)  # noqa: PTH104
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target
