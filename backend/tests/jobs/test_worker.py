"""The worker's lanes under load, and how they stop."""

from __future__ import annotations

import asyncio

import structlog

from app.core.settings import Settings
from app.jobs.job import Job, JobName, Lane
from app.jobs.queue import Queue
from app.jobs.worker import JobWorker

NOD = JobName("test.nod", Lane.INTERACTIVE)


async def test_a_burst_of_jobs_keeps_the_lane_going(settings: Settings, queue: Queue) -> None:
    """All of them begin in the same moment, and each asks Redis for a connection."""
    done: list[int] = []
    allowed = asyncio.Event()

    async def nod(number: int) -> None:
        done.append(number)
        if len(done) == 400:
            allowed.set()

    for number in range(400):
        assert await queue.enqueue(NOD, number=number)
    worker = JobWorker(queue, [Job(NOD, nod)], [], concurrency=dict.fromkeys(Lane, 150), grace_seconds=5)
    stop = asyncio.Event()
    with structlog.testing.capture_logs():
        running = asyncio.create_task(worker.run(stop))
        try:
            async with asyncio.timeout(6):
                await allowed.wait()
        finally:
            stop.set()
            await running
    assert sorted(done) == list(range(400))
