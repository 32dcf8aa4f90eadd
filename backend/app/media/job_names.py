"""Names of jobs about photos and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.jobs.job import JobName, Lane

if TYPE_CHECKING:
    from uuid import UUID

PREPARE: Final = JobName("media.prepare", Lane.INTERACTIVE)
"""An upload waits to be decoded. Argument ``photo_id``."""

RETENTION: Final = JobName("media.retention", Lane.INTERACTIVE)
"""What is kept too long, or belongs to nothing any more, goes."""


def prepare_key(photo_id: UUID, *, in_doubt: bool) -> str:
    """One job at a time for a photo, however often it is put in; and one more when it is in doubt what became of it."""
    return f"{PREPARE.name}:{photo_id}{':again' if in_doubt else ''}"


def photo_channel(photo_id: UUID) -> str:
    """The signal that a photo is prepared or refused."""
    return f"photo:{photo_id}"
