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

_PATIENCE_SECONDS: Final = 1.0
"""How long anybody waits for a Redis that hangs."""
_RETRY_SECONDS: Final = 0.5
_BACKLOG: Final = 100
logger = structlog.get_logger(__name__)


class Signals:
    """Publishes signals, and hands those of a channel to everybody who listens in this process.

    Listeners only write down what they want. One task of ours keeps the connection to that: so nobody who leaves,
    however suddenly, leaves a subscription behind, and nobody waits for another one's.
    """

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = f"{prefix}:signal:"
        self._listeners: dict[str, set[asyncio.Queue[dict[str, Any]]]] = {}
        self._subscribed: frozenset[str] = frozenset()
        self._keeper: asyncio.Task[None] | None = None
        self._away = False
        self._wish = asyncio.Event()
        self._turn = asyncio.Event()

    async def publish(self, channel: str, **content: Any) -> None:
        """Tell all who listen, best effort: a Redis that is down is no reason to fail."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._redis.publish(self._prefix + channel, json.dumps(content))

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
        """A queue of the signals of ``channel`` from now on. It stays empty while Redis is down."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_BACKLOG)
        name = self._prefix + channel
        self._listeners.setdefault(name, set()).add(queue)
        try:
            await self._join(name)
            yield queue
        finally:
            # No wait in here: whoever was cancelled by the framework is cancelled in every further wait.
            listeners = self._listeners[name]
            listeners.discard(queue)
            if not listeners:
                del self._listeners[name]
                self._wish.set()

    async def close(self) -> None:
        """Stop listening."""
        if self._keeper is not None:
            await _end(self._keeper)
            self._keeper = None

    async def _join(self, name: str) -> None:
        """Wait until the channel is subscribed to, unless Redis is away."""
        if name in self._subscribed:
            return
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="signals")
        self._wish.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not self._away and name not in self._subscribed:
                    await self._turn.wait()

    async def _keep(self) -> None:
        while True:
            try:
                await self._session()
            except (RedisError, OSError, TimeoutError):
                pass
            except Exception:
                logger.exception("signals_broke")
            self._away = True
            self._settle(frozenset())
            await asyncio.sleep(_RETRY_SECONDS)

    async def _session(self) -> None:
        """Subscribe to what is wanted, and hand out what comes, until the connection fails."""
        pubsub = self._redis.pubsub()
        reader: asyncio.Task[None] | None = None
        wish: asyncio.Task[object] | None = None
        try:
            while True:
                self._wish.clear()
                await self._follow(pubsub, frozenset(self._listeners))
                if reader is None and self._subscribed:
                    reader = asyncio.create_task(self._read(pubsub), name="signals reader")
                wish = asyncio.create_task(self._wish.wait())
                await asyncio.wait([wish, reader] if reader else [wish], return_when=asyncio.FIRST_COMPLETED)
                if reader is not None and reader.done():
                    await reader
        finally:
            for task in (reader, wish):
                if task is not None:
                    await _end(task)
            with contextlib.suppress(RedisError, OSError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _follow(self, pubsub: PubSub, wanted: frozenset[str]) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            if new := wanted - self._subscribed:
                await pubsub.subscribe(*new)
            if old := self._subscribed - wanted:
                await pubsub.unsubscribe(*old)
        self._away = False
        self._settle(wanted)

    def _settle(self, subscribed: frozenset[str]) -> None:
        self._subscribed = subscribed
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()

    async def _read(self, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
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


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel a task until it has ended: one wait in the library may swallow a cancel that comes at the wrong moment."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1.0)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody complains
