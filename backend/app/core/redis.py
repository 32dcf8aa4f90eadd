"""Redis: connections that give up quickly, since nothing here may hang on a queue that is down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

if TYPE_CHECKING:
    from app.core.settings import Settings

_MOST_CONNECTIONS: Final = 50
"""Commands take less than a millisecond: a crowd waits for one of these, where another pool would refuse it."""


def connect_redis(settings: Settings) -> Redis:
    """A client with its own pool. Connecting happens at the first command."""
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=_MOST_CONNECTIONS,
        timeout=1,
        socket_connect_timeout=2,
        socket_timeout=10,
        health_check_interval=15,
        retry=Retry(ExponentialBackoff(cap=0.1, base=0.02), 1),
    )
    return Redis.from_pool(pool)
