"""Nothing is kept longer than promised: old photos, uploads that came to nothing, results that no task points at.

Files are looked at by their age, so that what is being written right now is left alone. Every step may be repeated
or cut short; what is left over is found the next day.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from app.core.database import Session
from app.media import repository
from app.media.exceptions import StorageUnavailable
from app.media.keys import INCOMING, PHOTOS, PROBES, RESULTS, incoming_key, is_ours
from app.media.service import remove_files

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.database import Database
    from app.media.storage import Storage

PhotoInUse = Callable[[Session, UUID], Awaitable[bool]]
"""Whether somebody above still needs the file of a photo."""
ResultPrefixes = Callable[[Session, Sequence[UUID]], Awaitable[dict[UUID, str | None]]]
"""The folder that each of these tasks keeps: all of its own while it is under way, None for those without a result;
without tasks that do not exist."""

_LEFTOVER_AGE: Final = timedelta(days=1)
_BATCH: Final = 200
logger = structlog.get_logger(__name__)


class Retention:
    """The daily tidying up."""

    def __init__(
        self, database: Database, storage: Storage, *, photo_in_use: PhotoInUse, result_prefixes: ResultPrefixes
    ) -> None:
        self._database = database
        self._storage = storage
        self._photo_in_use = photo_in_use
        self._result_prefixes = result_prefixes

    async def run(self) -> None:
        """All of it. A step that fails is left to the next day, and the others go on."""
        for step in (
            self.delete_due_photos,
            self.delete_old_uploads,
            self.delete_orphaned_photos,
            self.delete_orphaned_results,
            self.delete_unfinished_files,
        ):
            try:
                removed = await step()
            except StorageUnavailable:
                logger.warning("retention_put_off", step=step.__name__)
            except Exception:
                logger.exception("retention_broke", step=step.__name__)
            else:
                logger.info("retention_step", step=step.__name__, removed=removed)

    async def delete_due_photos(self) -> int:
        """Photos whose time is over, unless a task under way still needs them; and files of deleted ones."""
        removed = 0
        after: UUID | None = None
        while True:
            async with self._database.read() as session:
                due = await repository.list_due(session, _BATCH, after=after)
            if not due:
                break
            after = due[-1]
            marked = [photo_id for photo_id in due if await self._mark(photo_id)]
            await remove_files(self._database, self._storage, marked)
            removed += len(marked)
        async with self._database.transaction() as session:
            await repository.remove_refused_older_than(session, _LEFTOVER_AGE)
        return removed

    async def delete_old_uploads(self) -> int:
        """Uploads that nobody took up, and probes of a check that was cut short."""
        old = [key for prefix in (INCOMING, PROBES) async for key in self._old_keys(prefix)]
        await self._storage.delete(old)
        return len(old)

    async def delete_orphaned_photos(self) -> int:
        """Photos without a row: their worker was killed, or their uploader given up, at the wrong moment."""
        removed = 0
        async for keys in _batches(self._old_keys(PHOTOS)):
            async with self._database.read() as session:
                known = await repository.list_keys(session, [_owner(key) for key in keys])
            # The file of a photo that is being prepared lies there before its row says so.
            orphans = [key for key in keys if known.get(_owner(key)) not in (key, incoming_key(_owner(key)))]
            await self._storage.delete(orphans)
            removed += len(orphans)
        return removed

    async def delete_orphaned_results(self) -> int:
        """Results of attempts that no task points at."""
        removed = 0
        async for keys in _batches(self._old_keys(RESULTS)):
            async with self._database.read() as session:
                prefixes = await self._result_prefixes(session, sorted({_owner(key) for key in keys}))
            orphans = [key for key in keys if not _lies_in(key, prefixes.get(_owner(key)))]
            await self._storage.delete(orphans)
            removed += len(orphans)
        return removed

    async def delete_unfinished_files(self) -> int:
        """What writers that were killed left half written."""
        return await self._storage.sweep_unfinished(_LEFTOVER_AGE)

    async def _mark(self, photo_id: UUID) -> bool:
        async with self._database.transaction() as session:
            # Held until the commit: a task that is being created now waits, and then finds the photo gone.
            photo = await repository.lock_photo_or_none(session, photo_id)
            if photo is None or (photo.deleted_at is None and await self._photo_in_use(session, photo_id)):
                return False
            await repository.mark_deleted(session, [photo_id])
            return True

    async def _old_keys(self, prefix: str) -> AsyncIterator[str]:
        async for found in self._storage.list(prefix):
            if found.age > _LEFTOVER_AGE and is_ours(found.key):
                yield found.key


async def _batches(keys: AsyncIterator[str]) -> AsyncIterator[list[str]]:
    batch: list[str] = []
    async for key in keys:
        batch.append(key)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _owner(key: str) -> UUID:
    """The photo or task that a key belongs to."""
    return UUID(key.split("/")[1].partition(".")[0])


def _lies_in(key: str, prefix: str | None) -> bool:
    return prefix is not None and key.startswith(f"{prefix}/")
