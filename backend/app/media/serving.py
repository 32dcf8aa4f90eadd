"""Handing out a stored file, piece by piece.

What a file is follows from its name, which is ours, never from its content or from what the uploader said; and no
page that such a file might pretend to be can run anything.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response, StreamingResponse

from app.media import dispositions
from app.media.keys import content_type
from app.media.ranges import http_date, is_unchanged, wanted_range

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from app.media.storage import Storage, StoredFile

_CACHE_SECONDS: Final = 3600
"""No longer, so that a deleted photo leaves browsers soon."""
_SAFE: Final = {
    # The service's own headers add nosniff. A browser shows a file that is opened by itself inside a page of its own
    # making: styled, and loading the file once more from the same origin. Nothing else may be there, and no script.
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
        "frame-ancestors 'none'; sandbox allow-same-origin"
    ),
    # A link is the right to see the file, also for pages of another origin.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


async def redirect(storage: Storage, key: str, seconds: int) -> Response:
    """Send the caller to the object store. ``seconds`` is how long the link to us still holds.

    The link there outlives the time for which browsers remember the redirect, so that they never follow a dead one.
    """
    kept = min(seconds, _CACHE_SECONDS)
    location = await storage.sign(key, timedelta(seconds=kept + _CACHE_SECONDS))
    return RedirectResponse(location, 307, {"Cache-Control": f"private, max-age={kept}", **_SAFE})


async def serve(storage: Storage, request: Request, key: str, seconds: int, download: str | None) -> Response:
    """The file, a part of it, or word that the caller has it already. Raises FileGone and RangeNotSatisfiable."""
    file = await storage.head(key)
    headers = {
        "ETag": file.etag,
        "Last-Modified": http_date(file.modified_at),
        "Cache-Control": f"private, max-age={min(seconds, _CACHE_SECONDS)}",
        **_SAFE,
    }
    if is_unchanged(request.headers, file.etag, file.modified_at):
        return Response(status_code=304, headers=headers)
    part = wanted_range(request.headers, file.size, file.etag, file.modified_at)
    start, end = part or (0, file.size)
    headers |= {
        "Accept-Ranges": "bytes",
        "Content-Length": str(end - start),
        "Content-Disposition": dispositions.inline(key) if download is None else dispositions.attachment(key, download),
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=content_type(key))
    chunks = await _begun(storage, file, start, end)
    return StreamingResponse(chunks, status, headers, media_type=content_type(key))


async def _begun(storage: Storage, file: StoredFile, start: int, end: int) -> AsyncIterator[bytes]:
    """The file's pieces, the first one read already: a file that vanishes now is still a 404, not a broken answer."""
    if start == end:
        return _chained(b"", None)
    pieces = storage.read(file.key, start, end)
    return _chained(await anext(pieces, b""), pieces)


async def _chained(first: bytes, rest: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
    yield first
    if rest is not None:
        async for piece in rest:
            yield piece
