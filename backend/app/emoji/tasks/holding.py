"""Holding a task while it is worked on: the lease is renewed, progress told, and a lost lease stops the work."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from app.emoji.tasks import lease

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from app.core.database import Database
    from app.core.signals import Signals

_TELL_SECONDS: Final = 1.0
"""How often progress is written down; those who watch hear of it at once."""
logger = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """The task is somebody else's by now, or over: whatever we would say of it counts for nothing."""


class Hold:
    """A held task. ``report`` takes the share that is done, 0 to 1.

    Set ``finishing`` before the task is completed: that gives the lease up, which is no loss.
    """

    def __init__(self, database: Database, signals: Signals, task_id: UUID, token: UUID, seconds: float) -> None:
        self._database = database
        self._signals = signals
        self.task_id = task_id
        self.token = token
        self.finishing = False
        self._lease = timedelta(seconds=seconds)
        self._progress = 0
        self._told = 0
        self._publishing: set[asyncio.Task[None]] = set()

    def report(self, share: float) -> None:
        """Take note of progress, and tell those who watch. 100 is kept for the task that is complete."""
        progress = max(self._progress, min(99, int(share * 100)))
        if progress == self._progress:
            return
        self._progress = progress
        task = asyncio.create_task(
            self._signals.publish(f"task:{self.task_id}", status="processing", progress=progress)
        )
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)

    async def keep(self) -> None:
        """Renew until cancelled. Returns when the lease is lost."""
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(min(_TELL_SECONDS, self._lease.total_seconds() / 4))
            due = time.monotonic() - renewed > self._lease.total_seconds() / 3
            if not due and self._progress == self._told:
                continue
            progress = self._progress
            try:
                async with self._database.transaction() as session:
                    held = await lease.renew(session, self.task_id, self.token, self._lease, progress)
            except Exception as error:  # the database may be away for a while; the token fences us
                logger.warning("lease_not_renewed", task_id=str(self.task_id), error=repr(error))
                continue
            if not held:
                return
            renewed = time.monotonic()
            self._told = progress


@contextlib.asynccontextmanager
async def holding(hold: Hold) -> AsyncIterator[None]:
    """Keep the lease while the block runs; raises LeaseLost in it, within a second, when it is lost."""
    keeper = asyncio.create_task(hold.keep(), name=f"lease {hold.task_id}")
    worker = asyncio.current_task()
    lost = False

    def stop(_: asyncio.Task[None]) -> None:
        nonlocal lost
        if not keeper.cancelled() and worker is not None and not hold.finishing:
            lost = True
            worker.cancel()

    keeper.add_done_callback(stop)
    try:
        yield
    except asyncio.CancelledError:
        if lost and worker is not None and worker.uncancel() == 0:
            raise LeaseLost from None
        raise
    finally:
        keeper.remove_done_callback(stop)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
