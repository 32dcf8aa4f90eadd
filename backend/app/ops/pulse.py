"""The worker's pulse: a file whose age tells a health check whether this worker takes jobs.

Every few seconds a job goes through the queue and must be run; and this very worker must have told both lanes of
itself, which its event loop does. Only then is the file touched: looking at its age costs the health check next to
nothing.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

from app.core.clock import utc_now
from app.jobs.job import Job, JobName, Lane

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

    from app.jobs.queue import Queue

PING: Final = JobName("ops.ping", Lane.INTERACTIVE)
_EVERY_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.05
_SILENT: Final = timedelta(seconds=10)
_ANSWER_SECONDS: Final = 30
logger = structlog.get_logger(__name__)


class Pulse:
    """Touches ``file`` as long as jobs are taken, and tells the log when that begins and ends."""

    def __init__(self, file: Path, queue: Queue, redis: Redis, prefix: str) -> None:
        self._file = file
        self._queue = queue
        self._redis = redis
        self._prefix = prefix
        self._name = f"{socket.gethostname()}#{os.getpid()}"
        self._problem: str | None = "not asked yet"

    def jobs(self) -> list[Job]:
        """The job that proves it."""
        return [Job(PING, self.ping)]

    async def ping(self, *, token: str) -> None:
        """Leave an answer for a moment."""
        await self._redis.set(self._answer(token), "1", ex=_ANSWER_SECONDS)

    async def loop(self) -> None:
        """Runs beside the lanes until the end."""
        while True:
            problem = await self.problem()
            if problem is None:
                await asyncio.to_thread(self._file.touch)
            if problem != self._problem:
                self._problem = problem
                logger.warning("pulse_lost", reason=problem) if problem else logger.info("pulse")
            await asyncio.sleep(_EVERY_SECONDS if problem is None else 1.0)

    async def problem(self, patience: float = _PATIENCE_SECONDS) -> str | None:
        """Why no jobs are taken, in words; None when they are."""
        token = secrets.token_hex(8)
        try:
            if not await self._queue.enqueue(PING, token=token):
                return "Redis does not take a job"
            deadline = time.monotonic() + patience
            while not await self._redis.get(self._answer(token)):
                if time.monotonic() > deadline:
                    return f"a job was not run within {patience:g} s"
                await asyncio.sleep(_PAUSE_SECONDS)
            since = utc_now() - _SILENT
            for lane, docket in self._queue.lanes.items():
                if not any(w.name == self._name and w.last_seen > since for w in await docket.workers()):
                    return f"this worker has not been heard of on the lane {lane} within {_SILENT.seconds} s"
        except (RedisError, OSError) as error:
            return f"Redis does not answer: {type(error).__name__}"
        return None

    def _answer(self, token: str) -> str:
        return f"{self._prefix}:ping:{token}"
