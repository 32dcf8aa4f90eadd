"""The `.env` as it lies on the disk, line by line, so that a finding can name the line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BOM: Final = b"\xef\xbb\xbf"
SMART_QUOTES: Final = "“”„‘’＂＇"
_ASSIGNMENT: Final = re.compile(r"^(?P<lead>\s*)(?P<export>export\s+)?(?P<key>[^\s=#]+)(?P<gap>\s*)=(?P<rest>.*)$")
_COMMENT: Final = re.compile(r"\s#.*$")


@dataclass(frozen=True)
class Line:
    """One assignment. ``quote`` is the quote that it begins with, ``closed`` whether that ends on this line."""

    number: int
    key: str
    raw: str
    value: str
    quote: str = ""
    closed: bool = True
    exported: bool = False
    spaced: bool = False


@dataclass(frozen=True)
class EnvFile:
    """A file that was read. ``values`` holds what the last line of each key says, as far as it can be told."""

    path: Path
    data: bytes
    lines: tuple[Line, ...]
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> list[tuple[int, bytes]]:
        """Every line with its number and without its line feed."""
        return list(enumerate(self.data.removeprefix(BOM).split(b"\n"), 1))


def read_env_file(path: Path) -> EnvFile | None:
    """The file, or None where there is none; OSError where it cannot be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    lines = tuple(_parsed(data.removeprefix(BOM).decode("utf-8", "replace")))
    return EnvFile(path, data, lines, {line.key: line.value for line in lines})


def _parsed(text: str) -> list[Line]:
    found = []
    for number, written in enumerate(text.split("\n"), 1):
        content = written.rstrip("\r")
        if not content.strip() or content.lstrip().startswith("#"):
            continue
        match = _ASSIGNMENT.match(content)
        if match:
            found.append(_line(number, match))
    return found


def _line(number: int, match: re.Match[str]) -> Line:
    rest = match["rest"]
    stripped = rest.strip()
    quote = stripped[:1] if stripped[:1] in {"'", '"'} else ""
    closed = True
    if quote:
        end = _closing(stripped, quote)
        closed = end > 0
        value = stripped[1:end] if closed else stripped[1:]
    else:
        value = _COMMENT.sub("", " " + stripped).strip()
    return Line(
        number,
        match["key"],
        rest,
        value,
        quote,
        closed,
        exported=bool(match["export"]),
        spaced=bool(match["gap"] or match["lead"] or (rest[:1].isspace() and stripped)),
    )


def _closing(text: str, quote: str) -> int:
    position = 1
    while position < len(text):
        if text[position] == "\\" and quote == '"':
            position += 2
            continue
        if text[position] == quote:
            return position
        position += 1
    return 0


def example_keys(path: Path) -> frozenset[str]:
    """Every setting that the example explains, also those that stand there as a comment."""
    try:
        text = path.read_text("utf-8")
    except OSError:
        return frozenset()
    return frozenset(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))
