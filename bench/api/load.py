"""The load generator: a process of its own that keeps connections open and each of them busy.

Reads commands from standard input, a JSON object a line, and answers each with one on standard output. A connection
sends its next request when the answer to the last one is complete, so there are exactly as many requests under way
as there are connections. Raw sockets and a parser in C: a client library would cost more than what is measured.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

import httptools
import uvloop

KEY = b"{key}"
"""Stands in a request for a word that is new each time, always of the same length."""
_OK = 200
_STALLED_SECONDS = 20.0
_keys = count(1)


def build_request(template: bytes) -> bytes:
    """The request of a template, with a key that no other has."""
    return template.replace(KEY, b"bench-%012d" % next(_keys)) if KEY in template else template


@dataclass
class Burst:
    """One measured stretch: until ``deadline``, or until ``left`` requests were sent."""

    deadline: float
    left: int
    busy: int
    done: asyncio.Future[None]
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    lost: int = 0
    received: int = 0

    def leave(self) -> None:
        """A connection has nothing more to do."""
        self.busy -= 1
        if self.busy == 0 and not self.done.done():
            self.done.set_result(None)


class Connection(asyncio.Protocol):
    """One connection; between bursts it stays open and idle."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.burst: Burst | None = None
        self._template = b""
        self._started = 0.0
        self._parser = httptools.HttpResponseParser(self)

    @property
    def port(self) -> int:
        """Our end's number, by which the server's processes can be told apart."""
        return int(self.transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # the loop's own kind, which is no subclass

    def begin(self, burst: Burst, template: bytes) -> None:
        """Take part in a burst."""
        self.burst = burst
        self._template = template
        if self.transport.is_closing():
            self._lose()
        else:
            self._send(burst)

    def data_received(self, data: bytes) -> None:
        if self.burst is not None:
            self.burst.received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()
            self._lose()

    def on_message_complete(self) -> None:
        """The parser's word that an answer is there to its last byte."""
        burst = self.burst
        if burst is None:
            return
        now = time.perf_counter()
        burst.latencies.append(now - self._started)
        status = self._parser.get_status_code()
        burst.statuses[status] = burst.statuses.get(status, 0) + 1
        if now < burst.deadline and burst.left > 0:
            self._send(burst)
        else:
            self.burst = None
            burst.leave()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose()

    def _send(self, burst: Burst) -> None:
        burst.left -= 1
        request = build_request(self._template)
        self._started = time.perf_counter()
        self.transport.write(request)

    def _lose(self) -> None:
        if self.burst is not None:
            self.burst.lost += 1
            self.burst.leave()
            self.burst = None


class Generator:
    """Groups of connections by name, and what can be asked of them."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[int, Connection]] = {}

    async def handle(self, command: dict[str, Any]) -> Any:
        """Answer one command."""
        match command["do"]:
            case "open":
                return await self._open(command["group"], command["port"], command["count"])
            case "close":
                return await self._close(command["group"], command.get("ports"))
            case "burst":
                templates = [template.encode("latin-1") for template in command["templates"]]
                return await self._burst(command["group"], templates, command["seconds"], command["most"])
        raise ValueError(command["do"])

    async def _open(self, group: str, port: int, number: int) -> list[int]:
        opened = self._groups.setdefault(group, {})
        loop = asyncio.get_running_loop()
        for _ in range(number):
            _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
            opened[connection.port] = connection
            await asyncio.sleep(0.0005)  # one at a time, so that any of the server's processes may take it
        return sorted(opened)

    async def _close(self, group: str, ports: list[int] | None) -> None:
        opened = self._groups.get(group, {})
        for port in list(opened) if ports is None else ports:
            opened.pop(port).transport.close()
        await asyncio.sleep(0)

    async def _burst(self, group: str, templates: list[bytes], seconds: float, most: int) -> dict[str, Any]:
        connections = list(self._groups[group].values())
        done = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        burst = Burst(started + seconds, most, len(connections), done)
        for index, connection in enumerate(connections):
            connection.begin(burst, templates[index % len(templates)])
        try:
            await asyncio.wait_for(asyncio.shield(done), seconds + _STALLED_SECONDS)
        except TimeoutError:
            for connection in connections:
                connection.transport.abort()
            await done
        return {
            "seconds": time.perf_counter() - started,
            "latencies": [round(latency * 1e6) for latency in burst.latencies],
            "errors": burst.lost + sum(number for status, number in burst.statuses.items() if status != _OK),
            "statuses": burst.statuses,
            "received": burst.received,
        }


def main() -> None:
    """Serve commands until the input ends."""
    loop = uvloop.new_event_loop()
    generator = Generator()
    gc.freeze()
    gc.disable()  # a collection in the middle of a burst would look like the server's hiccup
    for line in sys.stdin:
        answer = loop.run_until_complete(generator.handle(json.loads(line)))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    loop.run_until_complete(asyncio.sleep(0))


if __name__ == "__main__":
    main()
