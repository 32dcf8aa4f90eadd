"""What is read at the moment of a scrape: how long the queues are, how many tasks wait, what was given back.

It comes from Redis and PostgreSQL, so that it is the same whichever process is asked.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

if TYPE_CHECKING:
    from docket import Docket

    from app.core.database import Database
    from app.jobs.queue import Queue

_LIMIT_SECONDS: Final = 2.0
_REFUNDS_KEPT_SECONDS: Final = 30.0

_OPEN_TASKS: Final = text(
    "SELECT status, count(*), extract(epoch FROM now() - min(created_at))"
    " FROM emoji_tasks WHERE status IN ('pending', 'processing') GROUP BY status"
)
_REFUNDS: Final = text("SELECT count(*), coalesce(sum(amount), 0) FROM ledger_entries WHERE kind = 'refund'")


@dataclass(slots=True)
class LaneState:
    """A lane of the queue: jobs that wait, that are under way, that are set for later; and who works there."""

    waiting: int
    running: int
    scheduled: int
    oldest_seconds: float
    workers: int


@dataclass(slots=True)
class TaskState:
    """Tasks of one status, and the age of the oldest."""

    count: int = 0
    oldest_seconds: float = 0.0


@dataclass(slots=True)
class Measurements:
    """One reading. ``lanes`` and ``tasks`` are None where Redis or PostgreSQL did not answer."""

    lanes: dict[str, LaneState] | None = None
    tasks: dict[str, TaskState] | None = None
    refunds: tuple[int, int] | None = None


@dataclass(slots=True)
class Meter:
    """Takes readings."""

    database: Database
    queue: Queue
    _refunds: tuple[int, int] | None = None
    _refunds_at: float = field(default=0.0)

    async def read(self) -> Measurements:
        """Read everything at once; what does not answer in time is left out."""
        lanes, stored = await asyncio.gather(_in_time(self._read_lanes()), _in_time(self._read_stored()))
        tasks, refunds = stored or (None, None)
        return Measurements(lanes, tasks, refunds)

    async def _read_lanes(self) -> dict[str, LaneState]:
        return {str(lane): await _read_lane(docket) for lane, docket in self.queue.lanes.items()}

    async def _read_stored(self) -> tuple[dict[str, TaskState], tuple[int, int]]:
        async with self.database.read() as session:
            tasks = {"pending": TaskState(), "processing": TaskState()}
            for status, count, age in await session.execute(_OPEN_TASKS):
                tasks[status] = TaskState(count, max(0.0, float(age)))
            # Counting them reads them all, if only in an index: not at every scrape.
            if self._refunds is None or time.monotonic() - self._refunds_at > _REFUNDS_KEPT_SECONDS:
                row: Any = (await session.execute(_REFUNDS)).one()
                self._refunds = (int(row[0]), int(row[1]))
                self._refunds_at = time.monotonic()
            return tasks, self._refunds


async def _read_lane(docket: Docket) -> LaneState:
    workers = len(await docket.workers())
    async with docket.redis() as redis:
        length: int = await redis.xlen(docket.stream_key)
        scheduled: int = await redis.zcard(docket.queue_key)
        groups: list[dict[str, Any]] = await redis.xinfo_groups(docket.stream_key) if length else []
        group: dict[str, Any] = groups[0] if groups else {"pending": 0, "last-delivered-id": b"0-0"}
        running = int(group["pending"])
        age = 0.0
        if length > running:
            last = group["last-delivered-id"]
            after = f"({last.decode() if isinstance(last, bytes) else last}"
            for identifier, _ in await redis.xrange(docket.stream_key, after, "+", count=1):
                name = identifier.decode() if isinstance(identifier, bytes) else str(identifier)
                age = max(0.0, time.time() - int(name.partition("-")[0]) / 1000)
    return LaneState(max(0, length - running), running, scheduled, age, workers)


async def _in_time(reading: Any) -> Any:
    try:
        async with asyncio.timeout(_LIMIT_SECONDS):
            return await reading
    except Exception:
        return None
