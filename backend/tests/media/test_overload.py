"""More uploads than can be prepared: some wait in vain, but the work that is done is done for somebody."""

from __future__ import annotations

import asyncio
import io
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from app.core.redis import connect_redis
from app.core.signals import Signals
from app.media.exceptions import PrepareTimeout
from app.media.receiving import PhotoReceiver
from app.media.storage import Storage
from tests.fake_engine import FakeEngine
from tests.media.photos import jpeg, make_user

if TYPE_CHECKING:
    from app.core.database import Database
    from app.core.settings import Settings
    from app.engines.base import Prepared, PrepareRequest
    from app.jobs.queue import Queue
    from tests.conftest import StartWorker

pytestmark = pytest.mark.anyio
SECONDS_EACH = 0.1
CLIENTS = 60
WAIT = 2.0
LONG = 8.0


class OneSeat(FakeEngine):
    """Prepares one photo at a time, in the order in which they come."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self._seat = asyncio.Semaphore(1)

    async def prepare(self, request: PrepareRequest) -> Prepared:
        async with self._seat:
            await asyncio.sleep(SECONDS_EACH)
            return await super().prepare(request)


async def test_three_times_too_many_uploads(
    database: Database, settings: Settings, queue: Queue, start_worker: StartWorker
) -> None:
    await start_worker(settings, OneSeat())
    redis = connect_redis(settings)
    signals = Signals(redis, settings.REDIS_PREFIX)
    media = Storage.from_settings(settings)
    receiver = PhotoReceiver(database, media, queue, signals, wait_seconds=WAIT)
    user, content = await make_user(database), jpeg()
    ended: Counter[str] = Counter()
    stop = time.monotonic() + LONG

    async def keep_uploading() -> None:
        while time.monotonic() < stop:
            try:
                await receiver.receive(user, io.BytesIO(content), len(content))
                ended["prepared"] += 1
            except PrepareTimeout:
                ended["in vain"] += 1

    await asyncio.gather(*(keep_uploading() for _ in range(CLIENTS)))
    await signals.close()
    await redis.aclose()
    await media.close()
    assert ended["prepared"] > LONG / SECONDS_EACH * 0.35, dict(ended)
