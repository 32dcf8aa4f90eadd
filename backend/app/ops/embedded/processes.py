"""Starting child processes that end with us, and telling one process from a later one with the same number."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import IO

TETHER = Path(__file__).with_name("tether.py")
_STAND_INS = ("nobody", "daemon")

# Linux ends a tethered child when the *thread* that started it ends. This one lives as long as the process, so a server
# may be restarted from a short-lived thread.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")


class Account(NamedTuple):
    """Whom to run a program as; -1 leaves the user as it is."""

    uid: int = -1
    gid: int = -1


AS_WE_ARE = Account()


def unprivileged_account(folder: Path) -> Account:
    """As root: the owner of the folder's content, else an account without rights; as anybody else: the caller.

    PostgreSQL refuses to run as root, and Redis has no need of it.
    """
    if os.geteuid() != 0:
        return AS_WE_ARE
    owner = folder.stat() if folder.exists() else None
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    import pwd  # noqa: PLC0415 - absent where there is no root

    for name in _STAND_INS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise LookupError(f"none of the accounts {', '.join(_STAND_INS)} exists to run a server as")


def start_tethered(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    output: IO[bytes] | int,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    env: Mapping[str, str],
    death_signal: int,
    account: Account = AS_WE_ARE,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, out of reach of the terminal's Ctrl-C; stderr goes where stdout goes.

    On Linux it gets ``death_signal`` when this process dies, however that happens.
    """
    tether = [sys.executable, "-I", "-S", TETHER, os.getpid(), death_signal, account.uid, account.gid]
    return _starter.submit(
        subprocess.Popen,
        [str(word) for word in (*tether, *command)],
        cwd=cwd,
        env=dict(env),
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=pass_fds,
    ).result()


@lru_cache(maxsize=1)
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
    except OSError:
        return ""


def identity(pid: int) -> str | None:
    """A word that only this very process has, or None when there is no such process (or only its remains)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        state, *numbers = stat.rpartition(")")[2].split()
        # Clock ticks since boot, unlike a time of day, do not move when the clock is set.
        return None if state in "ZX" else f"{_boot()}:{numbers[18]}"
    except OSError:
        pass
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.3f}"
    except psutil.Error:
        return None


def works_in(pid: int, folder: Path) -> bool:
    """Whether this is its working directory, which a server never leaves."""
    try:
        return Path(psutil.Process(pid).cwd()).samefile(folder)
    except (psutil.Error, OSError):
        return False


def family(pid: int) -> list[int]:
    """The process and all that descend from it; empty when it is gone."""
    try:
        parent = psutil.Process(pid)
        return [pid, *(child.pid for child in parent.children(recursive=True))]
    except psutil.Error:
        return []


def kill_all(pids: Iterable[int], timeout: float = 5.0) -> None:
    """SIGKILL, and wait until they are gone; what remains of our own children is for their ``Popen`` to collect."""
    known = [(pid, identity(pid)) for pid in pids]
    for pid, word in known:
        if word is not None:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    for pid, word in known:
        if word is not None:
            wait_gone(pid, word, timeout)


def wait_gone(pid: int, known: str, timeout: float, pause: Callable[[float], None] = time.sleep) -> bool:
    """Wait for a process that need not be our child; False when it still lives."""
    deadline = time.monotonic() + timeout
    while identity(pid) == known:
        if time.monotonic() > deadline:
            return False
        pause(0.005)
    return True


def session_members(leader: int) -> list[int]:
    """Who belongs to the session that ``leader`` opened, even when the leader itself is gone."""
    members = []
    for pid in psutil.pids():
        try:
            if os.getsid(pid) == leader:
                members.append(pid)
        except OSError:
            continue
    return members


def end_session(
    leader: int, known: str, stop_signal: int, grace: float, pause: Callable[[float], None] = time.sleep
) -> bool:
    """Ask the leader to end, and kill what is left of its session after ``grace`` seconds.

    Nothing happens to a process that merely has the same number now. True when something had to be killed.
    """
    now = identity(leader)
    if now is not None and now != known:
        return False
    descendants = set(family(leader))
    if now == known:
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, stop_signal)
        wait_gone(leader, known, grace, pause)
    remaining = descendants | set(session_members(leader))
    alive = [pid for pid in remaining if identity(pid)]
    kill_all(alive)
    return bool(alive)
