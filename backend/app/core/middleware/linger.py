"""Reading on for a moment after a refusal.

A connection that is closed while its client still sends is reset by the system, and the client then often throws
the answer away unread: a browser shows "network error" where the page could say "at most 10 MB". So what still
comes is thrown away piece by piece, up to a bound in bytes and time; no piece is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import Receive

_BYTES: Final = 32 * 2**20
_SECONDS: Final = 3.0


async def linger(receive: Receive) -> None:
    """Throw away what comes until the body ends, the caller leaves, or enough is enough."""
    left = _BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS):
            while left > 0:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))
