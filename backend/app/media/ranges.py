"""Conditions and ranges of a request for a file, as RFC 9110 has them: single ranges, entity tags, dates."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from app.media.exceptions import RangeNotSatisfiable

if TYPE_CHECKING:
    from collections.abc import Mapping

_RANGE: Final = re.compile(r"bytes=\s*(\d{0,15})-(\d{0,15})\s*", re.ASCII | re.IGNORECASE)
_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


def http_date(moment: datetime) -> str:
    """The form that headers take."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def is_unchanged(headers: Mapping[str, str], etag: str, modified_at: datetime) -> bool:
    """Whether the caller has this very file already, and 304 answers it."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or etag in _TAG.findall(tags)
    since = _moment(headers.get("if-modified-since"))
    return since is not None and modified_at.replace(microsecond=0) <= since


def wanted_range(headers: Mapping[str, str], size: int, etag: str, modified_at: datetime) -> tuple[int, int] | None:
    """The bytes that are asked for, from the first to before the last; None for the whole file.

    Several ranges, and what cannot be read, count as none: a server may ignore them. Raises RangeNotSatisfiable for a
    range behind the end of the file.
    """
    found = _RANGE.fullmatch(headers.get("range", ""))
    if found is None or not _still_holds(headers.get("if-range"), etag, modified_at):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return start, end


def _still_holds(condition: str | None, etag: str, modified_at: datetime) -> bool:
    """A part is only of use to who has the rest of the same file. Weak tags do not promise that."""
    if condition is None:
        return True
    if condition.strip().startswith(('"', "W/")):
        return condition.strip() == etag
    moment = _moment(condition)
    return moment is not None and moment == modified_at.replace(microsecond=0)


def _moment(text: str | None) -> datetime | None:
    if text is None or len(text) > 64:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
