"""Servers that are not what the client is looking for, each on a real socket."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator


def http(status: str, body: str = "", *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    head = "".join(f"{header}\r\n" for header in (f"Content-Length: {len(body)}", "Connection: close", *headers))
    return f"HTTP/1.1 {status}\r\n{head}\r\n{body}".encode()


@asynccontextmanager
async def answering(answer: bytes, *, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Answer every connection with the same bytes, once it has said something; gives the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(65536)
            writer.write(answer)
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
