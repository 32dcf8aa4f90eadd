"""Putting jobs in while Redis is away."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from app.jobs.job import JobName, Lane
from app.jobs.lean_docket import Docket
from app.jobs.queue import Queue

NOD = JobName("test.nod", Lane.INTERACTIVE)


async def test_a_redis_that_hangs_is_waited_for_once_in_a_while(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.queue._PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr("app.jobs.queue._PAUSE_SECONDS", 0.5)

    def hang(*_: Any, **__: Any) -> Any:
        async def put(*_: Any) -> None:
            await asyncio.sleep(60)

        return put

    started = time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr(Docket, "add", hang)
        assert [await queue.enqueue(NOD) for _ in range(10)] == [False] * 10
    assert time.monotonic() - started < 0.5
    await asyncio.sleep(0.6)
    assert await queue.enqueue(NOD)
