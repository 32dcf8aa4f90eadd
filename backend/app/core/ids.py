"""Identifiers: UUID version 7, so that keys sort by time and no two processes ever make the same one."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7: the time in milliseconds and 74 random bits."""
    return uuid7()
