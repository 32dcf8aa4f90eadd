"""A child: takes jobs one by one, tells its progress, answers, and ends when nobody listens any more."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import os
import select
import time
import traceback
from typing import TYPE_CHECKING

from app.engines.base import EngineFailed, EngineFailure, InputRefused, OutOfMemory
from app.engines.processes import limits, wire

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from app.engines.processes.wire import Json, Message

_REPORT_SECONDS = 0.1
_UNCAUGHT_SHOWN, _TRACE_SHOWN = 200, 20_000


class Stopped(BaseException):
    """Raised inside a job by its own report when the parent has given up, so that unfinished files are taken away.

    No ``Exception``: what a job catches in order to go on must not catch this.
    """


def live(channel: socket.socket, parent: int, *, memory_limit: int | None, niceness: int) -> None:
    """The whole life of a child, from just after the fork; does not return."""
    limits.die_with(parent)
    limits.yield_to_others(niceness)
    if memory_limit is not None:
        limits.limit_memory(memory_limit)
    faulthandler.enable()
    gc.enable()
    leaving = False
    with contextlib.suppress(OSError):  # the parent is gone
        line = _Line(channel)
        while not leaving:
            message = line.wait()
            if "job" in message:  # a stop that came too late for its job is passed over
                leaving = _Job(line, message).run()
    os._exit(0)


class _Line:
    """The child's end of the channel."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._read = bytearray()

    def wait(self) -> Message:
        """The next message; ends the process when the parent has hung up."""
        while True:
            end = self._read.find(b"\n")
            if end >= 0:
                message = wire.message(self._read[:end])
                del self._read[: end + 1]
                return message
            data = self._channel.recv(65536)
            if not data:
                os._exit(0)
            self._read += data

    def waiting(self) -> bool:
        """Whether a message, or the end, can be had without waiting."""
        return b"\n" in self._read or bool(select.select([self._channel], [], [], 0)[0])

    def say(self, message: Message) -> None:
        """Send one message."""
        self._channel.sendall(wire.line(message))


class _Job:
    """One job: what was asked, and when its progress was last told."""

    def __init__(self, line: _Line, message: Message) -> None:
        self._line = line
        self._number = message["job"]
        self._message = message
        self._told = float("-inf")

    def run(self) -> bool:
        """Do it and answer; True when the child should not go on living after it."""
        self._line.say({"started": self._number})
        answer, leaving = self._answer()
        self._line.say({**answer, "answer": self._number, "memory": limits.own_memory(), "leaving": leaving})
        return leaving

    def _answer(self) -> tuple[Message, bool]:
        try:
            return {"result": _found(self._message["function"])(self._message["argument"], self._report)}, False
        except Stopped:
            return {"stopped": True}, False
        except (InputRefused, OutOfMemory) as failure:
            return {"failure": wire.failure_record(failure)}, isinstance(failure, OutOfMemory)
        except Exception as error:
            told, leaving = self._failure(error)
            return {"failure": wire.failure_record(told)}, leaving

    @staticmethod
    def _failure(error: Exception) -> tuple[EngineFailure, bool]:
        if isinstance(error, MemoryError) or limits.memory_was_short():
            short = OutOfMemory()
            short.add_note(traceback.format_exc()[-_TRACE_SHOWN:])
            return short, True
        if isinstance(error, EngineFailure):
            return error, False
        # A mistake of ours. Nobody knows what it left behind in this process, so it is the last one here.
        mistake = EngineFailed(params={"problem": f"{type(error).__name__}: {error}"[:_UNCAUGHT_SHOWN]})
        mistake.add_note(traceback.format_exc()[-_TRACE_SHOWN:])
        return mistake, True

    def _report(self, share: float) -> None:
        while self._line.waiting():
            if self._line.wait().get("stop") == self._number:
                raise Stopped
        now = time.monotonic()
        if now - self._told >= _REPORT_SECONDS:
            self._told = now
            self._line.say({"progress": round(share, 4)})


def _found(name: str) -> Callable[[Json, Callable[[float], None]], Json]:
    module, _, function = name.partition(":")
    found: Callable[[Json, Callable[[float], None]], Json] = getattr(importlib.import_module(module), function)
    return found
