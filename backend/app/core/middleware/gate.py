"""What is refused before a route sees it: bodies that are too large or too slow, uploads of strangers, addresses that
are none.

A body whose length is announced is refused by its header, unread. One that comes in chunks is counted, and cut off
where it becomes too large. Uploads need a token of ours first, so that strangers cannot make us read megabytes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from app.core.answers import failure_body
from app.core.context import language
from app.core.errors import InvalidRequest, RequestTimeout, ServiceError, TooLarge, Unauthorized
from app.core.handlers import ServiceHTTPException
from app.core.middleware.linger import linger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON_BYTES: Final = 64 * 1024
UPLOAD_BYTES: Final = 11 * 2**20
UPLOADS: Final[Mapping[str, int]] = {
    "/api/v1/emoji/upload": UPLOAD_BYTES,
    "/api/v1/emoji/detect": UPLOAD_BYTES,
}
"""Routes that take files: ten megabytes, and the rest of the form around them."""

_LONGEST_QUERY: Final = 8192
_LONGEST_HOST: Final = 255 + len(":65535")
"""Where PUBLIC_URL is not set, links begin with what the caller says that we are called."""
PATIENCE_SECONDS: Final = 30.0
"""Until the whole body is there, and longer by what of it came meanwhile, at the slowest that we put up with."""
SLOWEST_BYTES: Final = 8 * 1024
"""A second: who is slower than this, on purpose or not, holds a connection for too long."""
_BAD_ADDRESS: Final = {"zh": "地址无效。", "en": "the address is not valid."}


class Gate:
    """Pure ASGI. ``authenticate`` takes the token of an upload and raises a ServiceError when it does not hold."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticate: Callable[[str], object],
        default: int = JSON_BYTES,
        uploads: Mapping[str, int] = UPLOADS,
    ) -> None:
        self.app = app
        self._authenticate = authenticate
        self._default = default
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = 0
        chunked = False
        token: bytes | None = None
        host = b""
        for name, value in scope["headers"]:
            if name == b"content-length":
                length = _length(value)
            elif name == b"transfer-encoding":
                chunked = True
            elif name == b"authorization":
                token = value
            elif name == b"host":
                host = value
        try:
            limit = self._limit(scope, host, token)
            if length > limit or length < 0:
                raise too_large(limit)
        except ServiceError as error:
            await _refuse(error, scope, receive, send)
            return
        if chunked or length:
            await _Watched(self.app, limit)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _limit(self, scope: Scope, host: bytes, token: bytes | None) -> int:
        """How large the body may be. Raises InvalidRequest and Unauthorized."""
        path: str = scope["path"]
        # Routes are found by patterns that overlook a line feed at the end; nothing of ours has such characters.
        if not path.isprintable() or len(scope["query_string"]) > _LONGEST_QUERY or len(host) > _LONGEST_HOST:
            raise InvalidRequest(problem=_BAD_ADDRESS[language.get()])
        limit = self._uploads.get(path)
        if limit is None:
            return self._default
        if scope["method"] == "POST":
            self._admit(token)
        return limit

    def _admit(self, authorization: bytes | None) -> None:
        scheme, _, token = (authorization or b"").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized
        self._authenticate(token.strip())


def too_large(limit: int) -> TooLarge:
    """The error of a body beyond ``limit`` bytes."""
    return TooLarge(limit_mb=f"{limit / 2**20:.2g}")


def _length(value: bytes) -> int:
    """The announced length; -1 for one that is none. Servers refuse those themselves."""
    return int(value) if value.isdigit() and len(value) < 20 else -1


async def _refuse(error: ServiceError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without having read the body, and close the connection, since the rest of it is still to come."""
    body = failure_body(error, language.get())
    headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    headers += [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await linger(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Watched:
    """One request with a body, which may turn out too large or too slow while it comes in."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        fault: ServiceError | None = None
        came = 0
        complete = False
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS

        async def watched() -> Message:
            nonlocal fault, came, complete
            if complete:  # the route waits for its caller to leave, which may take as long as it likes
                return await receive()
            try:
                async with asyncio.timeout_at(deadline + came / SLOWEST_BYTES):
                    message = await receive()
            except TimeoutError:
                fault = RequestTimeout()
                raise ServiceHTTPException(fault) from None
            came += len(message.get("body", b""))
            if came > self._limit:
                fault = too_large(self._limit)
                raise ServiceHTTPException(fault)
            complete = not message.get("more_body", False)
            return message

        async def guarded(message: Message) -> None:
            # Whatever the route made of the error above: the answer is ours.
            nonlocal started
            if fault is None or started:
                started = True
                await send(message)

        try:
            await self._app(scope, watched, guarded)
        except Exception:
            if fault is None or started:
                raise
        if fault is not None and not started:
            await _refuse(fault, scope, receive, send)
