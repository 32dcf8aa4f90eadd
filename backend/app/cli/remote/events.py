"""Server-sent events, read by hand: the few lines of the format that a service's answers use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name and its data."""

    name: str
    data: str


class EventReader:
    """Takes bytes as they come, in pieces of any size, and gives the events that are complete.

    Lines end in LF, CRLF or CR and nowhere else: JSON may hold every other kind of line end.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[Event]:
        """The events that ``piece`` completes. Raises ValueError for what is no stream of events."""
        self._rest += piece
        if len(self._rest) > _LONGEST:
            raise ValueError("a line without end")
        while (line := self._next_line()) is not None:
            event = self._take(line.decode("utf-8", "replace"))
            if event is not None:
                yield event

    def _next_line(self) -> bytes | None:
        ends = [place for place in (self._rest.find(b"\n"), self._rest.find(b"\r")) if place >= 0]
        if not ends:
            return None
        end = min(ends)
        if self._rest[end : end + 1] == b"\r" and end + 1 == len(self._rest):
            return None  # the LF of a CRLF may still be on its way
        line = self._rest[:end]
        skipped = 2 if self._rest[end : end + 2] == b"\r\n" else 1
        self._rest = self._rest[end + skipped :]
        return line

    def _take(self, line: str) -> Event | None:
        if not line:
            event = Event(self._name or "message", "\n".join(self._data)) if self._data else None
            self._name, self._data = "", []
            return event
        field, _, value = line.partition(":")  # a comment, which keeps the connection alive, has no field
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        return None
