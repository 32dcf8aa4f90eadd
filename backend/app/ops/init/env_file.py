"""Reading and changing a `.env` so that Docker Compose, python-dotenv and a person's own eye see the same in it.

Only the values asked for are changed, and only their own characters: comments, order, spaces and line ends stay.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Only where `docker run --env-file`, which knows no quotes, agrees with the others about every character.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.,:;/@%+=~^*!?-]*")
_SINGLE_QUOTED: Final = r"'(?:[^'\\]|\\.)*'"
_DOUBLE_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_LINE: Final = re.compile(
    rf"[ \t]*(?P<off>#[ \t]*)?(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*"
    rf"(?P<value>{_SINGLE_QUOTED}|{_DOUBLE_QUOTED}|[^'\"\r\n][^\r\n]*?|)(?P<rest>[ \t]+#[^\r\n]*|[ \t]*)(?=\r?\n|\Z)",
    re.DOTALL,
)
_NEXT_LINE: Final = re.compile(r"[^\n]*(?:\n|\Z)")


class Unwritable(ValueError):
    """A value that the readers of `.env` would each understand differently; its content is not in the message."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class _Place(NamedTuple):
    name: str
    off: bool
    start: int
    value: tuple[int, int]
    written: str
    commented: bool


@dataclass(frozen=True)
class EnvFile:
    """The content of one `.env`."""

    content: str = ""

    def values(self) -> dict[str, str]:
        """All settings; the last one of each name counts, as for every reader."""
        return {place.name: _meaning(place.written) for place in self._places() if not place.off}

    def __getitem__(self, name: str) -> str:
        return self.values().get(name, "")

    def with_values(self, changes: Mapping[str, str]) -> EnvFile:
        """The same file with these values. A name that is only there as a comment takes that comment's line."""
        content = self.content
        for name, value in changes.items():
            content = EnvFile(content)._with_one(name, _written(name, value))
        return EnvFile(content)

    def _with_one(self, name: str, written: str) -> str:
        places = [place for place in self._places() if place.name == name]
        content = self.content
        for place in reversed(places):
            if not place.off:
                start, end = place.value
                # After nothing at all a comment would be taken for the value.
                written = written or ("''" if place.commented else "")
                return content[:start] + written + content[end:]
        for place in places:
            # A suggestion without a space after its mark, as in the example; a sentence with a "=" is none.
            if content[place.start : place.start + len(name) + 2] == f"#{name}=":
                return content[: place.start] + f"{name}={written}" + content[place.value[1] :]
        newline = "\r\n" if "\r\n" in content else "\n"
        if content and not content.endswith("\n"):
            content += newline
        return f"{content}{name}={written}{newline}"

    def _places(self) -> Iterator[_Place]:
        at = 0
        while at < len(self.content):
            line = _LINE.match(self.content, at)
            # What is switched off ends with its line, whatever quotes it opens.
            if line is not None and not (line["off"] and "\n" in line["value"]):
                yield _Place(
                    line["name"], line["off"] is not None, at, line.span("value"), line["value"], "#" in line["rest"]
                )
                at = line.end()
            at = _NEXT_LINE.match(self.content, at).end()  # type: ignore[union-attr]


def _meaning(written: str) -> str:
    if written[:1] == "'":
        return re.sub(r"\\([\\'])", r"\1", written[1:-1])
    if written[:1] == '"':
        return re.sub(r'\\([\\"$])', r"\1", written[1:-1])
    return written.rstrip()


def _written(name: str, value: str) -> str:
    """The value as it is written; raises ``Unwritable`` where the readers disagree about every way to write it."""
    if _PLAIN.fullmatch(value):
        return value
    # python-dotenv fills in ${…} even between single quotes, and the readers disagree about backslashes at quotes.
    if not value.isprintable() or "${" in value or re.search(r"\\(?=[\\']|$)", value):
        raise Unwritable(name)
    if "'" not in value:
        return f"'{value}'"
    if not re.search(r'["$\\`]', value):
        return f'"{value}"'
    return "'" + value.replace("'", "\\'") + "'"


def read_env(path: Path) -> EnvFile:
    """The file's content; empty when there is none. Bytes that are no UTF-8 survive a change."""
    try:
        return EnvFile(path.read_bytes().decode("utf-8", "surrogateescape"))
    except FileNotFoundError:
        return EnvFile()


def write_env(path: Path, file: EnvFile) -> None:
    """Replace the file as a whole, with mode 600; whoever reads meanwhile sees the old one or the new one."""
    target = path.resolve()  # a link stays a link
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".env-")  # mode 600 from its first moment
    try:
        with os.fdopen(handle, "wb") as written:
            written.write(file.content.encode("utf-8", "surrogateescape"))
            written.flush()
            os.fsync(written.fileno())
        if target.exists():
            status = target.stat()
            if status.st_uid != os.geteuid() and os.geteuid() == 0:
                os.chown(name, status.st_uid, status.st_gid)
        os.replace(name, target)  # noqa: PTH105
    except BaseException:
        os.unlink(name)  # noqa: PTH108
        raise
