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


async def test_a_job_that_clings_to_its_work_does_not_keep_the_worker(settings: Settings, queue: Queue) -> None:
    """Cancelled after the grace, it still waits for something: it is cancelled again, and the worker ends."""
    begun = asyncio.Event()

    async def cling() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(60)

    await queue.enqueue(NOD)
    worker = JobWorker(queue, [Job(NOD, cling)], [], concurrency=dict.fromkeys(Lane, 2), grace_seconds=0.2)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await asyncio.wait_for(begun.wait(), 5)
    stop.set()
    async with asyncio.timeout(10):
        await running


async def test_a_job_put_in_anew_takes_the_place_of_the_one_that_runs(settings: Settings, queue: Queue) -> None:
    """It runs right after it, once, however often it was put in meanwhile."""
    runs: list[str] = []

    async def again(turn: str) -> None:
        runs.append(turn)
        if turn == "first":
            assert await queue.enqueue(NOD, key="one", turn="swallowed")
            assert await queue.enqueue(NOD, key="one", anew=True, turn="second")
            assert await queue.enqueue(NOD, key="one", turn="swallowed too")

    await queue.enqueue(NOD, key="one", turn="first")
    worker = JobWorker(queue, [Job(NOD, again)], [], concurrency=dict.fromkeys(Lane, 2), grace_seconds=1)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    async with asyncio.timeout(5):
        while len(runs) < 2:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    stop.set()
    await running
    assert runs == ["first", "second"]
