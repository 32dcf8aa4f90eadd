"""Signals between processes: a crowd, callers who leave, a Redis that dies or hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest
from redis.asyncio import Redis

from app.core.redis import connect_redis
from app.core.settings import Settings
from app.core.signals import Signals
from app.ops.embedded.redis import RedisServer
from tests.conftest import PASSWORD


@pytest.fixture(scope="module")
def own_redis(server_folder: Path) -> Iterator[RedisServer]:
    """A server that may be killed."""
    with RedisServer(server_folder / "redis-of-signals", password=PASSWORD, durable=False) as server:
        yield server


@pytest.fixture
async def redis(base_settings: Settings, own_redis: RedisServer) -> AsyncIterator[Redis]:
    client = connect_redis(base_settings.model_copy(update={"REDIS_PORT": own_redis.port}))
    yield client
    await client.aclose()


@pytest.fixture
async def signals(redis: Redis) -> AsyncIterator[Signals]:
    hub = Signals(redis, "test")
    yield hub
    await hub.close()


async def subscribed(redis: Redis) -> int:
    return len(await redis.pubsub_channels("test:*"))


async def until_heard(signals: Signals, channel: str, queue: asyncio.Queue[dict[str, Any]], seconds: float) -> None:
    """Publish until it arrives."""
    async with asyncio.timeout(seconds):
        while True:
            await signals.publish(channel, hello=True)
            try:
                await asyncio.wait_for(queue.get(), 0.2)
            except TimeoutError:
                continue
            return


async def test_a_crowd_loses_nothing(signals: Signals) -> None:
    async with AsyncExitStack() as stack:
        queues = [await stack.enter_async_context(signals.listen(f"c{number}")) for number in range(300)]
        await asyncio.gather(*(signals.publish(f"c{number}", number=number) for number in range(300)))
        async with asyncio.timeout(5):
            assert [(await queue.get())["number"] for queue in queues] == list(range(300))


async def test_who_gives_up_while_joining_leaves_nothing(signals: Signals, redis: Redis) -> None:
    async def join() -> None:
        async with signals.listen("a"):
            await asyncio.sleep(60)

    for step in range(12):
        task = asyncio.create_task(join())
        for _ in range(step):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert signals._listeners == {}
    async with asyncio.timeout(3):
        while await subscribed(redis):
            await asyncio.sleep(0.02)


async def test_who_is_cancelled_for_good_is_unsubscribed(signals: Signals, redis: Redis) -> None:
    """As a stream whose client has gone: the framework cancels every wait from then on."""

    async def join() -> None:
        async with signals.listen("a"):
            await anyio.sleep(60)

    async with signals.listen("b"), anyio.create_task_group() as group:
        group.start_soon(join)
        while await subscribed(redis) < 2:
            await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    async with asyncio.timeout(3):
        while await subscribed(redis):
            await asyncio.sleep(0.02)


async def test_a_redis_that_dies_under_a_crowd_is_found_again(signals: Signals, own_redis: RedisServer) -> None:
    stop = asyncio.Event()

    async def come_and_go(number: int) -> None:
        while not stop.is_set():
            async with signals.listen(f"guest{number}"):
                await asyncio.sleep(0.01)

    async with signals.listen("host") as queue:
        await until_heard(signals, "host", queue, 3)
        guests = [asyncio.create_task(come_and_go(number)) for number in range(20)]
        for _ in range(3):
            await asyncio.sleep(0.1)
            own_redis.kill()
            await asyncio.sleep(0.2)
            await asyncio.to_thread(own_redis.start)
        stop.set()
        await asyncio.gather(*guests)
        while not queue.empty():
            queue.get_nowait()
        await until_heard(signals, "host", queue, 5)
        async with signals.listen("late") as late:
            await until_heard(signals, "late", late, 2)


async def test_who_joined_while_redis_was_away_hears_later(signals: Signals, own_redis: RedisServer) -> None:
    own_redis.kill()
    async with signals.listen("early") as queue:
        await asyncio.to_thread(own_redis.start)
        await until_heard(signals, "early", queue, 5)


async def test_a_redis_that_hangs_holds_nobody_up(signals: Signals, own_redis: RedisServer) -> None:
    async with signals.listen("host") as queue:
        await until_heard(signals, "host", queue, 3)
        assert own_redis.pid
        os.kill(own_redis.pid, signal.SIGSTOP)
        try:

            async def use(number: int) -> None:
                async with signals.listen(f"x{number}"):
                    await signals.publish(f"x{number}")

            started = time.monotonic()
            await asyncio.gather(*(use(number) for number in range(20)))
            assert time.monotonic() - started < 5
        finally:
            os.kill(own_redis.pid, signal.SIGCONT)
        await until_heard(signals, "host", queue, 5)
