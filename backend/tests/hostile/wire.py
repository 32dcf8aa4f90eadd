"""HTTP as bytes, for what no client library would send."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What came back until the server closed the connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    raw: bytes


def exchange(port: int, request: bytes, *, seconds: float = 5) -> Answer:
    """Send bytes and read until the server closes, or says nothing for a while."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while piece := connection.recv(65_536):
                received += piece
    return read(received)


def read(received: bytes) -> Answer:
    """The first answer in what was received; status 0 when there is none."""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split()[1]) if first.startswith("HTTP/1.1 ") else 0
    pairs = (line.partition(":") for line in lines)
    return Answer(status, {name.lower(): value.strip() for name, _, value in pairs}, body, received)


def request(line: str, *headers: str | bytes, host: bytes | None = b"localhost", body: bytes = b"") -> bytes:
    """A request that asks for the connection to be closed."""
    lines = [f"{line} HTTP/1.1".encode(), b"Connection: close"]
    if host is not None:
        lines.append(b"Host: " + host)
    lines += [header.encode() if isinstance(header, str) else header for header in headers]
    return b"\r\n".join([*lines, b"", body])
