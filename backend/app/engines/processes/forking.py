"""The parent's side of the fork server: starting it, asking it for children, hearing how they ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from app.engines.processes import limits, wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.engines.processes.wire import Message

_ROOT = Path(__file__).parents[3]
"""Where the package ``app`` lies."""
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "AIPIC_FONT")
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_END_SECONDS = 2.0


class ChildGone(Exception):
    """The child's end of the channel is closed: it has died, or is dying."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended. ``code`` is an exit code, or less than 0 for a signal; None when nobody could see it."""

    code: int | None = None
    too_large: bool = False
    problem: str | None = None


@dataclass(slots=True, eq=False)
class Child:
    """One child process and the channel to it."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    ending: asyncio.Future[Ending]
    pid: int | None = None
    jobs: int = 0

    @property
    def gone(self) -> bool:
        """Whether it has died, as far as is known."""
        return self.ending.done() or self.reader.at_eof()

    async def say(self, message: Message) -> None:
        """Send a message.

        Raises:
            ChildGone: nobody is there to read it.
        """
        try:
            self.writer.write(wire.line(message))
            await self.writer.drain()
        except OSError as error:
            raise ChildGone from error

    async def hear(self) -> Message:
        """The next message; safe to be cancelled.

        Raises:
            ChildGone: there will be none, or what came is none of ours.
        """
        try:
            data = await self.reader.readline()
            if data.endswith(b"\n"):
                return wire.message(data)
        except (OSError, ValueError) as error:
            raise ChildGone from error
        raise ChildGone

    def hang_up(self) -> None:
        """Close the channel, at which a child ends by itself once it has finished what it does."""
        self.writer.transport.abort()


class ForkServer:
    """A process with ``modules`` loaded that forks children on demand; several pools may share one.

    A module may be given as ``module:function``, for a function that loads the rest. It must start no thread.

    It is started again by the next ``fork`` when it has died. It and its children get few variables of this
    process's environment: what reads pictures from strangers has no use for the passwords of a service.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = tuple(modules)
        self._numbers = count(1)
        self._children: dict[int, Child] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._listening: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int | None:
        """Of the server; None while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the server, without waiting until it has loaded its modules; within a running event loop."""
        if self._control is not None:
            return
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-P", "-m", "app.engines.processes.server", str(theirs.fileno())]
            self._process = subprocess.Popen(
                [*command, *self._modules],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,  # a terminal's Ctrl-C is for the parent alone, from the first moment on
                env=_environment(),
            )
        ours.setblocking(False)
        self._control = ours
        listening = asyncio.create_task(self._listen(ours, self._process))
        self._listening.add(listening)
        listening.add_done_callback(self._listening.discard)

    async def fork(self, *, memory_limit: int | None = None, niceness: int = 0, watch: bool = False) -> Child:
        """A new child. It may be given work at once; that it could not be forked shows as its end.

        Args:
            memory_limit: bytes that it may have.
            niceness: added to this process's own.
            watch: let the server keep the limit even where the kernel would.
        """
        self.start()
        number = next(self._numbers)
        order = {"fork": number, "memory_limit": memory_limit, "niceness": niceness, "watch": watch}
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                ours.setblocking(False)
                reader, writer = await asyncio.open_unix_connection(sock=ours, limit=wire.LONGEST_LINE)
            except BaseException:
                ours.close()
                raise
            child = Child(number, reader, writer, asyncio.get_running_loop().create_future())
            self._children[number] = child
            self._order(order, theirs.fileno())
        return child

    async def kill(self, child: Child) -> Ending:
        """Kill a child and wait until it is gone, though no longer than a moment."""
        self.kill_soon(child)
        return await self.end_of(child)

    def kill_soon(self, child: Child) -> None:
        """Have a child killed, without waiting."""
        if not child.ending.done():
            self._order({"kill": child.number})

    async def end_of(self, child: Child) -> Ending:
        """How a child ended that has died or is about to."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(child.ending), _END_SECONDS)
        child.hang_up()
        return child.ending.result() if child.ending.done() else Ending()

    async def close(self) -> None:
        """End the server, which kills whatever children are left."""
        if self._control is not None:
            self._control.shutdown(socket.SHUT_RDWR)
        await asyncio.gather(*self._listening)

    def _order(self, order: Message, *descriptors: int) -> None:
        if self._control is None:
            return  # it has died; so have its children
        try:
            socket.send_fds(self._control, [wire.line(order)], list(descriptors))
        except OSError:  # it is dying, or has not read a thing for thousands of orders
            if self._process is not None:
                self._process.kill()

    async def _listen(self, control: socket.socket, process: subprocess.Popen[bytes]) -> None:
        """Hear of children until the server is gone, then take all of them for dead."""
        reader, writer = await asyncio.open_unix_connection(sock=control.dup(), limit=wire.LONGEST_LINE)
        with contextlib.suppress(OSError, ValueError):
            while (data := await reader.readline()).endswith(b"\n"):
                self._hear(wire.message(data))
        writer.transport.abort()
        control.close()
        self._control = None
        for child in list(self._children.values()):
            if child.pid is not None and not limits.LINUX:  # nobody else would, if it hangs
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
            child.hang_up()
            self._ended(child.number, Ending())
        await asyncio.to_thread(_reap, process)

    def _hear(self, message: Message) -> None:
        if "forked" in message:
            child = self._children.get(message["forked"])
            if child is not None:
                child.pid = message["pid"]
        else:
            self._ended(
                message["ended"],
                Ending(message.get("code"), message.get("too_large", False), message.get("problem")),
            )

    def _ended(self, number: int, ending: Ending) -> None:
        child = self._children.pop(number, None)
        if child is not None and not child.ending.done():
            child.ending.set_result(ending)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("PYTHON")}
    paths = [str(_ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    single = dict.fromkeys(_ONE_THREAD, "1")
    # The last one is for macOS, whose runtime else aborts a forked process at the first use of its frameworks.
    return {**kept, **single, "PYTHONPATH": os.pathsep.join(paths), "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}


def _reap(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
