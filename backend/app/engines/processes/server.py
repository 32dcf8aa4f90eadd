"""The fork server: a small process that has loaded the engine, and forks children that need not load it again.

    python -m app.engines.processes.server FD MODULE[:FUNCTION]…

Runs beside the parent, with one thread and no event loop, so that forking it is safe: nothing holds a lock in the
middle of something. It takes orders from the socket FD, tells of every child that ends, and when the parent is gone,
however it went, it kills all children and goes too.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from app.engines.processes import child, limits, wire

if TYPE_CHECKING:
    from app.engines.processes.wire import Message

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What a terminal or a service manager sends to all; only the parent decides."""
_WATCH_SECONDS = 0.2


@dataclass(slots=True)
class _Child:
    """A child that has not been waited for. ``most`` bytes it may have, ``watched`` if the server sees to that."""

    number: int
    pid: int
    most: int | None
    watched: bool
    too_large: bool = False


class _Server:
    """Takes orders until the parent hangs up."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pid = os.getpid()
        self._children: dict[int, _Child] = {}
        self._read = bytearray()
        self._channels: list[int] = []
        self._looked = 0.0
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)

    def run(self) -> None:
        """Work until the parent is gone."""
        try:
            while self._heard():
                self._bury()
                self._watch()
        finally:
            for each in self._children.values():
                os.kill(each.pid, signal.SIGKILL)

    def _heard(self) -> bool:
        """Wait for orders, a child's end or the time to look; False when the parent has hung up."""
        watching = any(each.watched for each in self._children.values())
        ready, _, _ = select.select([self._control, self._woken], [], [], _WATCH_SECONDS if watching else None)
        if self._woken in ready:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)
        if self._control not in ready:
            return True
        data, channels, _, _ = socket.recv_fds(self._control, 65536, 64)
        self._read += data
        self._channels += channels
        while (end := self._read.find(b"\n")) >= 0:
            order = wire.message(self._read[:end])
            del self._read[: end + 1]
            self._obey(order)
        return bool(data)

    def _obey(self, order: Message) -> None:
        if "fork" in order:
            self._fork(order, socket.socket(fileno=self._channels.pop(0)))
        elif order["kill"] in self._children:  # by its number: a pid may already belong to somebody else
            os.kill(self._children[order["kill"]].pid, signal.SIGKILL)

    def _fork(self, order: Message, channel: socket.socket) -> None:
        number, most = order["fork"], order["memory_limit"]
        watches = order["watch"] or not limits.LINUX
        with channel:
            try:
                pid = os.fork()
            except OSError as error:  # no process or memory left
                self._tell({"ended": number, "problem": str(error)})
                return
            if pid == 0:
                self._be_child(channel, None if watches else most, order["niceness"])
        self._children[number] = _Child(number, pid, most, watched=watches and most is not None)
        self._tell({"forked": number, "pid": pid})

    def _be_child(self, channel: socket.socket, memory_limit: int | None, niceness: int) -> NoReturn:
        """What the fork goes on with. Whatever happens, it must not come back: the loop outside is the server's."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (self._control, self._woken, self._waker):
                each.close()
            for other in self._channels:
                os.close(other)
            child.live(channel, self._pid, memory_limit=memory_limit, niceness=niceness)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def _bury(self) -> None:
        """Tell of all children that have ended. Each is asked for by its pid: ``ps`` is a child, too."""
        for each in list(self._children.values()):
            pid, status, usage = os.wait4(each.pid, os.WNOHANG)
            if pid:
                del self._children[each.number]
                code = os.waitstatus_to_exitcode(status)
                short = each.most is not None and limits.crashed_for_memory(code, usage, each.most)
                self._tell({"ended": each.number, "code": code, "too_large": each.too_large or short})

    def _watch(self) -> None:
        """Kill what has grown over its limit, where the kernel does not see to that."""
        watched = {each.pid: each for each in self._children.values() if each.watched}
        if not watched or time.monotonic() - self._looked < _WATCH_SECONDS:
            return
        self._looked = time.monotonic()
        for pid, size in limits.resident(list(watched)).items():
            if pid in watched and size > (watched[pid].most or size):
                watched[pid].too_large = True
                os.kill(pid, signal.SIGKILL)

    def _tell(self, message: Message) -> None:
        with contextlib.suppress(OSError):  # the parent is gone, which the next look at the socket shows
            self._control.sendall(wire.line(message))


def main(descriptor: int, modules: list[str]) -> None:
    """Load ``modules``, call the functions that are named with them, then serve."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    gc.disable()
    for each in modules:
        module, _, function = each.partition(":")
        loaded = importlib.import_module(module)
        if function:
            getattr(loaded, function)()
    # The collector would write to every object it looks at, and so copy the pages that all children share.
    gc.collect()
    gc.freeze()
    # By the lowest free number: ``select`` knows only small ones, and the parent may have had a thousand files open.
    control = socket.socket(fileno=os.dup(descriptor))
    os.close(descriptor)
    _Server(control).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
