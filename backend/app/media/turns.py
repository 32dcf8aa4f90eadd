"""Taking turns at work that somebody waits for, and not for ever."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Turns:
    """So many at once; those behind them go in order, until there is a ``crowd``: then the newest goes first.

    In order, a crowd would be served when it has just given up, one after the other, and nobody would get anything.
    """

    def __init__(self, at_once: int, *, crowd: int) -> None:
        self._free = at_once
        self._crowd = crowd
        self._waiting: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it."""
        await self._take()
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self) -> None:
        if self._free:
            self._free -= 1
            return
        called = asyncio.get_running_loop().create_future()
        self._waiting.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if not called.cancelled():
                self._pass_on()  # it was our turn in the very moment in which we left
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            newest = len(self._waiting) > self._crowd
            called = self._waiting.pop(-1 if newest else 0)
            if not called.done():  # who has left is not called
                called.set_result(None)
                return
        self._free += 1
