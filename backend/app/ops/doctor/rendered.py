"""The Compose configuration as Compose itself renders it: files merged, variables filled in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.ops.doctor.docker import Docker

_MISSING: Final = re.compile(r"required variable ([A-Za-z_][A-Za-z0-9_]*) is missing a value")
_UNSET: Final = re.compile(r'\\?"([A-Za-z_][A-Za-z0-9_]*)\\?" variable is not set')
_MOST_MISSING: Final = 12
_STAND_IN: Final = "aipic-doctor-stand-in"
PROGRAMS: Final = ("backend", "worker", "prestart")
"""Services that run our image."""


@dataclass(frozen=True)
class Port:
    """A port of this computer that leads to a service's."""

    service: str
    host: str
    published: int
    target: int
    protocol: str


@dataclass(frozen=True)
class Rendered:
    """What came of it. ``config`` is None where Compose gave up, ``complaint`` says why in its own words."""

    config: dict[str, Any] | None
    complaint: str = ""
    missing: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    asked: bool = True
    too_slow: bool = False

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """By their names."""
        found = (self.config or {}).get("services") or {}
        return {name: service or {} for name, service in found.items()}

    @property
    def project(self) -> str:
        """The project's name."""
        return str((self.config or {}).get("name") or "ai-pic")

    def environment(self, service: str) -> dict[str, str]:
        """What a service's process will find in its environment."""
        values = self.services.get(service, {}).get("environment") or {}
        return {
            name: str(value).replace("$$", "$")
            for name, value in values.items()
            if value is not None and value != _STAND_IN
        }

    def ports(self) -> list[Port]:
        """Every published port; one that Docker may choose is none."""
        found = []
        for name, service in self.services.items():
            for port in service.get("ports") or []:
                published = str(port.get("published") or "")
                if published.isdigit() and int(published):
                    host, target = str(port.get("host_ip") or ""), int(port.get("target") or 0)
                    found.append(Port(name, host, int(published), target, str(port.get("protocol") or "tcp")))
        return found

    def image(self, service: str) -> str:
        """The image that a service runs; Compose names one that it builds itself after project and service."""
        found = self.services.get(service, {})
        return str(found.get("image") or (f"{self.project}-{service}" if found else ""))

    def images(self) -> dict[str, list[str]]:
        """Every image with its services."""
        found: dict[str, list[str]] = {}
        for name in self.services:
            found.setdefault(self.image(name), []).append(name)
        return found


def extra_hosts(service: Mapping[str, Any]) -> dict[str, str]:
    """Names that a service's container knows besides; releases of Compose write them in different ways."""
    written = service.get("extra_hosts") or []
    if isinstance(written, dict):
        return {str(name): str(address) for name, address in written.items()}
    pairs = [re.split("[=:]", str(entry), maxsplit=1) for entry in written]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def render(docker: Docker) -> Rendered:
    """Ask Compose. A required variable that is missing is named, and then stood in for, so that all are named."""
    if docker.compose is None:
        return Rendered(None, asked=False)
    missing: dict[str, str] = {}
    while True:
        answer = docker.ask("compose", "config", "--format", "json", more=missing)
        if answer.code is None:
            return Rendered(None, missing=tuple(missing), too_slow=True)
        found = _MISSING.search(answer.err)
        if answer.good or found is None or found[1] in missing or len(missing) >= _MOST_MISSING:
            break
        missing[found[1]] = _STAND_IN
    unset = tuple(dict.fromkeys(_UNSET.findall(answer.err)))
    if not answer.good:
        said = [line for line in answer.err.splitlines() if line.strip() and "level=warning" not in line]
        return Rendered(None, said[-1].strip() if said else "", tuple(missing), unset)
    try:
        config = json.loads(answer.out)
    except ValueError:
        return Rendered(None, "", tuple(missing), unset)
    return Rendered(config if isinstance(config, dict) else None, "", tuple(missing), unset)
