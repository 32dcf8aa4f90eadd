"""Asks the service whether it is ready, without holding anybody up."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass, field
from typing import Any, Final

from app.ops.embedded.ports import LOOPBACK
from app.ops.up.texts import text

PATH: Final = "/api/v1/utils/ready"
_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Readiness:
    """The service's own answer; no components when there was none."""

    ready: bool = False
    components: dict[str, str] = field(default_factory=dict)

    def describe(self) -> str:
        """The components that are not well, or all of them while none is known to be ill."""
        ill = {name: state for name, state in self.components.items() if state not in {"ok", "up", "ready", "healthy"}}
        told = ill or self.components
        return ", ".join(f"{name} {state}" for name, state in told.items()) or text("no_answer")


def ask(port: int, timeout: float = _SECONDS) -> Readiness:
    """One question."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout)
    try:
        connection.request("GET", PATH, headers={"User-Agent": "aipic-up", "Accept": "application/json"})
        answer = connection.getresponse()
        return Readiness(answer.status == http.HTTPStatus.OK, _components(answer.read(100_000)))
    except (OSError, http.client.HTTPException):
        return Readiness()
    finally:
        connection.close()


def _components(body: bytes) -> dict[str, str]:
    try:
        content: Any = json.loads(body)
        found = (content.get("data") or content).get("components") or {}
        return {str(name): str(one.get("status") if isinstance(one, dict) else one) for name, one in found.items()}
    except (ValueError, AttributeError):
        return {}


class ReadinessWatch:
    """Asks again and again in a thread, until the answer is yes or nobody wants to know any more."""

    def __init__(self, port: int, interval: float = 0.2) -> None:
        self.latest = Readiness()
        self._port = port
        self._interval = interval
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="readiness", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._end.set()

    def _work(self) -> None:
        while not self._end.is_set():
            self.latest = ask(self._port)
            if self.latest.ready:
                return
            self._end.wait(self._interval)
