"""What went wrong on the way to a service, in words that tell what to do."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import httpx

from app.cli.failure import BROKEN, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.cli.remote.address import Address

_OTHER_PROTOCOL = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE")


class Unreachable(Failure):
    """No answer: the way there, or the server itself, is broken. The same request may be made again."""


class ServiceBroken(Failure):
    """An answer that the service calls its own mistake."""

    exit_code = BROKEN


class Refused(Exception):
    """The service's own no: an envelope with a code; code 0 where a proxy in front of it answers."""

    def __init__(self, response: httpx.Response, code: int, message: str) -> None:
        super().__init__(f"{code}")
        self.status = response.status_code
        self.code = code
        self.message = message
        self.request_id = response.headers.get("X-Request-ID", "")
        self.retry_after = _seconds(response.headers.get("Retry-After", ""))
        """Seconds; 0 where it does not say."""

    def as_failure(self) -> Failure:
        """For whoever reads it, in the service's words, which are in the caller's language."""
        if not self.code:
            return Failure("service_away", status=self.status)
        if self.status == 500:
            return ServiceBroken("service_broken", message=self.message, request_id=self.request_id)
        return Failure("service_says", message=self.message)


def _seconds(value: str) -> float:
    return float(value) if value.isascii() and value.isdecimal() else 0.0


def explain(error: httpx.TransportError, address: Address) -> Unreachable:
    """Name what is behind an error of the transport."""
    causes = list(_causes(error))
    code, detail = _code(error, causes)
    other = address.url.replace("https://", "http://", 1)
    return Unreachable(code, server=address.url, other=other, detail=detail)


def _code(error: httpx.TransportError, causes: list[BaseException]) -> tuple[str, object]:
    secure = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    code, detail = "server_broke_off", _words(causes)
    if isinstance(secure, ssl.SSLCertVerificationError):
        code, detail = "server_certificate", secure.verify_message
    elif secure is not None:
        code = "server_no_tls" if secure.reason in _OTHER_PROTOCOL else "server_tls"
        detail = secure.reason or str(secure)
    elif isinstance(error, httpx.ProxyError):
        code, detail = "server_proxy", str(error)
    elif any(isinstance(cause, socket.gaierror) for cause in causes):
        code = "server_unknown"
    elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        code = "server_down"
    elif isinstance(error, httpx.TimeoutException):
        code = "server_silent"
    elif isinstance(error, httpx.RemoteProtocolError) and not str(error).startswith(("Server disc", "peer closed")):
        code = "not_aipic"
    return code, detail


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it; connecting tries several addresses, each with an error of its own."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [*getattr(one, "exceptions", ()), one.__cause__, one.__context__]


def _words(causes: list[BaseException]) -> str:
    """The system's own words where there are any, else the library's."""
    systems = (cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror)
    return next(systems, None) or str(causes[0]) or type(causes[0]).__name__
