"""Secrets never reach the terminal: how one is spoken of, and what is taken out of other programs' words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.ops.doctor.finding import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SECRET: Final = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY|KEY_ID|DSN|CREDENTIAL|DASHBOARD_USERS", re.IGNORECASE)
_SHOWN_FROM: Final = 12
"""Of a shorter one two characters are a help to whoever guesses it."""
_LEAST_REMOVED: Final = 4
_IN_ADDRESS: Final = re.compile(r"(://[^\s:/@]*):[^\s@/]+@")


def is_secret(name: str) -> bool:
    """Whether a setting's value may not be shown."""
    return bool(_SECRET.search(name))


def described(value: str) -> Words:
    """Length, and the last two characters of a long one."""
    if not value:
        return Words("空", "empty")
    length = len(value)
    if length < _SHOWN_FROM:
        return Words(f"{length} 个字符", f"{length} characters")
    return Words(f"{length} 个字符，结尾是 {value[-2:]}", f"{length} characters, the last two are {value[-2:]}")


def shown(name: str, value: str) -> Words:
    """A setting's value, unless it is a secret."""
    return described(value) if is_secret(name) else Words(value or "空", value or "empty")


def secret_values(*sources: Mapping[str, str]) -> tuple[str, ...]:
    """Every secret's value there is, the longest first, so that a part never stays behind."""
    found = {value for source in sources for name, value in source.items() if is_secret(name)}
    return tuple(sorted((value for value in found if len(value) >= _LEAST_REMOVED), key=len, reverse=True))


def cleaned(line: str, secrets: Iterable[str]) -> str:
    """A line without any secret."""
    for secret in secrets:
        line = line.replace(secret, "***")
    return _IN_ADDRESS.sub(r"\1:***@", line)
