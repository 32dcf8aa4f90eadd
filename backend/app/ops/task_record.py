"""A task as its operator sees it: the row, what was booked for it, its photo, and whether its files are there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.emoji.tasks.models import EmojiTask
from app.media.exceptions import FileGone, StorageUnavailable
from app.media.keys import RESULTS
from app.media.models import Photo
from app.points.models import LedgerEntry
from app.users.models import User

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from app.core.database import Database
    from app.media.storage import Storage


class FileState(StrEnum):
    """What the storage says of a file. ``differs``: another length than was noted."""

    THERE = "there"
    MISSING = "missing"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as noted in the database, and as the storage has it."""

    name: str
    key: str
    noted_bytes: int
    state: FileState
    found_bytes: int | None


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """Everything about a task. ``now`` is the database's clock, which leases are held by."""

    task: EmojiTask
    user: User
    photo: Photo
    photo_file: FileRecord | None
    entries: Sequence[LedgerEntry]
    files: Sequence[FileRecord]
    strays: Sequence[str]
    """Keys of files that lie with the task's and are no part of its result."""
    now: datetime


async def read_record(database: Database, storage: Storage | None, task_id: UUID) -> TaskRecord | None:
    """The record of a task, whosever it is, deleted or not; None where there is none.

    Without a ``storage`` it is unknown whether files are there.
    """
    async with database.read() as session:
        statement = (
            select(EmojiTask, User, Photo, func.now())
            .join(User, User.id == EmojiTask.user_id)
            .join(Photo, Photo.id == EmojiTask.photo_id)
            .where(EmojiTask.id == task_id)
        )
        found = (await session.execute(statement)).one_or_none()
        if found is None:
            return None
        task, user, photo, now = found
        booked = select(LedgerEntry).where(LedgerEntry.reference == f"task:{task_id}").order_by(LedgerEntry.id)
        entries = (await session.scalars(booked)).all()
    noted = (task.result or {}).get("files", {})
    files = [await _look(storage, name, file["key"], file["bytes"]) for name, file in noted.items()]
    photo_file = None if photo.key is None else await _look(storage, "photo", photo.key, photo.size_bytes)
    strays = await _strays(storage, task_id, {file.key for file in files})
    return TaskRecord(task, user, photo, photo_file, entries, files, strays, now)


async def _look(storage: Storage | None, name: str, key: str, noted: int) -> FileRecord:
    if storage is None:
        return FileRecord(name, key, noted, FileState.UNKNOWN, None)
    try:
        size = (await storage.head(key)).size
    except FileGone:
        return FileRecord(name, key, noted, FileState.MISSING, None)
    except StorageUnavailable:
        return FileRecord(name, key, noted, FileState.UNKNOWN, None)
    return FileRecord(name, key, noted, FileState.THERE if size == noted else FileState.DIFFERS, size)


async def _strays(storage: Storage | None, task_id: UUID, known: set[str]) -> list[str]:
    if storage is None:
        return []
    try:
        return sorted([file.key async for file in storage.list(f"{RESULTS}/{task_id}") if file.key not in known])
    except StorageUnavailable:
        return []
