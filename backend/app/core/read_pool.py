"""Connections of the driver's own for reads: handed out at once, where SQLAlchemy's pool goes through a greenlet.

They are opened when they are first needed. Last in, first out, so that few are busy and the others may as well be gone.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

import asyncpg  # type: ignore[import-untyped]
from pydantic_core import from_json

from app.core.reading import Reads

if TYPE_CHECKING:
    from types import TracebackType

    from app.core.settings import Settings

_CONNECT_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 2.0


class ReadPool:
    """At most ``size`` connections."""

    def __init__(self, settings: Settings, *, size: int, server_settings: dict[str, str]) -> None:
        self._settings = settings
        self._server_settings = server_settings
        self._free = asyncio.Semaphore(size)
        self._idle: list[Any] = []

    def reads(self) -> _Lease:
        """A connection for the length of an ``async with``. Raises TimeoutError when none becomes free in time."""
        return _Lease(self)

    async def take(self) -> Any:
        """A connection that works, as far as is known."""
        if self._free.locked():
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._free.acquire()
        else:
            await self._free.acquire()
        while self._idle:
            driver = self._idle.pop()
            if not driver.is_closed():
                return driver
        try:
            return await self._connect()
        except BaseException:
            self._free.release()
            raise

    def give_back(self, driver: Any, *, usable: bool) -> None:
        """Keep a connection for the next one, or end it."""
        self._free.release()
        if usable:
            self._idle.append(driver)
        else:
            driver.terminate()

    async def close(self) -> None:
        """End the connections that nobody uses."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(driver.close(timeout=_CLOSE_SECONDS) for driver in idle), return_exceptions=True)

    async def _connect(self) -> Any:
        settings = self._settings
        driver = await asyncpg.connect(
            host=settings.POSTGRES_SERVER,
            port=settings.POSTGRES_PORT,
            database=settings.POSTGRES_DB,
            user=settings.POSTGRES_USER,
            password=settings.POSTGRES_PASSWORD.get_secret_value(),
            timeout=_CONNECT_SECONDS,
            server_settings=self._server_settings,
        )
        # As SQLAlchemy sets up its own: a column of JSON comes as what it holds.
        await driver.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=from_json)
        return driver


class _Lease:
    """One connection, as long as the block lasts. A class, since a generator would cost as much as the taking."""

    __slots__ = ("_driver", "_pool", "_reads")

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Reads:
        self._driver = await self._pool.take()
        self._reads = Reads(self._driver)
        return self._reads

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.give_back(self._driver, usable=not self._reads.is_broken)
