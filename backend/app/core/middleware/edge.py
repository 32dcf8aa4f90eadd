"""The outermost layer: id, language and address of a request; its answer's headers, measures and line in the log.

One layer instead of six, since each costs every request a coroutine and a closure. Also the last net: an error
that nothing else caught is logged under the request's id and answered with the plain envelope of a bug.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from app.core.context import language, request_id, request_id_from
from app.core.handlers import answer_unforeseen
from app.core.i18n import Lang, negotiate
from app.core.logging import log_request
from app.core.middleware.metrics import observe_request
from app.core.middleware.routes import route_template

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from app.core.middleware.client_address import ClientAddress

_LONGEST_PATH: Final = 200
_PROBES: Final = frozenset(
    {"/api/v1/utils/health-check/", "/api/v1/utils/health-check", "/api/v1/utils/ready"},
)
"""Asked every few seconds for ever; changes of what they say are logged where they are found."""
_SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)
_FRAMES: Final = (b"content-security-policy", b"frame-ancestors 'none'")


class Edge:
    """Pure ASGI, around everything else."""

    def __init__(self, app: ASGIApp, *, addresses: ClientAddress) -> None:
        self.app = app
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        offered: bytes | None = None
        accepted: bytes = b""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                offered = value
            elif name == b"accept-language":
                accepted = value
        identifier = request_id_from(offered.decode("latin-1") if offered is not None else None)
        address = self._addresses.read(scope)
        scope.setdefault("state", {})["client_address"] = address
        id_token = request_id.set(identifier)
        language_token = language.set(_negotiated(accepted[:_LONGEST_PATH]))
        status = 0
        sent = 0

        async def observed(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_ours(message.get("headers", ()), identifier)
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, observed)
        except Exception as error:
            response = answer_unforeseen(error, language.get())
            # An answer that has begun can only be broken off; the server closes the connection.
            if status == 0:
                await response(scope, receive, observed)
        finally:
            seconds = time.perf_counter() - started
            route = route_template(scope)
            observe_request(scope["method"], route, status, seconds)
            # Never the query: links carry their signature there.
            log_request(
                quiet=route in _PROBES,
                method=scope["method"],
                route=route,
                path=scope["path"][:_LONGEST_PATH],
                status=status,
                duration_ms=round(seconds * 1000, 1),
                bytes=sent,
                client_address=address,
            )
            language.reset(language_token)
            request_id.reset(id_token)


def _with_ours(headers: Any, identifier: str) -> list[tuple[bytes, bytes]]:
    """The route's headers and ours; a page's own content security policy stands."""
    ours = [*headers, (b"x-request-id", identifier.encode("latin-1")), *_SECURITY]
    for name, _ in headers:
        if name == _FRAMES[0]:
            return ours
    ours.append(_FRAMES)
    return ours


@lru_cache(maxsize=512)
def _negotiated(accepted: bytes) -> Lang:
    return negotiate(accepted.decode("latin-1"))
