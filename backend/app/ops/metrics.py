"""The port where Prometheus reads: internal, apart from the service's own, opened by every server process.

All processes of a server listen on the same port; whichever the system picks answers for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import structlog

from app.ops.exposition import CONTENT_TYPE, Exposition, shared_directory
from app.ops.measurements import Meter

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator

    from app.core.database import Database
    from app.core.settings import Settings
    from app.jobs.queue import Queue

PATH: Final = "/metrics"
_LIMIT_SECONDS: Final = 5.0
_LONGEST_REQUEST: Final = 16 * 1024
logger = structlog.get_logger(__name__)


@asynccontextmanager
async def metrics_server(
    settings: Settings, database: Database, queue: Queue, *, port: int | None = None
) -> AsyncIterator[int | None]:
    """Serve the page while the block runs; yields the port. None, and nothing is served, for port 0.

    ``port`` is METRICS_PORT unless given. One that is taken is told in the log and stops nothing.
    """
    port = settings.METRICS_PORT if port is None else port
    if port == 0:
        yield None
        return
    directory = shared_directory()
    page = _Page(Exposition(Meter(database, queue), directory))
    try:
        server = await asyncio.start_server(
            page.answer, settings.METRICS_HOST, port, limit=_LONGEST_REQUEST, reuse_port=directory is not None
        )
    except OSError as error:
        logger.error("metrics_port_unusable", port=port, reason=error.strerror, settings="METRICS_HOST, METRICS_PORT")
        yield None
        return
    try:
        yield port
    finally:
        server.close()
        page.exposition.close()


class _Page:
    """Answers one request a connection: all that Prometheus asks of a target."""

    def __init__(self, exposition: Exposition) -> None:
        self.exposition = exposition
        self._one = asyncio.Lock()

    async def answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Read a request, answer it, close."""
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                status, body = await self._page(head)
                lines = (
                    f"HTTP/1.1 {status}",
                    f"Content-Type: {CONTENT_TYPE}",
                    f"Content-Length: {len(body)}",
                    "Connection: close",
                    "",
                    "",
                )
                writer.write("\r\n".join(lines).encode() + (b"" if head.startswith(b"HEAD ") else body))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        except Exception:
            logger.exception("metrics_failed")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _page(self, head: bytes) -> tuple[str, bytes]:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].rstrip(b"/").decode("latin-1")
        if method not in {b"GET", b"HEAD"}:
            return "405 Method Not Allowed", b""
        if path != PATH:
            return "404 Not Found", f"The metrics are at {PATH}\n".encode()
        async with self._one:
            return "200 OK", await self.exposition.render()
