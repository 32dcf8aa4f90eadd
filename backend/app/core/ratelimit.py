"""Rate limits: moving windows in Redis, shared by all processes; a window in this process while Redis is away.

Nobody is ever unlimited, and nobody is refused because Redis is down. Redis sees keyed hashes, no addresses.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import time
from collections import deque
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Annotated, Final, cast

import structlog
from fastapi import Depends, Request
from limits import parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from prometheus_client import Counter
from redis.exceptions import RedisError

from app.core.errors import TooManyRequests, Unauthorized
from app.core.security import Keyring

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from limits import RateLimitItem
    from redis.asyncio import Redis

    from app.core.settings import Settings

RATE_LIMITED = Counter("aipic_rate_limited", "Requests refused by a rate limit.", ["scope"])

_PREFIX: Final = "RATE_"
_PATIENCE_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 2.0
"""How long Redis is left alone after it failed, so that not every request waits for it in vain."""
_MOST_KEYS: Final = 20_000
logger = structlog.get_logger(__name__)


class Limiter:
    """Checks the rules of the settings, those whose names begin with ``RATE_``. Raises ValueError for a rule that is
    none, at the start of the process."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self._rules = {
            name: parse(getattr(settings, name)) for name in type(settings).model_fields if name.startswith(_PREFIX)
        }
        self._key = Keyring(settings).key("rate-limits")
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=f"{settings.REDIS_PREFIX}:rate",
            # The process's own pool; the annotation there knows only plain options.
            connection_pool=redis.connection_pool,  # type: ignore[arg-type]
        )
        self._shared = MovingWindowRateLimiter(storage)
        self._own = OwnWindows()
        self._away_until = 0.0

    async def check(self, rule: str, scope: str, key: str) -> None:
        """Count one use of ``scope`` by ``key``; raises TooManyRequests when ``rule``, a setting's name, is used up.

        What is refused does not count, so that a client which tries on gets through once its time has come.
        """
        item = self._rules[rule]
        name = hmac.digest(self._key, f"{scope}:{key}".encode("utf-8", "replace"), hashlib.sha256).hex()[:32]
        wait = await self._wait(item, name)
        if wait is None:
            return
        RATE_LIMITED.labels(scope).inc()
        seconds = max(1, math.ceil(wait))
        raise TooManyRequests(seconds=seconds, headers={"Retry-After": str(seconds)})

    async def _wait(self, item: RateLimitItem, name: str) -> float | None:
        """None when it was counted, else the seconds until the next use."""
        if time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    if await self._shared.hit(item, name):
                        return None
                    stats = await self._shared.get_window_stats(item, name)
                    return stats.reset_time - time.time()
            except (RedisError, OSError, TimeoutError) as error:
                self._away_until = time.monotonic() + _PAUSE_SECONDS
                logger.warning("rate_limits_in_memory", error=type(error).__name__)
        return self._own.hit(item.key_for(name), item.amount, item.get_expiry())


class OwnWindows:
    """Moving windows in the memory of this process, bounded in number."""

    def __init__(self, most: int = _MOST_KEYS) -> None:
        self._windows: dict[str, deque[float]] = {}
        self._most = most

    def hit(self, key: str, amount: int, seconds: float) -> float | None:
        """None when it was counted, else the seconds until the next use."""
        now = time.monotonic()
        window = self._windows.pop(key, None) or deque()
        while window and window[0] <= now - seconds:
            window.popleft()
        # Put in again at the end: the key that was not used for the longest time is the first.
        self._windows[key] = window
        if len(self._windows) > self._most:
            del self._windows[next(iter(self._windows))]
        if len(window) >= amount:
            return window[0] + seconds - now
        window.append(now)
        return None


def get_limiter(request: Request) -> Limiter:
    """The limiter of this process."""
    return cast("Limiter", request.app.state.limiter)


async def _limiter(request: Request) -> Limiter:
    return get_limiter(request)


LimiterDep = Annotated[Limiter, Depends(_limiter)]
"""For limits whose key is not known before the endpoint: ``await limiter.check("RATE_CODE_MAIL", "code", email)``."""


def limit_by_address(scope: str, rule: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency that limits a route by its caller's address; networks of IPv6 count as one address."""

    async def limit(request: Request) -> None:
        await get_limiter(request).check(rule, scope, address_key(request.state.client_address))

    return limit


def limit_by_account(scope: str, rule: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency that limits a route by the account whose token came along. Raises Unauthorized without one."""

    async def limit(request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized
        account = cast("Keyring", request.app.state.keyring).read_token(token.strip())
        await get_limiter(request).check(rule, scope, str(account))

    return limit


def address_key(address: str) -> str:
    """What is counted as one caller: an IPv4 address, or the /64 of an IPv6 one, which is what one line is given."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64" if isinstance(parsed, IPv6Address) else address
