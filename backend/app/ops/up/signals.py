"""Signals as something to wait for: nothing is interrupted in the middle, so no child can be forgotten."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import time
from typing import TYPE_CHECKING

from app.ops.up.failure import Interrupted

if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Self

_ONE_REQUEST = 0.3
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Counts requests to end while active; ``pause`` sleeps until one of them, or a child's end, or the time."""

    def __init__(self) -> None:
        self.requests = 0
        self._raising = True
        self._last = -_ONE_REQUEST * 2

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in _ENDS:
            # Under `nohup` the terminal's end must not end us: what was ignored stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._count)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)  # only so that it wakes us
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    def pause(self, seconds: float) -> None:
        """Wait; raises ``Interrupted`` when the end is asked for, unless that is already under way."""
        self._check()
        if select.select([self._reader], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                self._reader.recv(4096)
        self._check()

    def sleep(self, seconds: float) -> None:
        """Wait the whole time, whatever children do."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.pause(left)

    def stopping(self) -> None:
        """From now on requests are only counted: the end is under way."""
        self._raising = False

    def _check(self) -> None:
        if self.requests and self._raising:
            raise Interrupted

    def _count(self, number: int, frame: FrameType | None) -> None:
        # `timeout` and closing terminals send two at once, which is no impatience.
        now = time.monotonic()
        if now - self._last > _ONE_REQUEST:
            self.requests += 1
        self._last = now
