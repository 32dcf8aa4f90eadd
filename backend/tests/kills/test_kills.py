"""Nothing is lost, whatever is killed when: real processes, real signals, and an audit of the books afterwards."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.emoji.tasks.models import TaskStatus
from tests.installation import Installation, until
from tests.kills.customers import Customers, order_many

pytestmark = pytest.mark.long(120)

LEASE = 3.0
KILLS = 16


@pytest.fixture
def installation(server_folder: Path, tmp_path: Path) -> Iterator[Installation]:
    with Installation(server_folder / tmp_path.name, LEASE_SECONDS=LEASE, SWEEP_SECONDS=0.3) as started:
        yield started


async def test_fault_5_workers_killed_at_random_moments_lose_nothing(installation: Installation) -> None:
    """120 tasks, three workers; again and again one that is at work is killed and replaced."""
    chance = random.Random(7)
    victim: subprocess.Popen[bytes] | None = None
    installation.start_backend()
    for _ in range(3):
        installation.start_worker("0.4")
    async with Customers(installation) as customers:

        async def at_work() -> bool:
            nonlocal victim
            busy = {
                str(task.worker).rpartition("#")[2] for task in await customers.tasks() if task.status == "processing"
            }
            victims = [worker for worker in installation.workers if str(worker.pid) in busy]
            victim = chance.choice(victims) if victims else None
            return victim is not None

        orders = asyncio.create_task(order_many(customers, 120))
        for _ in range(KILLS):
            await until(at_work, 90)
            await asyncio.sleep(chance.uniform(0, 0.3))
            assert victim is not None
            installation.kill_worker(victim)
            installation.start_worker("0.4")
        await orders
        tasks = await customers.until_all_over(LEASE * 3 + 120)
        assert len(tasks) == 120
        await customers.audit()
        assert sum(task.attempt > 1 for task in tasks) >= KILLS, "too few kills hit a task"
        assert sum(task.status == "completed" for task in tasks) >= 110


async def test_fault_2_backend_killed_between_commit_and_enqueue(installation: Installation) -> None:
    """The answer never came, the task is there: the repeat finds it, and the sweeper brings it to a worker."""
    installation.start_backend("tests.kills.dying_backend:app")
    async with Customers(installation) as customers, httpx.AsyncClient(timeout=10) as client:
        headers, photo_id = await customers.join(100)
        with pytest.raises(httpx.TransportError):
            await customers.order(client, headers, photo_id, "press-1")
        [task] = await customers.tasks()
        assert task.status == "pending"
        installation.kill_backend()
        installation.start_backend()
        answer = await customers.order(client, headers, photo_id, "press-1")
        assert answer.json()["data"]["id"] == str(task.id)
        installation.start_worker()
        [task] = await customers.until_all_over(60)
        assert task.status == "completed"
        await customers.audit()


async def test_fault_3_redis_away_is_no_failure(installation: Installation) -> None:
    """Orders are taken while Redis is down, and made once it is back."""
    installation.start_backend()
    installation.start_worker()
    async with Customers(installation) as customers, httpx.AsyncClient(timeout=10) as client:
        headers, photo_id = await customers.join(100)
        installation.redis.kill()
        for number in range(5):
            answer = await customers.order(client, headers, photo_id, f"press-{number}")
            assert answer.status_code == 200, answer.text
            assert str(installation.redis.port) not in answer.text
        installation.redis.start()
        tasks = await customers.until_all_over(60)
        assert {task.status for task in tasks} == {"completed"}
        await customers.audit()


@pytest.mark.parametrize("how", ["flush", "restart", "kill"])
async def test_fault_4_redis_flushed_or_restarted_under_work(installation: Installation, how: str) -> None:
    installation.start_backend()
    installation.start_worker("0.5")
    async with Customers(installation) as customers:
        await order_many(customers, 20)

        async def some_are_done() -> bool:
            return sum(task.status == "completed" for task in await customers.tasks()) >= 3

        await until(some_are_done, 60)
        if how == "flush":
            installation.redis.flush()
        elif how == "restart":
            installation.redis.restart()
        else:
            installation.redis.kill()
            installation.redis.start()
        tasks = await customers.until_all_over(LEASE + 120)
        assert {task.status for task in tasks} == {"completed"}
        # The same worker goes on: nobody had to restart it.
        assert all(worker.poll() is None for worker in installation.workers)
        await order_many(customers, 2)
        await customers.until_all_over(60)
        await customers.audit()


@pytest.mark.parametrize("how", ["restart", "kill"])
async def test_postgres_restarted_under_work(installation: Installation, how: str) -> None:
    installation.start_backend()
    installation.start_worker("0.4")
    async with Customers(installation) as customers:
        orders = asyncio.create_task(order_many(customers, 24))
        await asyncio.sleep(1.0)
        if how == "restart":
            await asyncio.to_thread(installation.postgres.restart)
        else:
            installation.postgres.kill()
            await asyncio.to_thread(installation.postgres.start)
        await orders
        tasks = await customers.until_all_over(LEASE + 120)
        assert {task.status for task in tasks} == {"completed"}
        await customers.audit()


async def test_a_worker_that_is_told_to_stop_finishes_what_it_has(installation: Installation) -> None:
    installation.start_backend()
    worker = installation.start_worker("1.0")
    async with Customers(installation) as customers:
        await order_many(customers, 4)

        async def running() -> bool:
            return any(task.status == "processing" for task in await customers.tasks())

        await until(running, 60)
        installation.kill_worker(worker, signal.SIGTERM)
        assert worker.returncode == 0
        statuses = Counter(task.status for task in await customers.tasks())
        assert statuses[TaskStatus.PROCESSING] == 0
        assert statuses[TaskStatus.COMPLETED] >= 1
        installation.start_worker()
        tasks = await customers.until_all_over(60)
        assert {task.attempt for task in tasks} == {1}
        await customers.audit()
