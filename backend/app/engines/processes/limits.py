"""What binds a child: its memory, its parent's life, its place in the scheduler."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
# A loaded library for prctl, found before any fork: looking for it takes longer than the fork.
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def limit_memory(most: int) -> None:
    """Let every allocation fail that would bring the process's private memory over ``most`` bytes.

    RLIMIT_DATA, because it counts what the process may write to: RLIMIT_AS would also count a hundred megabytes of
    mapped libraries and the reserve of every thread's heap. For Linux: the kernel of macOS enforces neither, there the
    fork server watches.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def die_with(parent: int) -> None:
    """Let the kernel kill this process when ``parent``, which forked it, dies; where it can, that is on Linux."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(0)


def yield_to_others(niceness: int) -> None:
    """Run after what is more urgent, leave no core file, and be the one to go when the machine's memory ends."""
    if niceness:
        os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if LINUX:
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500", "ascii")


def own_memory() -> int:
    """Resident bytes of this process; on macOS its peak, which serves as well to tell when it has grown."""
    if LINUX:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resident(pids: Sequence[int]) -> dict[int, int]:
    """Resident bytes of some processes, asked of ``ps``; those that have ended are left out."""
    if not pids:
        return {}
    command = ["ps", "-o", "pid=,rss=", "-p", ",".join(map(str, pids))]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = (row.split() for row in listed.splitlines())
    return {int(pid): int(kilobytes) * 1024 for pid, kilobytes in rows}
