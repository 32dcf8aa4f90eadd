"""Signals between processes over Redis pub/sub: "the photo is ready", "the task is at 40 %".

A signal says that something may have changed; the truth stays in PostgreSQL. Whoever waits therefore also looks
there now and then, and a lost signal, or a Redis that is down, costs a moment and nothing else. All who wait in a
process share one connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

_RETRY_SECONDS: Final = 0.5
_BACKLOG: Final = 100
logger = structlog.get_logger(__name__)


class Signals:
    """Publishes signals, and hands those of a channel to everybody who listens in this process."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = f"{prefix}:signal:"
        self._listeners: dict[str, set[asyncio.Queue[dict[str, Any]]]] = {}
        self._pubsub: PubSub | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Lock()

    async def publish(self, channel: str, **content: Any) -> None:
        """Tell all who listen, best effort: a Redis that is down is no reason to fail."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._redis.publish(self._prefix + channel, json.dumps(content))

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
        """A queue of the signals of ``channel`` from now on. It stays empty while Redis is down."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_BACKLOG)
        name = self._prefix + channel
        listeners = self._listeners.setdefault(name, set())
        listeners.add(queue)
        if len(listeners) == 1:
            await self._subscribe(name)
        try:
            yield queue
        finally:
            listeners.discard(queue)
            if not listeners:
                del self._listeners[name]
                await self._unsubscribe(name)

    async def close(self) -> None:
        """Stop listening."""
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
            self._reader = None
        if self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.aclose()  # type: ignore[no-untyped-call]
            self._pubsub = None

    async def _subscribe(self, name: str) -> None:
        async with self._changed:
            if self._pubsub is None:
                self._pubsub = self._redis.pubsub()
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._pubsub.subscribe(name)
            if self._reader is None:
                self._reader = asyncio.create_task(self._read(self._pubsub), name="signals")

    async def _unsubscribe(self, name: str) -> None:
        async with self._changed:
            if self._pubsub is not None and name not in self._listeners:
                with contextlib.suppress(RedisError, OSError, TimeoutError):
                    await self._pubsub.unsubscribe(name)

    async def _read(self, pubsub: PubSub) -> None:
        connected = True
        while True:
            try:
                if not connected:
                    async with self._changed:
                        if self._listeners:
                            await pubsub.subscribe(*self._listeners)
                    connected = True
                if not pubsub.subscribed:
                    await asyncio.sleep(0.02)
                    continue
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
            except (RedisError, OSError, TimeoutError):
                connected = False
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if message is not None:
                self._deliver(message)

    def _deliver(self, message: dict[str, Any]) -> None:
        name, data = message["channel"], message["data"]
        name = name.decode() if isinstance(name, bytes) else name
        try:
            content = json.loads(data)
        except ValueError:
            logger.warning("signal_unreadable", channel=name)
            return
        for queue in self._listeners.get(name, ()):
            # A slow reader loses old news; it looks at the row anyway.
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(content)
