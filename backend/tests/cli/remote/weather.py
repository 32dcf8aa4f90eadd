"""A layer around the service that treats some requests as a bad network, a proxy or a busy server would."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Trouble:
    """What happens to the next ``times`` requests of a method to a path, a pattern.

    ``status``: answered so instead of by the service. ``lost``: the service acts, but its answer never arrives.
    ``cut``: the answer breaks off after its first piece. ``held``: nothing of the answer comes before its end, as
    with a proxy that collects it. ``silent``: no answer at all, for as long as the client waits.
    """

    method: str
    path: str
    times: int = 1
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"<html>busy</html>"
    lost: bool = False
    cut: bool = False
    held: bool = False
    silent: bool = False
    met: int = 0

    def meets(self, scope: Scope) -> bool:
        """Whether it happens to this request; counts down."""
        if not self.times or scope["method"] != self.method or not re.fullmatch(self.path, scope["path"]):
            return False
        self.times -= 1
        self.met += 1
        return True


@dataclass
class Weather:
    """The layer. ``seen`` has each request: method and path."""

    app: ASGIApp
    troubles: list[Trouble] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    headers: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def brew(self, trouble: Trouble) -> Trouble:
        """Let something happen from now on."""
        self.troubles.append(trouble)
        return trouble

    def count(self, method: str, path: str) -> int:
        """How many such requests there were."""
        return sum(one == method and re.fullmatch(path, other) is not None for one, other in self.seen)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        self.seen.append((scope["method"], scope["path"]))
        named = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.headers.append((scope["path"], named))
        trouble = next((one for one in self.troubles if one.meets(scope)), None)
        if trouble is None:
            await self.app(scope, receive, send)
        elif trouble.silent:
            while (await receive())["type"] != "http.disconnect":
                pass
        elif trouble.status:
            response = Response(trouble.body, trouble.status, dict(trouble.headers), media_type="text/html")
            await response(scope, receive, send)
        else:
            await _spoilt(self.app, trouble, scope, receive, send)


async def _spoilt(app: ASGIApp, trouble: Trouble, scope: Scope, receive: Receive, send: Send) -> None:
    messages: list[Message] = []
    over = False

    async def spoil(message: Message) -> None:
        nonlocal over
        messages.append(message)
        if trouble.cut and not over:
            await send(message)
            over = message["type"] == "http.response.body"
            if over:
                raise ConnectionResetError("the test cuts the line here")

    try:
        await app(scope, receive, spoil)
    except ConnectionResetError:
        return
    if trouble.held:
        for message in messages:
            await send(message)
    elif trouble.lost:
        # A head that announces more than comes: the server closes the connection.
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"99")]})
