"""What a service answers, as far as we need it. Read with care: the service may be newer or older than we are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from app.cli.remote.troubles import Unreachable

_ENDED: Final = frozenset({"completed", "failed", "cancelled"})
_LINKS: Final = {"webp": "webp_url", "gif": "gif_url", "mp4": "video_url"}
FORMATS: Final = tuple(_LINKS)
"""The formats that a service may offer."""


@dataclass(frozen=True, slots=True)
class Style:
    """A template on offer."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is on offer, and the rules."""

    styles: tuple[Style, ...]
    cost: int
    formats: tuple[str, ...]
    upload_bytes: int
    active_tasks: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A token, and whose it is."""

    token: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a photo. ``reasons``: whether it refuses, and the sentence."""

    photo_id: str
    passed: bool
    reasons: tuple[tuple[bool, str], ...]


@dataclass(frozen=True, slots=True)
class Result:
    """A finished sticker. ``links`` and ``sizes`` by format; ``sizes`` in bytes, where the service tells them."""

    links: dict[str, str]
    sizes: dict[str, int]
    poster: str | None
    width: int
    height: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RemoteTask:
    """A task as the service tells it."""

    id: str
    status: str
    progress: int
    error: str
    result: Result | None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in _ENDED


def read_catalogue(data: Any, server: str) -> Catalogue:
    """The answer of ``/config``. Raises Unreachable when it is none: this is where a foreign service shows."""
    try:
        limits = data["limits"]
        return Catalogue(
            styles=tuple(Style(str(one["driven_id"]), str(one["name"])) for one in data["styles"]),
            cost=int(data["points"]["emoji_cost"]),
            formats=tuple(name for name in data["sticker"]["formats"] if name in FORMATS),
            upload_bytes=int(limits["upload_bytes"]),
            active_tasks=max(1, int(limits["active_tasks"])),
        )
    except (KeyError, TypeError, ValueError):
        raise Unreachable("not_aipic", server=server) from None


def read_signed_in(data: Any, server: str) -> SignedIn:
    """The answer of signing in."""
    try:
        return SignedIn(str(data["access_token"]), str(data["user"]["id"]))
    except (KeyError, TypeError):
        raise Unreachable("not_aipic", server=server) from None


def read_verdict(data: Any, server: str) -> Verdict:
    """The answer of detecting."""
    try:
        reasons = tuple((bool(one.get("refuses", True)), str(one["message"])) for one in data["reasons"])
        return Verdict(str(data["photo_id"]), bool(data["passed"]), reasons)
    except (KeyError, TypeError, AttributeError):
        raise Unreachable("not_aipic", server=server) from None


def read_task(data: Any, server: str) -> RemoteTask:
    """A task, from an answer or an event."""
    try:
        error = data.get("error") or {}
        return RemoteTask(
            id=str(data["id"]),
            status=str(data["status"]),
            progress=int(data["progress"]),
            error=str(error.get("message", "")),
            result=_result(data["result"]) if data.get("result") else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unreachable("not_aipic", server=server) from None


def _result(data: Any) -> Result:
    return Result(
        links={kind: str(data[name]) for kind, name in _LINKS.items() if data.get(name)},
        sizes={str(kind): int(size) for kind, size in (data.get("size_bytes") or {}).items()},
        poster=data.get("poster_url"),
        width=int(data["width"]),
        height=int(data["height"]),
        seconds=int(data["duration_ms"]) / 1000,
    )
