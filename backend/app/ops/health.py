"""Is the service ready: every component is really used once, at the same time, with a limit.

The answers are kept for a moment, so that asking often costs nothing and nobody can hammer the database through it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import text

from app.core.version import VERSION
from app.jobs.job import Lane
from app.ops.schemas import Component, Components, Readiness

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from app.core.database import Database
    from app.jobs.queue import Queue
    from app.media.storage import Storage

_LIMIT_SECONDS: Final = 2.0
_KEPT_SECONDS: Final = 1.0
_STORAGE_KEPT_SECONDS: Final = 5.0
"""A check of the storage writes a file; while it goes well that is not done every second."""
_VITAL: Final = ("database", "storage")
logger = structlog.get_logger(__name__)


class NobodyRenders(Exception):
    """No worker is alive."""


@dataclass(slots=True)
class _Check:
    """One component's check and its latest answer."""

    run: Callable[[], Awaitable[object]]
    kept_seconds: float = _KEPT_SECONDS
    latest: Component | None = None
    taken_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Health:
    """Asks the components of one process."""

    def __init__(self, database: Database, redis: Redis, queue: Queue, storage: Storage) -> None:
        self._database = database
        self._redis = redis
        self._queue = queue
        self._checks = {
            "database": _Check(self._ask_database),
            "redis": _Check(self._ask_redis),
            "queue": _Check(self._ask_queue),
            "storage": _Check(storage.check, _STORAGE_KEPT_SECONDS),
            "engine": _Check(self._ask_engine),
        }

    async def check(self) -> Readiness:
        """The state of everything, at most a moment old."""
        answers = await asyncio.gather(*(self._answer(name, check) for name, check in self._checks.items()))
        components = dict(zip(self._checks, answers, strict=True))
        down = [name for name, component in components.items() if component.status == "down"]
        status = "ok" if not down else "down" if any(name in _VITAL for name in down) else "degraded"
        return Readiness(status=status, version=VERSION, components=Components(**components))

    async def _answer(self, name: str, check: _Check) -> Component:
        """Of many who ask at once, one checks; the others wait for its answer."""
        async with check.lock:
            age = time.monotonic() - check.taken_at
            kept = check.latest
            if kept is not None and age < (check.kept_seconds if kept.status == "ok" else _KEPT_SECONDS):
                return kept
            check.latest = await self._measure(name, check)
            check.taken_at = time.monotonic()
            return check.latest

    async def _measure(self, name: str, check: _Check) -> Component:
        was_down = check.latest is not None and check.latest.status == "down"
        started = time.perf_counter()
        problem: Exception | None = None
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                await check.run()
        except Exception as error:
            problem = error
        latency = round((time.perf_counter() - started) * 1000, 1)
        if problem is not None and not was_down:
            logger.warning("component_down", component=name, error=type(problem).__name__)
        elif problem is None and was_down:
            logger.info("component_up", component=name)
        return Component(status="down" if problem else "ok", latency_ms=latency)

    async def _ask_database(self) -> None:
        """Through the pool, as every request: a pool that nobody gets a connection from is down too."""
        async with self._database.read() as session:
            await session.execute(text("SELECT 1"))

    async def _ask_redis(self) -> None:
        await self._redis.ping()

    async def _ask_queue(self) -> None:
        for docket in self._queue.lanes.values():
            async with docket.redis() as redis:
                await redis.xlen(docket.stream_key)

    async def _ask_engine(self) -> None:
        if not await self._queue.lanes[Lane.RENDER].workers():
            raise NobodyRenders
