"""The server's HTTP protocol with bounds: ``uvicorn --http app.core.bounded_http:BoundedHttp``.

Uvicorn bounds bodies, through flow control, but collects a head of any length, and waits for ever: for a head that
does not come, for the rest of a body that nobody asked for, for a caller who does not read. One caller without any
token can make a process eat hundreds of megabytes and minutes of its only thread that way, or hold all its
connections. Proxies have such bounds; these are for servers without one in front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

MOST_BYTES: Final = 64 * 1024
HEAD_SECONDS: Final = 20.0
"""Until the head of a request is there, from the connection or from its first byte."""
REST_SECONDS: Final = 10.0
"""Until the rest of a body is there, once its request was answered; what the route waits for is the gate's matter."""
READ_SECONDS: Final = 60.0
"""Until a caller whose buffers are full reads on."""


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection on which too many bytes come without a piece of a body or the end of a head, or on which
    too little happens.

    The bytes cover trailers and the extensions of chunks too, which are collected in the same way.
    """

    _quiet = 0
    _coming = False
    _head = False
    _owed: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody called, and has something to say."""
        super().connection_made(transport)
        self._expect(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._relax()
        self._forget_unread()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A new request."""
        self._quiet = 0
        self._coming = True
        self._head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is over."""
        self._quiet = 0
        self._head = False
        self._relax()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body, which flow control takes care of."""
        self._quiet = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request is there."""
        self._coming = False
        self._relax()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It was answered, perhaps before all of it was there."""
        super().on_response_complete()
        if self._coming:
            self._expect(REST_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Parse what came, then see how much of it is kept in the parser."""
        self._quiet += len(data)
        super().data_received(data)
        if self._quiet > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("Request head too large.")
        elif self._head and self._owed is None:
            self._expect(HEAD_SECONDS)

    def pause_writing(self) -> None:
        """The caller does not read as quickly as we answer."""
        super().pause_writing()
        self._unread = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The caller reads on."""
        self._forget_unread()
        super().resume_writing()

    def _expect(self, seconds: float) -> None:
        self._relax()
        self._owed = self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        self._owed = None
        if not self.transport.is_closing():
            self.transport.close()

    def _relax(self) -> None:
        if self._owed is not None:
            self._owed.cancel()
            self._owed = None

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
