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
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT})
_NEAR = 16 * 1024 * 1024
_LARGE = 0.75
# A loaded library for prctl, found before any fork: looking for it takes longer than the fork.
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def limit_memory(most: int) -> None:
    """Let every allocation fail that would bring the process's own memory over ``most`` bytes.

    RLIMIT_DATA, because it counts what the process may write to: RLIMIT_AS would also count a hundred megabytes of
    mapped libraries. What libraries have reserved by now but not touched, 128 MB for one product of matrices, costs
    nothing and is not counted. For Linux: the kernel of macOS enforces neither, there the fork server watches.
    """
    sizes = _sizes()
    allowed = most + sizes["VmData"] - sizes["RssAnon"]
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))


def memory_was_short() -> bool:
    """Whether this process has ever come so near to its limit that what failed in it failed for want of memory.

    Not every library says so when it gets none: some report any error at all.
    """
    allowed, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if not LINUX or allowed == resource.RLIM_INFINITY:
        return False
    sizes = _sizes()
    return sizes["VmPeak"] - sizes["VmSize"] + sizes["VmData"] > allowed - _NEAR


def _sizes() -> dict[str, int]:
    """Bytes of this process's kinds of memory, on Linux."""
    rows = (line.split() for line in Path("/proc/self/status").read_text("ascii").splitlines())
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if row[-1] == "kB"}


def crashed_for_memory(code: int, usage: resource.struct_rusage, most: int) -> bool:
    """Whether a child that ended with this code may have crashed because an allocation failed unnoticed."""
    resident = usage.ru_maxrss * (1024 if LINUX else 1)
    return -code in _CRASHES and resident > most * _LARGE


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
