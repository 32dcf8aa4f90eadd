"""The time, in one place, always in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time of this machine, aware, in UTC. What several machines compare is the database's ``now()`` instead."""
    return datetime.now(UTC)
