"""Redis: connections that give up quickly, since nothing here may hang on a queue that is down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

if TYPE_CHECKING:
    from app.core.settings import Settings


def connect_redis(settings: Settings) -> Redis:
    """A client with its own pool. Connecting happens at the first command."""
    return Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=2,
        socket_timeout=10,
        health_check_interval=15,
        retry=Retry(ExponentialBackoff(cap=0.1, base=0.02), 1),
    )
