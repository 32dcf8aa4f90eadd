"""The sweeper: what was meant to happen and did not, happens. Runs in every worker, every two seconds.

It needs nothing but PostgreSQL to find its work, so it heals what a killed process or a flushed Redis left behind.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from app.core import context
from app.core.database import is_outage
from app.emoji.tasks import lease
from app.emoji.tasks.ending import TOO_LATE, TOO_OFTEN, end_task
from app.emoji.tasks.job_names import RUN, run_key
from app.emoji.tasks.models import TaskStatus

if TYPE_CHECKING:
    from uuid import UUID

    from app.core.database import Database
    from app.core.settings import Settings
    from app.core.signals import Signals
    from app.jobs.queue import Queue

_BATCH: Final = 200
logger = structlog.get_logger(__name__)


class Sweeper:
    """Frees dead leases, ends what is hopeless, and puts into the queue what is due."""

    def __init__(self, settings: Settings, database: Database, queue: Queue, signals: Signals) -> None:
        self._settings = settings
        self._database = database
        self._queue = queue
        self._signals = signals

    async def loop(self) -> None:
        """One round, then a pause; whoever calls repeats it for ever."""
        await self.sweep()
        await asyncio.sleep(self._settings.SWEEP_SECONDS)

    async def sweep(self) -> None:
        """One round."""
        async with self._database.transaction() as session:
            freed = await lease.free_dead_leases(session, _BATCH)
        for task_id in freed:
            logger.warning("lease_died", task_id=str(task_id))
        await self._end_hopeless()
        if await self._queue.was_emptied():
            logger.warning("queue_was_emptied")
            async with self._database.transaction() as session:
                await lease.make_all_due(session)
        while await self._enqueue_due() == _BATCH:
            pass

    async def _end_hopeless(self) -> None:
        async with self._database.read() as session:
            hopeless = await lease.list_hopeless(session, self._settings.EMOJI_ATTEMPTS, _BATCH)
        ended = [task_id for task_id in hopeless if await self._end(task_id)]
        await asyncio.gather(*(self._signals.publish(f"task:{task_id}", status=TaskStatus.FAILED) for task_id in ended))

    async def _end(self, task_id: UUID) -> bool:
        """End one task in a transaction of its own: no two accounts are ever locked by one, in whatever order, and a
        task that cannot be ended stands in nobody's way."""
        try:
            async with self._database.transaction() as session:
                late = await lease.lock_hopeless(session, task_id, self._settings.EMOJI_ATTEMPTS)
                if late is None:
                    return False
                error = TOO_LATE if late else TOO_OFTEN
                await end_task(session, task_id, TaskStatus.FAILED, error)
        except Exception as broken:
            if is_outage(broken):
                raise
            logger.exception("task_not_ended", task_id=str(task_id))
            return False
        logger.warning("task_given_up", task_id=str(task_id), error=error["code"])
        return True

    async def _enqueue_due(self) -> int:
        async with self._database.transaction() as session:
            due = await lease.list_due(session, _BATCH)
        for number, (task_id, attempt, enqueues, request_id) in enumerate(due):
            context.request_id.set(request_id)
            if not await self._queue.enqueue(RUN, key=run_key(task_id, attempt), task_id=str(task_id)):
                async with self._database.transaction() as session:
                    await lease.postpone(session, [each[0] for each in due[number:]])
                return 0
            logger.info("task_enqueued_again", task_id=str(task_id), times=enqueues)
        return len(due)
