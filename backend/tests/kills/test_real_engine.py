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

pytestmark = pytest.mark.long(30)

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


def cpu_seconds(worker_pid: int) -> dict[psutil.Process, float]:
    """What each child of the worker has used of a CPU so far."""
    used = {}
    for child in psutil.Process(worker_pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            used[child] = sum(child.cpu_times()[:2])
    return used


async def test_a_child_that_is_killed_costs_a_try(installation: Installation) -> None:
    # Large stickers: a render is then long enough to be found at work on the fastest machine.
    installation.settings = installation.settings.model_copy(update={"EMOJI_SIZE": 1024})
    worker = installation.start_worker(program=WORKER)
    async with Customers(installation) as customers:
        await astronauts(customers, 2)
        kills = 0
        before = cpu_seconds(worker.pid)
        while kills < 2 and not await customers.all_over():
            await asyncio.sleep(0.2)
            now = cpu_seconds(worker.pid)
            busy = [child for child, used in now.items() if used - before.get(child, used) > 0.1]
            before = now
            if busy and any(task.status == "processing" for task in await customers.tasks()):
                busy[-1].send_signal(signal.SIGKILL)
                kills += 1
        tasks = await customers.until_all_over(120)
        await customers.audit()
        assert kills >= 1
        assert any(task.status == "completed" for task in tasks)
        assert any(task.attempt > 1 for task in tasks)
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
