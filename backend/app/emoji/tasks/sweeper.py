"""The sweeper: what was meant to happen and did not, happens. Runs in every worker, every two seconds.

It needs nothing but PostgreSQL to find its work, so it heals what a killed process or a flushed Redis left behind.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from app.core import context
from app.emoji.tasks import lease
from app.emoji.tasks.ending import TOO_LATE, TOO_OFTEN, end_task
from app.emoji.tasks.job_names import RUN, run_key
from app.emoji.tasks.metrics import TASKS_ENDED
from app.emoji.tasks.models import TaskStatus

if TYPE_CHECKING:
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
        while await self._enqueue_due() == _BATCH:
            pass

    async def _end_hopeless(self) -> None:
        async with self._database.transaction() as session:
            hopeless = await lease.list_hopeless(session, self._settings.EMOJI_ATTEMPTS, _BATCH)
            for task_id, late in hopeless:
                error = TOO_LATE if late else TOO_OFTEN
                if await end_task(session, task_id, TaskStatus.FAILED, error):
                    TASKS_ENDED.labels("failed", error["code"]).inc()
                    logger.warning("task_given_up", task_id=str(task_id), error=error["code"])
        for task_id, _ in hopeless:
            await self._signals.publish(f"task:{task_id}", status=TaskStatus.FAILED)

    async def _enqueue_due(self) -> int:
        async with self._database.transaction() as session:
            due = await lease.list_due(session, _BATCH)
        for task_id, attempt, enqueues, request_id in due:
            context.request_id.set(request_id)
            logger.info("task_enqueued_again", task_id=str(task_id), times=enqueues)
            if not await self._queue.enqueue(RUN, key=run_key(task_id, attempt), task_id=str(task_id)):
                return 0  # Redis is down: the rows are due again in a moment.
        return len(due)
