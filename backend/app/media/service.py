"""Photos that are there: finding them, and taking them away for good."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003

from app.media import repository
from app.media.exceptions import PhotoNotFound
from app.media.keys import incoming_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.database import Database, Session
    from app.media.models import Photo
    from app.media.repository import HeldPhoto
    from app.media.storage import Storage

_BATCH = 200


async def get_ready_photo(session: Session, user_id: UUID, photo_id: UUID) -> Photo:
    """A photo of the caller's that stickers can be made of; it stays until the transaction ends.

    Raises PhotoNotFound for photos of others, expired and deleted ones, all alike.
    """
    photo = await repository.get_ready_photo_or_none(session, user_id, photo_id)
    if photo is None:
        raise PhotoNotFound
    return photo


async def hold_photo(session: Session, user_id: UUID, photo_id: UUID) -> HeldPhoto:
    """The same, with what was found in it; for whoever orders a sticker."""
    photo = await repository.hold_photo_or_none(session, user_id, photo_id)
    if photo is None:
        raise PhotoNotFound
    return photo


async def get_photo_key_or_none(session: Session, photo_id: UUID) -> str | None:
    """Where a photo lies; None when it was deleted meanwhile."""
    return await repository.get_key_or_none(session, photo_id)


async def delete_photos_of_user(database: Database, storage: Storage, user_id: UUID) -> None:
    """Remove all photos of an account at once. May be repeated until it succeeds; raises StorageUnavailable."""
    async with database.transaction() as session:
        photos = await repository.list_of_user(session, user_id)
        await repository.mark_deleted(session, photos)
    for start in range(0, len(photos), _BATCH):
        await remove_files(database, storage, photos[start : start + _BATCH])


async def remove_files(database: Database, storage: Storage, photo_ids: Sequence[UUID]) -> None:
    """Remove the files of photos that are marked as deleted, then their keys.

    Whoever is killed in between leaves the keys, by which the next one knows what is still to be done.
    """
    if not photo_ids:
        return
    async with database.read() as session:
        keys = await repository.list_keys(session, photo_ids)
    await storage.delete({*keys.values(), *(incoming_key(photo_id) for photo_id in keys)})
    async with database.transaction() as session:
        await repository.clear_keys(session, photo_ids)
