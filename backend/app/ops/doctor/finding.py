"""What a check says: one finding for each thing that it looked at."""

from __future__ import annotations

import enum
from dataclasses import dataclass

GUIDE = "docs/development/troubleshooting"


class Level(enum.Enum):
    """How bad it is; only FAIL makes the exit code 1."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Words:
    """The same in Chinese and in English."""

    zh: str
    en: str

    def said(self, lang: str) -> str:
        """In one of the two."""
        return self.zh if lang == "zh" else self.en

    def filled(self, **params: object) -> Words:
        """With its gaps filled in both languages; a value of Words goes in by language."""
        return Words(
            self.zh.format(**{name: spoken(value, "zh") for name, value in params.items()}),
            self.en.format(**{name: spoken(value, "en") for name, value in params.items()}),
        )


def spoken(value: object, lang: str) -> object:
    """A value in one language."""
    return value.said(lang) if isinstance(value, Words) else value


def same(words: str) -> Words:
    """What is alike in every language: a command, a name."""
    return Words(words, words)


def listed(names: object) -> Words:
    """Names in a row."""
    parts = [str(name) for name in names] if isinstance(names, (list, tuple, set, frozenset)) else [str(names)]
    return Words("、".join(parts), ", ".join(parts))


@dataclass(frozen=True)
class Finding:
    """What was found. ``command`` is one thing to do; ``lines`` are somebody else's words, such as a log's last."""

    code: str
    level: Level
    what: Words
    cause: Words | None = None
    command: Words | None = None
    lines: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Where the guide explains it, without the file's name."""
        return f"#{self.code.lower()}"


def ok(code: str, zh: str, en: str, **params: object) -> Finding:
    """All is well."""
    return Finding(code, Level.OK, Words(zh, en).filled(**params))
