"""Where server processes share their measures. To be imported by them, before ``prometheus_client`` is.

That library decides at its import whether measures live in memory or in files that all processes of a server can
add up. Files are wanted when a server runs several processes. Those are children of one parent, which hands each of
them the same random key; a folder named after it is theirs alone, whichever of them comes first.

PROMETHEUS_MULTIPROC_DIR, where it is set, is used as it is; whoever sets it empties it before a start.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_NAME: Final = re.compile(r"aipic-metrics-(\d+)-[0-9a-f]{16}")


def prepare_directory() -> Path | None:
    """Make the folder that this process shares with its siblings; None when it has none and needs no folder."""
    if (given := os.environ.get(_VARIABLE)) is not None:
        folder = Path(given)
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None:
        return None
    root = Path(tempfile.gettempdir())
    _remove_stale(root)
    key = hashlib.sha256(b"metrics:" + multiprocessing.current_process().authkey).hexdigest()[:16]
    folder = root / f"aipic-metrics-{parent.pid}-{key}"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.environ[_VARIABLE] = str(folder)
    return folder


def _remove_stale(root: Path) -> None:
    """Remove folders whose parent process is gone: servers that were killed cannot tidy up themselves."""
    for folder in root.glob("aipic-metrics-*"):
        match = _NAME.fullmatch(folder.name)
        if match and not _is_alive(int(match[1])):
            with contextlib.suppress(OSError):
                shutil.rmtree(folder)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


prepare_directory()
