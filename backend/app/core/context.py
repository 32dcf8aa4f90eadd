"""What belongs to the request or job under way: its id and the caller's language, wherever the code is."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from typing import Final

from app.core.i18n import DEFAULT, Lang

request_id: Final[ContextVar[str]] = ContextVar("request_id", default="-")
language: Final[ContextVar[Lang]] = ContextVar("language", default=DEFAULT)

_ACCEPTED: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id_from(offered: str | None) -> str:
    """The caller's id, when it is one that can stand in a log, else a new one."""
    return offered if offered and _ACCEPTED.fullmatch(offered) else secrets.token_hex(8)
