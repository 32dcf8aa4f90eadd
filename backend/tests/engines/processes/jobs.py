"""What the children are told to do in these tests."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.engines.base import Bilingual, InputRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    Report = Callable[[float], None]

HERE = "tests.engines.processes.jobs"


def give_back(argument: Any, report: Report) -> Any:
    return argument


def own_pid(argument: Any, report: Report) -> int:
    return os.getpid()


def ancestry(argument: Any, report: Report) -> dict[str, Any]:
    ignored = [signal.getsignal(number) is signal.SIG_IGN for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    tasks = Path("/proc/self/task")
    return {
        "parent": os.getppid(),
        "ignored": all(ignored),
        "threads": len(list(tasks.iterdir())) if tasks.exists() else 1,
        "nice": os.nice(0),
        "names": sorted(os.environ),
    }


def work(seconds: float, report: Report) -> float:
    """Busy for a while, as a rendering is: a step every few milliseconds."""
    begun = time.monotonic()
    while (spent := time.monotonic() - begun) < seconds:
        report(spent / seconds)
        time.sleep(0.004)
    return seconds


def work_on_file(path: str, report: Report) -> None:
    """Holds a file that it takes away again when it is stopped."""
    Path(path).write_bytes(b"half")
    try:
        work(30, report)
    finally:
        Path(path).unlink()


def hang(argument: Any, report: Report) -> None:
    while True:
        time.sleep(3600)


def note_and_hang(path: str, report: Report) -> None:
    with Path(path).open("a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    hang(None, report)


def note_and_work(argument: list[Any], report: Report) -> int:
    """Write a number down as it begins, and by whom."""
    path, number, seconds = argument
    with Path(path).open("a", encoding="ascii") as file:
        file.write(f"{os.getpid()} {number}\n")
    work(seconds, report)
    return int(number)


def kill_itself(argument: Any, report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave(code: int, report: Report) -> None:
    os._exit(code)


def crash(argument: Any, report: Report) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse(argument: Any, report: Report) -> None:
    raise InputRefused("no_face", Bilingual("没有脸", "no face"), params={"measure": 1.5})


def make_a_mistake(argument: Any, report: Report) -> None:
    raise LookupError("no such thing")


def take_memory(megabytes: int, report: Report) -> int:
    held = []
    for _ in range(megabytes):
        held.append(bytearray(b"\1") * 2**20)
        time.sleep(0.0005)
    time.sleep(0.5)
    return len(held)


def go_back(argument: Any, report: Report) -> None:
    for share in (0.5, 0.2, float("nan"), -3.0, 0.7, 9.0):
        report(share)
        time.sleep(0.11)
