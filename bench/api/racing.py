"""Service and floor side by side: bursts in turn, so that whatever slows the machine slows both."""

from __future__ import annotations

import contextlib
import json
import math
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from bench.api.stage import Program
    from bench.api.tracing import Request

GENERATOR = Path(__file__).with_name("load.py")
_ACCEPT_SECONDS = 20.0
_WARM_SECONDS = 0.15


@dataclass
class Side:
    """What one side did, burst by burst: requests a second, and all latencies in µs."""

    rates: list[float] = field(default_factory=list)
    latencies: list[int] = field(default_factory=list)
    errors: int = 0

    def add(self, answer: Mapping[str, Any]) -> None:
        """Take in what the load generator says about a burst."""
        latencies: list[int] = answer["latencies"]
        self.rates.append(len(latencies) / answer["seconds"])
        self.latencies += latencies
        self.errors += answer["errors"]

    @property
    def rate(self) -> float:
        """Median requests a second."""
        return statistics.median(self.rates)

    def milliseconds(self, share: float) -> float:
        """A percentile of the latencies."""
        return percentile(self.latencies, share) / 1000

    def figures(self) -> dict[str, float]:
        """For machines."""
        return {
            "requests_per_second": round(self.rate, 1),
            "p50_ms": self.milliseconds(0.5),
            "p99_ms": self.milliseconds(0.99),
            "requests": len(self.latencies),
            "errors": self.errors,
        }


@dataclass
class Race:
    """One kind of request at one number of connections."""

    name: str
    connections: int
    service: Side = field(default_factory=Side)
    floor: Side = field(default_factory=Side)

    @property
    def ratio(self) -> float:
        """Service over floor: the median of the rounds' own ratios, since the two bursts of a round are neighbours."""
        return statistics.median(ours / least for ours, least in zip(self.service.rates, self.floor.rates, strict=True))

    @property
    def spread(self) -> float:
        """p99 over p50 of the service: how much longer the unlucky wait."""
        return self.service.milliseconds(0.99) / self.service.milliseconds(0.5)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all do not exceed."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def surplus(held: Mapping[int, Sequence[int]], ours: Iterable[int]) -> list[int]:
    """Those of our connections that one process holds beyond its fair part; ``held`` is by process.

    The system hands a new connection to whichever process is quicker. With few connections that is a lottery: one
    side would run on two processes and the other on one.
    """
    mine = set(ours)
    counted = {pid: [port for port in ports if port in mine] for pid, ports in held.items()}
    fair = math.ceil(len(mine) / max(1, len(counted)))
    return sorted(port for ports in counted.values() for port in ports[fair:])


@contextlib.contextmanager
def _held_up(pids: Iterable[int]) -> Iterator[None]:
    """Stop processes for a moment, so that others take what comes."""
    stopped = [psutil.Process(pid) for pid in pids]
    for process in stopped:
        process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            process.resume()


class LoadProcess:
    """The load generator as a child."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(GENERATOR)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **command: Any) -> Any:
        """One command and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("the load generator ended")
        return json.loads(answer)

    def connect(self, server: Program, count: int) -> None:
        """Open connections, as many to one process of the server as to the other."""
        deadline = time.monotonic() + _ACCEPT_SECONDS
        ports = self._open(server, count)
        while time.monotonic() < deadline:
            held = server.holders()
            if sum(port in ports for some in held.values() for port in some) < count:
                time.sleep(0.005)  # not all are accepted yet
                continue
            wrong = surplus(held, ports)
            if not wrong:
                return
            self.ask(do="close", group=server.name, ports=wrong)
            with _held_up(pid for pid, some in held.items() if set(some) & set(wrong)):
                ports = self._open(server, len(wrong))
                while sum(port in ports for some in server.holders().values() for port in some) < count:
                    time.sleep(0.005)
                    if time.monotonic() > deadline:
                        break
        raise SystemExit(f"{server.name}: its processes do not take connections")

    def _open(self, server: Program, count: int) -> list[int]:
        ports: list[int] = self.ask(do="open", group=server.name, port=server.port, count=count)
        return ports

    def disconnect(self, server: Program) -> None:
        """Close all connections."""
        self.ask(do="close", group=server.name)

    def burst(self, server: Program, templates: Sequence[bytes], seconds: float, most: int) -> dict[str, Any]:
        """Keep the open connections busy; see ``load.py``."""
        texts = [template.decode("latin-1") for template in templates]
        answer: dict[str, Any] = self.ask(do="burst", group=server.name, templates=texts, seconds=seconds, most=most)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def spoken(request: Request, path: str) -> bytes:
    """A request as it goes over the wire."""
    headers = {"Host": "127.0.0.1", "User-Agent": "aipic-bench", "Accept": "application/json", **request.headers}
    if request.body:
        headers["Content-Length"] = str(len(request.body))
    lines = [f"{request.method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + request.body


def floor_path(request: Request) -> str:
    """Where the floor serves it."""
    words = [request.name, *(request.known[name] for name in ("user", "photo") if name in request.known)]
    return "/" + "/".join(words)


class Track:
    """Where races are run: the load generator, the service and the floor."""

    def __init__(self, load: LoadProcess, service: Program, floor: Program) -> None:
        self._load = load
        self._service = service
        self._floor = floor

    def race(
        self,
        requests: Sequence[Request],
        connections: int,
        *,
        rounds: int,
        seconds: float,
        most: int,
        after_round: Callable[[], None],
    ) -> Race:
        """Bursts of service and floor in turn; who begins changes from round to round."""
        race = Race(requests[0].name, connections)
        lanes = [
            (race.service, self._service, [spoken(request, request.path) for request in requests]),
            (race.floor, self._floor, [spoken(request, floor_path(request)) for request in requests]),
        ]
        for _, server, templates in lanes:
            self._load.connect(server, connections)
            self._load.burst(server, templates, _WARM_SECONDS, most)
        for number in range(rounds):
            for side, server, templates in lanes if number % 2 == 0 else reversed(lanes):
                side.add(self._load.burst(server, templates, seconds, most))
            after_round()
        for _, server, _ in lanes:
            self._load.disconnect(server)
        return race

    def crowd(self, requests: Sequence[Request], connections: int, *, seconds: float, most: int) -> Race:
        """One long burst of the service alone, at a number of connections that is too much for it."""
        race = Race(requests[0].name, connections)
        templates = [spoken(request, request.path) for request in requests]
        self._load.connect(self._service, connections)
        self._load.burst(self._service, templates, _WARM_SECONDS, most)
        race.service.add(self._load.burst(self._service, templates, seconds, most))
        self._load.disconnect(self._service)
        return race
