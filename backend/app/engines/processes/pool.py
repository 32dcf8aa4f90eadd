"""Work in child processes that may hang, crash or eat memory, seen from an event loop.

Why not ``concurrent.futures.ProcessPoolExecutor``: it cannot kill the one worker that hangs, it declares the whole
pool broken when one dies, and neither it nor ``multiprocessing``'s fork server keeps a worker from importing the
parent's main module, here a whole service with its database. What is needed instead is little: a server that
forks, a channel to each child, and one child for each job at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from app.engines.base import Cancelled, EngineCrashed, EngineFailed, EngineFailure, OutOfMemory, TimedOut
from app.engines.processes import wire
from app.engines.processes.forking import ChildGone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from app.engines.processes.forking import Child, Ending, ForkServer
    from app.engines.processes.wire import Json, Message

_TRIES = 3
"""How often a job is handed to a child that turns out to be dead before it has begun."""


@dataclass(slots=True)
class _Seat:
    """A place for one child; it is empty until there is work, and after its child has died."""

    child: Child | None = None


class ProcessPool:
    """Runs functions by their names in at most ``size`` children at once; what has to wait goes in order.

    Args:
        name: for error messages and logs.
        size: children at most.
        server: where they are forked; may be shared with other pools, and is not closed here.
        memory_limit_bytes: private memory that a child may have. A job that needs more fails with OutOfMemory.
        recycle_after_jobs: a child that has done so many is replaced.
        recycle_over_bytes: so is one that is larger than this after a job.
        niceness: added to the parent's own.
        patience_seconds: how long a job that is not wanted any more may take to stop by itself before it is killed.
        watch_memory: let the server keep the memory limit, by killing, as it does where the kernel cannot.
    """

    def __init__(
        self,
        name: str,
        size: int,
        server: ForkServer,
        *,
        memory_limit_bytes: int | None = None,
        recycle_after_jobs: int = 500,
        recycle_over_bytes: int | None = None,
        niceness: int = 0,
        patience_seconds: float = 0.3,
        watch_memory: bool = False,
    ) -> None:
        if size < 1:
            raise ValueError(f"a pool has at least one child, not {size}")
        self.name, self.size = name, size
        self._server = server
        self._memory_limit, self._niceness, self._watch = memory_limit_bytes, niceness, watch_memory
        self._recycle_after, self._recycle_over = recycle_after_jobs, recycle_over_bytes
        self._patience = patience_seconds
        self._numbers = count(1)
        self._closed = False
        self._limits: set[asyncio.Timeout] = set()
        self._all = [_Seat() for _ in range(size)]
        # The last one to be left is the first to be taken: its child is warm.
        self._free: asyncio.LifoQueue[_Seat] = asyncio.LifoQueue()
        for seat in self._all:
            self._free.put_nowait(seat)

    @property
    def pids(self) -> list[int]:
        """Of the children there are, as far as known."""
        return [each.child.pid for each in self._all if each.child is not None and each.child.pid is not None]

    async def run(
        self,
        function: str,
        argument: Json,
        *,
        timeout: float,
        on_progress: Callable[[float], None] | None = None,
    ) -> Json:
        """Call a function in a child and give its result.

        Args:
            function: ``module:name``; called with the argument and with a function that takes the share of its work
                done. It should call that often: there a job ends that is not wanted any more.
            argument: anything that JSON knows; so is the result.
            timeout: seconds that it may take, not counting the wait for a free child.
            on_progress: called with shares from 0 to 1 that never fall, at most ten times a second.

        Raises:
            EngineFailure: what the function raised of this kind; TimedOut, EngineCrashed, OutOfMemory; Cancelled when
                the pool was closed; EngineFailed with the child's traceback as a note when it raised anything else.
                The child has then stopped working at it or is dead, as it is when this is cancelled.
        """
        seat = await self._seat()
        try:
            for _ in range(_TRIES):
                with contextlib.suppress(_NeverBegun):
                    return await self._done(seat, function, argument, timeout, on_progress or _ignored)
            raise EngineCrashed
        finally:
            self._free.put_nowait(seat)

    async def close(self) -> None:
        """Stop what is under way, refuse what waits, and end all children."""
        if self._closed:
            return
        self._closed = True
        now = asyncio.get_running_loop().time()
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(now)
        for _ in self._all:  # every seat comes back once its job has ended
            await self._free.get()
        await asyncio.gather(*(self._dismissed(seat) for seat in self._all))

    async def _seat(self) -> _Seat:
        try:
            async with self._limited(None):
                return await self._free.get()
        except TimeoutError:
            raise Cancelled from None

    @contextlib.asynccontextmanager
    async def _limited(self, seconds: float | None) -> AsyncIterator[asyncio.Timeout]:
        """A limit of time that also ends when the pool is closed."""
        if self._closed:
            raise Cancelled
        async with asyncio.timeout(seconds) as limit:
            self._limits.add(limit)
            try:
                yield limit
            finally:
                self._limits.discard(limit)

    async def _done(
        self, seat: _Seat, function: str, argument: Json, seconds: float, on_progress: Callable[[float], None]
    ) -> Json:
        child = await self._hired(seat)
        number = next(self._numbers)
        limit = None
        try:
            async with self._limited(seconds) as limit:
                answer = await _answered(
                    child, {"job": number, "function": function, "argument": argument}, on_progress
                )
        except ChildGone:
            seat.child = None
            ending = await self._server.kill(child)
            raise _cause(ending) from None
        except _NeverBegun:
            seat.child = None
            await self._server.kill(child)
            raise
        except TimeoutError:
            if limit is None or not limit.expired():  # it came from ``on_progress``
                await self._stopped(seat, child, number)
                raise
            if self._closed:
                await self._stopped(seat, child, number)
                raise Cancelled from None
            seat.child = None
            await self._server.kill(child)
            raise TimedOut(params={"seconds": seconds}) from None
        except BaseException:
            await self._stopped(seat, child, number)
            raise
        self._review(seat, child, answer)
        return _result(answer)

    async def _hired(self, seat: _Seat) -> Child:
        if self._closed:
            raise Cancelled
        if seat.child is not None and seat.child.gone:
            seat.child.hang_up()
            seat.child = None
        if seat.child is None:
            seat.child = await self._server.fork(
                memory_limit=self._memory_limit, niceness=self._niceness, watch=self._watch
            )
        return seat.child

    async def _stopped(self, seat: _Seat, child: Child, number: int) -> None:
        """Ask a child to give up a job, and kill it when it does not."""
        try:
            async with asyncio.timeout(self._patience):
                await child.say({"stop": number})
                self._review(seat, child, await _answer(child, number, _ignored))
                return
        except (TimeoutError, ChildGone, _NeverBegun):
            seat.child = None
            await self._server.kill(child)
        except BaseException:
            seat.child = None
            self._server.kill_soon(child)
            raise

    def _review(self, seat: _Seat, child: Child, answer: Message) -> None:
        """Part with a child that is leaving, has done much, or has grown."""
        child.jobs += 1
        memory = answer.get("memory")
        grown = not isinstance(memory, int) or (self._recycle_over is not None and memory > self._recycle_over)
        if answer.get("leaving") or grown or child.jobs >= self._recycle_after:
            seat.child = None
            child.hang_up()

    async def _dismissed(self, seat: _Seat) -> None:
        if seat.child is not None:
            child, seat.child = seat.child, None
            child.hang_up()
            await self._server.end_of(child)


class _NeverBegun(Exception):
    """The child was dead before it could begin: another one may have the job."""


async def _answered(child: Child, job: Message, on_progress: Callable[[float], None]) -> Message:
    """Hand a job to a child and wait for the answer; raises as :func:`_answer` does."""
    try:
        await child.say(job)
    except ChildGone:
        raise _NeverBegun from None
    return await _answer(child, job["job"], on_progress)


async def _answer(child: Child, number: int, on_progress: Callable[[float], None]) -> Message:
    """Wait for the answer to a job, handing on its progress.

    Raises:
        ChildGone: it died at work.
        _NeverBegun: it died before.
    """
    begun, share = False, 0.0
    while True:
        try:
            message = await child.hear()
        except ChildGone:
            if begun:
                raise
            raise _NeverBegun from None
        if message.get("started") == number:
            begun = True
        elif message.get("answer") == number:
            return message
        elif begun and isinstance(message.get("progress"), float | int):
            share = min(max(share, message["progress"]), 1.0)
            on_progress(share)


def _result(answer: Message) -> Json:
    if "result" in answer:
        return answer["result"]
    try:
        failure: EngineFailure = wire.failure_of(answer["failure"])
    except (LookupError, TypeError, ValueError, AttributeError):
        failure = EngineFailed(params={"problem": "the child's answer cannot be read"})
    raise failure


def _cause(ending: Ending) -> EngineFailure:
    """What the end of a child means for its job."""
    if ending.too_large:
        return OutOfMemory()
    if ending.problem is not None:
        return EngineCrashed(params={"problem": ending.problem})
    if ending.code is None:
        return EngineCrashed()
    if ending.code < 0:
        return EngineCrashed(params={"signal": signal.Signals(-ending.code).name})
    return EngineCrashed(params={"exit_code": ending.code})


def _ignored(share: float) -> None:
    """Nobody wants to know."""
