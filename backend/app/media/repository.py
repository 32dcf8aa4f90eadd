"""The photos' SQL."""

from __future__ import annotations

from datetime import timedelta  # noqa: TC003
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID  # noqa: TC003

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from app.core.reading import Query
from app.media.models import Photo, PhotoStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.database import Session

_READY = and_(Photo.status == PhotoStatus.READY, Photo.deleted_at.is_(None))


async def get_photo_or_none(session: Session, photo_id: UUID) -> Photo | None:
    """The photo in whatever state, unless it was deleted."""
    return await session.scalar(select(Photo).where(Photo.id == photo_id, Photo.deleted_at.is_(None)))


async def get_ready_photo_or_none(session: Session, user_id: UUID, photo_id: UUID) -> Photo | None:
    """A photo of this account that can be used.

    Locked against deletion until the transaction ends: retention looks for tasks that need a photo, and one that is
    being created right now must be seen, or must see that the photo is gone.
    """
    statement = select(Photo).where(
        Photo.id == photo_id, Photo.user_id == user_id, _READY, Photo.expires_at > func.now()
    )
    return await session.scalar(statement.with_for_update(read=True))


class HeldPhoto(NamedTuple):
    """What somebody who orders a sticker has to know of a photo."""

    detection: dict[str, Any] | None


_HOLD = Query(
    HeldPhoto,
    select(Photo.detection)
    .where(
        Photo.id == bindparam("photo_id"),
        Photo.user_id == bindparam("owner_id"),
        _READY,
        Photo.expires_at > func.now(),
    )
    .with_for_update(read=True),
)


async def hold_photo_or_none(session: Session, user_id: UUID, photo_id: UUID) -> HeldPhoto | None:
    """The same photo, locked in the same way, for those who only want to know what was found in it."""
    return await session.fetch_first(_HOLD, photo_id=photo_id, owner_id=user_id)


async def get_key_or_none(session: Session, photo_id: UUID) -> str | None:
    """Where a ready photo lies."""
    return await session.scalar(select(Photo.key).where(Photo.id == photo_id, _READY))


async def settle_photo(session: Session, photo_id: UUID, **values: Any) -> bool:
    """Record what became of an upload; False when that was done before, or nobody waits for it any more."""
    statement = (
        update(Photo)
        .where(Photo.id == photo_id, Photo.status == PhotoStatus.PENDING, Photo.deleted_at.is_(None))
        .values(prepared_at=func.now(), **values)
        .returning(Photo.id)
    )
    return await session.scalar(statement) is not None


async def remove_pending(session: Session, photo_id: UUID) -> bool:
    """Take back an upload that no worker has looked at; False when one has."""
    statement = delete(Photo).where(Photo.id == photo_id, Photo.status == PhotoStatus.PENDING).returning(Photo.id)
    return await session.scalar(statement) is not None


async def remove_refused(session: Session, photo_id: UUID) -> None:
    """Forget an upload that was refused, once its owner was told."""
    await session.execute(delete(Photo).where(Photo.id == photo_id, Photo.status == PhotoStatus.REFUSED))


async def remove_refused_older_than(session: Session, age: timedelta) -> None:
    """Forget refused uploads whose owner never heard of it."""
    await session.execute(delete(Photo).where(Photo.status == PhotoStatus.REFUSED, Photo.created_at < func.now() - age))


async def list_due(session: Session, limit: int, *, after: UUID | None) -> Sequence[UUID]:
    """Photos whose time is over, or whose file is still to be removed, by id."""
    due = or_(Photo.expires_at < func.now(), Photo.deleted_at.is_not(None))
    statement = select(Photo.id).where(Photo.key.is_not(None), due).order_by(Photo.id).limit(limit)
    if after is not None:
        statement = statement.where(Photo.id > after)
    return (await session.scalars(statement)).all()


async def list_of_user(session: Session, user_id: UUID) -> Sequence[UUID]:
    """Photos of an account whose files are still there."""
    return (await session.scalars(select(Photo.id).where(Photo.user_id == user_id, Photo.key.is_not(None)))).all()


async def lock_photo_or_none(session: Session, photo_id: UUID) -> Photo | None:
    """The photo, deleted or not; None while somebody is using it in a transaction."""
    return await session.scalar(select(Photo).where(Photo.id == photo_id).with_for_update(skip_locked=True))


async def mark_deleted(session: Session, photo_ids: Sequence[UUID]) -> None:
    """Take photos out of everybody's sight, and what was found in them out of the rows. The keys stay for now."""
    statement = (
        update(Photo)
        .where(Photo.id.in_(photo_ids))
        .values(deleted_at=func.coalesce(Photo.deleted_at, func.now()), detection=None, error=None)
    )
    await session.execute(statement)


async def list_keys(session: Session, photo_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Where the files of these photos lie; without those that have none, or are no rows at all."""
    statement = select(Photo.id, Photo.key).where(Photo.id.in_(photo_ids), Photo.key.is_not(None))
    return {photo_id: key for photo_id, key in await session.execute(statement) if key is not None}


async def clear_keys(session: Session, photo_ids: Sequence[UUID]) -> None:
    """Record that the files of deleted photos are gone."""
    await session.execute(update(Photo).where(Photo.id.in_(photo_ids), Photo.deleted_at.is_not(None)).values(key=None))
