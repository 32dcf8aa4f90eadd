"""The real worker with the real engine: children killed, renders that take too long, and what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.installation import Installation
from tests.kills.customers import Customers, order_many
from tests.portraits import FIXTURES

WORKER = Path(__file__).parents[2] / "worker" / "emoji_worker.py"


@pytest.fixture
def installation(server_folder: Path, tmp_path: Path) -> Iterator[Installation]:
    with Installation(
        server_folder / tmp_path.name, ENGINE="fake", LEASE_SECONDS=5, SWEEP_SECONDS=0.3, EMOJI_FORMATS=["webp"]
    ) as started:
        started.start_backend()
        # Tasks name the engine that they were ordered for; the worker runs whichever it was given.
        started.settings = started.settings.model_copy(update={"ENGINE": "local"})
        yield started


async def astronauts(customers: Customers, count: int) -> None:
    await order_many(customers, count, photo=(FIXTURES / "astronaut.png").read_bytes())


def render_children(worker_pid: int) -> list[psutil.Process]:
    """Children of the worker that have used a CPU for a while: they render."""
    found = []
    for child in psutil.Process(worker_pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if sum(child.cpu_times()[:2]) > 0.3:
                found.append(child)
    return found


async def test_a_child_that_is_killed_costs_a_try(installation: Installation) -> None:
    worker = installation.start_worker(program=WORKER)
    async with Customers(installation) as customers:
        await astronauts(customers, 6)
        kills = 0
        for _ in range(300):
            await asyncio.sleep(0.1)
            if kills == 3 or await customers.all_over():
                break
            if any(task.status == "processing" and task.progress > 5 for task in await customers.tasks()):
                for child in render_children(worker.pid)[-1:]:
                    child.send_signal(signal.SIGKILL)
                    kills += 1
        tasks = await customers.until_all_over(120)
        await customers.audit()
        assert kills >= 1
        assert sum(task.status == "completed" for task in tasks) >= 5
        assert worker.poll() is None


async def test_renders_that_take_too_long_are_stopped_and_refunded(installation: Installation) -> None:
    installation.settings = installation.settings.model_copy(
        update={"RENDER_TIMEOUT_SECONDS": 1, "EMOJI_FORMATS": ["mp4", "gif", "webp"], "EMOJI_SIZE": 1024}
    )
    worker = installation.start_worker(program=WORKER)
    async with Customers(installation) as customers:
        await astronauts(customers, 2)
        tasks = await customers.until_all_over(120)
        await customers.audit()
        assert {(task.status, task.attempt, task.error and task.error["code"]) for task in tasks} == {
            ("failed", 2, "timed_out")
        }
        assert worker.poll() is None
