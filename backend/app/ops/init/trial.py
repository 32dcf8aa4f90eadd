"""Whether a server that somebody names can be used: it is asked, and its answer put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.ops.doctor.wire import postgres, redis
from app.ops.init.texts import text

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST: Final = "host.docker.internal"
"""What containers call this machine."""
_FROM_HERE: Final = "127.0.0.1"
_TOLD: Final = {
    "refused",
    "name",
    "timeout",
    "other",
    "password",
    "database",
    "pg_hba",
    "needs_password",
    "no_password",
}


def try_postgres(lines: Mapping[str, str]) -> str:
    """Sign in as these lines of `.env` say; returns what is wrong, or nothing."""
    host, port = _where(lines["POSTGRES_SERVER"], lines["POSTGRES_PORT"])
    user, password, database = (lines[f"POSTGRES_{part}"] for part in ("USER", "PASSWORD", "DB"))
    return _words("PostgreSQL", host, port, postgres.probe(host, port, user=user, password=password, database=database))


def try_redis(lines: Mapping[str, str]) -> str:
    """The same for Redis."""
    host, port = _where(lines["REDIS_HOST"], lines["REDIS_PORT"])
    return _words("Redis", host, port, redis.probe(host, port, password=lines["REDIS_PASSWORD"], database=0))


def _where(host: str, port: str) -> tuple[str, int]:
    return _FROM_HERE if host == HOST else host, int(port)


def _words(server: str, host: str, port: int, found: Mapping[str, Any]) -> str:
    state = str(found["state"])
    if state == "ok":
        return ""
    kind = state if state in _TOLD else "failed"
    return text(f"trial.{kind}", server=server, host=host, port=port, detail=found.get("message", ""))
