"""Finished files fetched by their links, which may lead to another server than the service itself."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import httpx

from app.cli.failure import Failure
from app.cli.remote.address import is_loopback
from app.cli.remote.connection import open_client
from app.cli.whole_file import replacing

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_TRIES: Final = 4
_GONE: Final = frozenset({403, 404, 410})


class LinkOver(Exception):
    """The link does not hold any more, or its file is gone; a new link may do."""


class Fetcher:
    """Fetches links. Nothing of ours goes with the requests: what is signed is the link."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._clients: dict[bool, httpx.AsyncClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def save(self, link: str, target: Path, size: int | None) -> int:
        """Write the file of a link, whole or not at all; returns its length. Raises LinkOver and Failure."""
        content = await self.fetch(link, size)
        with replacing(target) as file:
            file.write(content)
        return len(content)

    async def fetch(self, link: str, size: int | None = None) -> bytes:
        """The content behind a link; ``size`` is its length where that is known."""
        host = _host(link)
        detail = ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(0.5 * 2**attempt)
            try:
                response = await (await self._client(host)).get(link)
            except httpx.TransportError as error:
                detail = str(error) or type(error).__name__
                continue
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise Failure("link_unreachable", host=host, detail=error) from error
            if response.status_code in _GONE:
                raise LinkOver
            if response.status_code == 200 and size in (None, len(response.content)):
                return response.content
            detail = f"HTTP {response.status_code}, {len(response.content)} B"
        raise Failure("link_unreachable", host=host, detail=detail)

    async def _client(self, host: str) -> httpx.AsyncClient:
        direct = is_loopback(host)
        if direct not in self._clients:
            client = open_client(direct=direct, follow_redirects=True)
            self._clients[direct] = await self._stack.enter_async_context(client)
        return self._clients[direct]


def _host(link: str) -> str:
    try:
        return httpx.URL(link).host
    except httpx.InvalidURL:
        return link
