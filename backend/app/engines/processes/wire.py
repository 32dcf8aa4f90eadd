"""What parent, fork server and children say to each other: one JSON object a line, and failures in them.

JSON and not pickle, although all of it is Python: a child reads pictures from strangers. Should one of them ever take
it over, what the child says must not be able to run anything in the parent.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from app.engines import base
from app.engines.base import Bilingual, EngineFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any
"""What the json module writes and reads."""
Message = dict[str, Json]

LONGEST_LINE: Final = 1024 * 1024
"""Bytes; nobody here says more at once, so a longer line is not from one of us."""

_KINDS: Final = {
    kind.__name__: kind
    for kind in (
        base.InputRefused,
        base.EngineFailed,
        base.EngineCrashed,
        base.OutOfMemory,
        base.TimedOut,
        base.Cancelled,
    )
}


def line(message: Mapping[str, Json]) -> bytes:
    """A message as it is sent."""
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def message(data: bytes | bytearray) -> Message:
    """A message as it came, without or with its line's end.

    Raises:
        ValueError: it is none.
    """
    read = json.loads(data)
    if not isinstance(read, dict):
        raise ValueError("a message is a JSON object")
    return read


def failure_record(failure: EngineFailure) -> Message:
    """A failure for the way to the parent."""
    return {
        "kind": type(failure).__name__,
        "code": failure.code,
        "message": failure.message.as_dict(),
        "params": failure.params,
        "max_attempts": failure.max_attempts,
        "notes": getattr(failure, "__notes__", []),
    }


def failure_of(record: Message) -> EngineFailure:
    """The failure that a record tells of.

    Raises:
        LookupError, TypeError, ValueError: it is no record of a failure.
    """
    words = record["message"]
    failure = _KINDS[record["kind"]](
        str(record["code"]),
        Bilingual(str(words["zh"]), str(words["en"])),
        params=dict(record["params"]),
        max_attempts=None if record["max_attempts"] is None else int(record["max_attempts"]),
    )
    for note in record["notes"]:
        failure.add_note(str(note))
    return failure
