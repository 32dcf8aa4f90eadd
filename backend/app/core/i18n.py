"""The two languages that people read, and which of them a caller asked for."""

from __future__ import annotations

from typing import Final, Literal

Lang = Literal["zh", "en"]
LANGUAGES: Final[tuple[Lang, ...]] = ("zh", "en")
DEFAULT: Final[Lang] = "zh"
_LONGEST: Final = 200


def negotiate(accept_language: str | None) -> Lang:
    """The language that an ``Accept-Language`` header prefers among ours; Chinese where it names neither."""
    best: tuple[float, Lang] = (0.0, DEFAULT)
    for part in (accept_language or "")[:_LONGEST].split(","):
        name, _, parameters = part.strip().partition(";")
        language = name.strip().lower()[:2]
        if language not in LANGUAGES:
            continue
        quality = _quality(parameters)
        if quality > best[0]:
            best = (quality, "zh" if language == "zh" else "en")
    return best[1]


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
