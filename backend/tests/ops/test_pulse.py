"""The worker's pulse: touched while jobs are taken, and not otherwise."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.installation import Installation

pytestmark = pytest.mark.long(32)

WORKER = Path(__file__).parents[2] / "worker" / "emoji_worker.py"


@pytest.fixture
def pulse(tmp_path: Path) -> Path:
    return tmp_path / "worker.pulse"


@pytest.fixture
def installation(server_folder: Path, tmp_path: Path, pulse: Path) -> Iterator[Installation]:
    with Installation(server_folder / tmp_path.name, ENGINE="local", WORKER_PULSE_FILE=pulse) as started:
        yield started


async def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_beats_while_jobs_are_taken(installation: Installation, pulse: Path) -> None:
    worker = installation.start_worker(program=WORKER)
    await until(pulse.exists, 30)
    first = pulse.stat().st_mtime
    await until(lambda: pulse.stat().st_mtime > first, 20)

    os.kill(worker.pid, signal.SIGSTOP)  # as one that hangs
    try:
        stopped = pulse.stat().st_mtime
        await asyncio.sleep(6)
        assert pulse.stat().st_mtime == stopped
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    await until(lambda: pulse.stat().st_mtime > stopped, 20)

    installation.redis.stop()
    await until(lambda: "pulse_lost" in installation.log("worker"), 30)
    lost = pulse.stat().st_mtime
    await asyncio.sleep(6)
    assert pulse.stat().st_mtime == lost
    installation.redis.start()
    await until(lambda: pulse.stat().st_mtime > lost, 30)
