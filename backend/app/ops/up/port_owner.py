"""Who listens on a port that is wanted."""

from __future__ import annotations

import contextlib
from typing import Final

import psutil

from app.ops.embedded.ports import answers, is_free
from app.ops.up.failure import USAGE, UpFailure
from app.ops.up.texts import text

_LONGEST: Final = 80
_TRIES: Final = 100


def require_free(port: int, setting: str) -> None:
    """Raise with the owner's number and program, and the setting that moves us elsewhere."""
    if not _usable(port):
        other = first_free(port + 1)
        raise UpFailure("port", exit_code=USAGE, port=port, owner=describe_owner(port), setting=setting, other=other)


def first_free(port: int) -> int:
    """The port itself, or the next one above that nobody uses."""
    return next((number for number in range(port, min(port + _TRIES, 65536)) if _usable(number)), port)


def describe_owner(port: int) -> str:
    """Number and command line of the process, as far as we may see it."""
    pid = _listener(port)
    return text("owner", pid=pid, program=_program(pid)) if pid else text("owner.unknown")


def _usable(port: int) -> bool:
    # macOS lets two listen on one port, if one of them does so on all addresses; so it is also knocked at.
    return is_free(port) and not answers(port, timeout=0.2)


def _listener(port: int) -> int | None:
    try:
        listening = psutil.net_connections("tcp")
        return next((one.pid for one in listening if one.status == "LISTEN" and one.laddr.port == port), None)
    except psutil.Error:  # on macOS only root sees all at once
        pass
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(one.status == "LISTEN" and one.laddr.port == port for one in process.net_connections("tcp")):
                return int(process.pid)
    return None


def _program(pid: int) -> str:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        line = " ".join(process.cmdline()) or str(process.name())
        return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
    return "?"
