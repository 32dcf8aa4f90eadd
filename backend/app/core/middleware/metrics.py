"""Measures of requests. Labels are route templates, never paths, so that their number is bounded."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from prometheus_client import Counter, Histogram

if TYPE_CHECKING:
    from collections.abc import Callable

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Counter("aipic_http_requests_total", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "aipic_http_request_seconds",
    "From the first line of a request to the last byte of its answer.",
    ["method", "route"],
    buckets=_BUCKETS,
)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    count, observe = _children(method if method in _METHODS else "other", route, status)
    count()
    observe(seconds)


@lru_cache(maxsize=4096)
def _children(method: str, route: str, status: int) -> tuple[Callable[[], None], Callable[[float], None]]:
    """Looked up once: resolving labels costs more than counting."""
    return REQUESTS.labels(method, route, str(status)).inc, REQUEST_SECONDS.labels(method, route).observe
