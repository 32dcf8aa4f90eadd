"""Putting jobs into the queue. Redis holds nothing that cannot be rebuilt, so this may fail without harm."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

from app.core.clock import utc_now
from app.core.context import request_id
from app.jobs.job import Lane
from app.jobs.lean_docket import Docket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.settings import Settings
    from app.jobs.job import JobName

_PATIENCE_SECONDS: Final = 3
_PAUSE_SECONDS: Final = 2.0
"""How long a Redis that hangs is left alone, so that not every order waits for it in vain."""
_MOST_CONNECTIONS: Final = 5000
"""A lane's jobs all begin in the same moment after a pause. One that found no connection would stop its whole lane."""
logger = structlog.get_logger(__name__)


class Queue:
    """The two lanes of one installation, told apart from others on the same Redis by REDIS_PREFIX."""

    def __init__(self, settings: Settings) -> None:
        self.lanes: Mapping[Lane, Docket] = {
            lane: Docket(
                name=f"{settings.REDIS_PREFIX}:{lane}",
                url=f"{settings.redis_url}?max_connections={_MOST_CONNECTIONS}",
                heartbeat_interval=timedelta(seconds=2),
                # Results and histories of runs live in PostgreSQL, where they matter.
                execution_ttl=timedelta(0),
            )
            for lane in Lane
        }
        self._away_until = 0.0
        self._mark = f"{settings.REDIS_PREFIX}:queue-is-known"
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        """Connect. A Redis that is down is found again by itself later."""
        for docket in self.lanes.values():
            await self._stack.enter_async_context(docket)

    async def close(self) -> None:
        """Disconnect."""
        await self._stack.aclose()

    async def enqueue(
        self,
        job: JobName,
        *,
        key: str | None = None,
        delay: timedelta | None = None,
        anew: bool = False,
        **arguments: Any,
    ) -> bool:
        """Put a job in; False when Redis does not take it now, which is logged and never raised.

        ``key`` makes it once only: while a job of that key waits or runs, another is not put in. With ``anew`` it
        takes the other's place: for a job that is about to end, and puts itself in again. The request's id goes along,
        so that the job's log lines carry it.
        """
        if time.monotonic() < self._away_until:
            return False
        docket = self.lanes[job.lane]
        if job.name not in docket.tasks:
            docket.register(_runs_in_a_worker, names=[job.name])
        when = utc_now() + (delay or timedelta(0))
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                put = docket.replace(job.name, when, key) if anew and key else docket.add(job.name, when, key)
                await put(arguments, request_id.get())
        except (RedisError, OSError, TimeoutError) as error:
            if isinstance(error, TimeoutError):
                self._away_until = time.monotonic() + _PAUSE_SECONDS
            logger.warning("enqueue_failed", job=job.name, error=type(error).__name__)
            return False
        return True

    async def was_emptied(self) -> bool:
        """Whether Redis has lost what was put in since anybody last asked; told to one of those who ask."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), self.lanes[Lane.RENDER].redis() as redis:
                return bool(await redis.set(self._mark, "1", nx=True))
        except (RedisError, OSError, TimeoutError):
            return False


async def _runs_in_a_worker(arguments: dict[str, Any], request: str) -> None:
    """Stands for a job in a process that only puts it in: the queue wants a function for every name."""
    raise RuntimeError("this process runs no jobs")
