"""Running jobs: two lanes side by side, loops beside them, and a stop that keeps its word.

A stop first lets jobs finish. After the grace the rest is cancelled; a cancelled job gives back what it holds, so
that another worker takes over at once instead of after its lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from app.core.context import request_id
from app.jobs.lean_docket import Cron, Docket, Worker
from app.jobs.metrics import JOB_SECONDS, JOBS_RUNNING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from app.jobs.job import Job, Lane
    from app.jobs.queue import Queue

REDELIVERY: Final = timedelta(seconds=10)
"""How long after its worker fell silent a job is handed to another one."""
_AFTER_GRACE_SECONDS: Final = 2
logger = structlog.get_logger(__name__)


class JobWorker:
    """The worker's event loop: all jobs of the registry, and loops that run beside them until the end."""

    def __init__(
        self,
        queue: Queue,
        jobs: Sequence[Job],
        loops: Sequence[Callable[[], Awaitable[None]]],
        *,
        concurrency: Mapping[Lane, int],
        grace_seconds: float,
    ) -> None:
        self._queue = queue
        self._loops = loops
        self._concurrency = concurrency
        self._grace = grace_seconds
        for job in jobs:
            _register(queue.lanes[job.name.lane], job)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish what is under way within the grace."""
        loops = [asyncio.create_task(_endless(loop)) for loop in self._loops]
        async with contextlib.AsyncExitStack() as stack:
            lanes = []
            for lane, docket in self._queue.lanes.items():
                worker = Worker(
                    docket,
                    concurrency=self._concurrency[lane],
                    redelivery_timeout=REDELIVERY,
                    reconnection_delay=timedelta(seconds=1),
                    minimum_check_interval=timedelta(milliseconds=50),
                    scheduling_resolution=timedelta(milliseconds=200),
                )
                await stack.enter_async_context(worker)
                lanes.append(asyncio.create_task(worker.run_forever(), name=f"lane {lane}"))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([stopped, *lanes], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            await self._drain(lanes)
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        for lane_task in lanes:
            if lane_task.done() and not lane_task.cancelled() and (error := lane_task.exception()) is not None:
                raise error

    async def _drain(self, lanes: Sequence[asyncio.Task[None]]) -> None:
        """One cancel asks a lane to finish its jobs; a second one, after the grace, cancels them. Jobs that then still
        wait for something, such as a storage that hangs, are cancelled once more."""
        logger.info("worker_stopping", grace_seconds=self._grace)
        late = set(lanes)
        for patience in (self._grace, _AFTER_GRACE_SECONDS, _AFTER_GRACE_SECONDS):
            for lane in late:
                lane.cancel()
            _, late = await asyncio.wait(late, timeout=patience)
            if not late:
                return
            logger.warning("worker_grace_over", lanes=sorted(lane.get_name() for lane in late))


def _register(docket: Docket, job: Job) -> None:
    name = job.name.name

    async def observed(arguments: dict[str, Any], request: str) -> None:
        request_id.set(request)
        structlog.contextvars.bind_contextvars(request_id=request, job=name)
        started = time.perf_counter()
        outcome = "done"
        JOBS_RUNNING.labels(name).inc()
        try:
            await job.function(**arguments)
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except Exception:
            outcome = "failed"
            logger.exception("job_failed")
            raise
        finally:
            JOBS_RUNNING.labels(name).dec()
            JOB_SECONDS.labels(name, outcome).observe(time.perf_counter() - started)

    if job.cron is None:
        docket.register(observed, names=[name])
        return

    async def by_the_clock(cron: Cron = Cron(job.cron)) -> None:  # noqa: B008 - the queue reads it from the signature
        await observed({}, "cron")

    by_the_clock.__name__ = name
    docket.register(by_the_clock, names=[name])


async def _endless(loop: Callable[[], Awaitable[None]]) -> None:
    """Keep a loop going whatever goes wrong in one round: the database may be away for a while."""
    while True:
        try:
            await loop()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.warning("loop_failed", loop=loop.__qualname__, error=repr(error))
            await asyncio.sleep(1)
