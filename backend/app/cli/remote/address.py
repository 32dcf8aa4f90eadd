"""The address of a service as the caller writes it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from app.cli.failure import Failure

_API: Final = "/api/v1"
_USUAL_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """``url`` has no slash at its end. ``name`` is the same for all spellings, so that one device id belongs to it."""

    url: str
    name: str
    is_loopback: bool

    @property
    def api(self) -> str:
        """Where the routes begin."""
        return self.url + _API


def read_address(given: str) -> Address:
    """Read ``http://localhost:8000`` and the like; raises Failure for what is no address of a web server."""
    written = given.strip()
    scheme, mark, rest = written.partition("://")
    if not mark or scheme.lower() not in _USUAL_PORTS:
        raise Failure("server_scheme", got=given, example=f"http://{rest if mark else written.lstrip('/')}")
    parts = _split(written, given)
    path = parts.path.rstrip("/").removesuffix(_API).rstrip("/")
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _USUAL_PORTS[parts.scheme]) else f":{parts.port}"
    local = is_loopback(host)
    name = f"{parts.scheme}://{'localhost' if local else shown}{port}{path}"
    return Address(f"{parts.scheme}://{shown}{port}{path}", name, local)


def is_loopback(host: str) -> bool:
    """Whether it is this machine: what proxies the environment names is nothing to it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _split(written: str, given: str) -> SplitResult:
    try:
        parts = urlsplit(written)
        # Read here for their errors: a port that is no number, a host that is no name.
        usable = parts.hostname and parts.port != 0 and httpx.URL(written).host
    except (ValueError, httpx.InvalidURL):
        raise Failure("server_url", got=given) from None
    if not usable or parts.username is not None or parts.query or parts.fragment:
        raise Failure("server_url", got=given)
    return parts
