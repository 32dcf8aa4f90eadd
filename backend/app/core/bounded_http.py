"""The server's HTTP protocol with a bound on request heads: ``uvicorn --http app.core.bounded_http:BoundedHttp``.

Uvicorn bounds bodies, through flow control, but collects a head of any length. One caller without any token can
make a process eat hundreds of megabytes and minutes of its only thread that way. Proxies have such a bound; this is
for servers without one in front.
"""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES: Final = 64 * 1024


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection on which this many bytes came without a piece of a body or the end of a head.

    That covers trailers and the extensions of chunks too, which are collected in the same way.
    """

    _quiet = 0

    def on_message_begin(self) -> None:
        """A new request."""
        self._quiet = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is over."""
        self._quiet = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body, which flow control takes care of."""
        self._quiet = 0
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        """Parse what came, then see how much of it is kept in the parser."""
        self._quiet += len(data)
        super().data_received(data)
        if self._quiet > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("Request head too large.")
