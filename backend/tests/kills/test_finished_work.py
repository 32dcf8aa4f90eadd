"""Fault 6, as far as a local engine has it: work that is done, and whose worker dies before everybody knows it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation
from tests.kills.customers import Customers, order_many

pytestmark = pytest.mark.long(12)

DYING = Path(__file__).parent / "dying_worker.py"
LEASE = 2.0


@pytest.fixture
def installation(server_folder: Path, tmp_path: Path) -> Iterator[Installation]:
    with Installation(
        server_folder / tmp_path.name, LEASE_SECONDS=LEASE, SWEEP_SECONDS=0.3, WORKER_RENDERS=1
    ) as started:
        yield started


async def test_fault_6_finished_work_counts_once(installation: Installation) -> None:
    """Killed before the commit, it is made again and only the second one is seen; killed after it, it is not."""
    installation.start_backend()
    async with Customers(installation) as customers:
        attempts: dict[str, int] = {}
        results: dict[str, object] = {}
        for moment, expected in (("committed", 1), ("stored", 2), ("made", 2)):
            dying = installation.start_worker(moment, program=DYING)
            known = {task.id for task in await customers.tasks()}
            await order_many(customers, 1)

            await asyncio.to_thread(dying.wait, 30)
            assert dying.returncode == -9, installation.log("worker")
            installation.workers.remove(dying)
            [task] = [task for task in await customers.tasks() if task.id not in known]
            assert (task.status, task.attempt) == ("completed" if expected == 1 else "processing", 1)
            results[moment] = task.result
            attempts[moment] = expected
        # All three messages were never acknowledged, so the queue gives each to the next worker, the finished one too.
        installation.start_worker("0.1")
        tasks = await customers.until_all_over(LEASE + 30)
        assert {task.status for task in tasks} == {"completed"}
        assert sorted(task.attempt for task in tasks) == sorted(attempts.values())
        await asyncio.sleep(LEASE)
        [once] = [task for task in await customers.tasks() if task.attempt == 1]
        assert once.result == results["committed"]
        await customers.audit()
