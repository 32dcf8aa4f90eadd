"""The tasks' SQL as their owners ask for it. What workers do stands in ``lease.py``, hot reads in ``views.py``,
creation in ``orders.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, text, update

from app.emoji.tasks.models import FINAL, EmojiTask
from app.media.keys import RESULTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Select

    from app.core.database import Session


async def get_task_or_none(session: Session, user_id: UUID, task_id: UUID) -> EmojiTask | None:
    """A task of the user's, unless it was deleted."""
    return await session.scalar(_of(user_id).where(EmojiTask.id == task_id))


async def lock_task_or_none(session: Session, user_id: UUID, task_id: UUID) -> EmojiTask | None:
    """The same, with its row locked until the transaction ends."""
    return await session.scalar(_of(user_id).where(EmojiTask.id == task_id).with_for_update())


async def set_liked(session: Session, user_id: UUID, task_id: UUID, *, liked: bool) -> bool:
    """Set or take away the owner's mark; False where there is no such task."""
    statement = (
        update(EmojiTask)
        .where(EmojiTask.id == task_id, EmojiTask.user_id == user_id, EmojiTask.deleted_at.is_(None))
        .values(liked_at=func.coalesce(EmojiTask.liked_at, func.now()) if liked else None)
        .returning(EmojiTask.id)
    )
    return await session.scalar(statement) is not None


def _of(user_id: UUID) -> Select[EmojiTask]:
    return select(EmojiTask).where(EmojiTask.user_id == user_id, EmojiTask.deleted_at.is_(None))


async def forget(session: Session, task_id: UUID) -> None:
    """Mark a task as deleted and drop what its owner put into it."""
    await session.execute(
        update(EmojiTask)
        .where(EmojiTask.id == task_id)
        .values(deleted_at=func.now(), caption=None, result=None, liked_at=None)
    )


async def list_of_user(session: Session, user_id: UUID, limit: int) -> Sequence[UUID]:
    """Tasks of a user that were not deleted yet, for whoever deletes the account."""
    statement = select(EmojiTask.id).where(EmojiTask.user_id == user_id, EmojiTask.deleted_at.is_(None))
    return (await session.scalars(statement.order_by(EmojiTask.id).limit(limit))).all()


async def photo_in_use(session: Session, photo_id: UUID) -> bool:
    """Whether an unfinished task still needs a photo."""
    statement = select(EmojiTask.id).where(EmojiTask.photo_id == photo_id, text("status IN ('pending', 'processing')"))
    return await session.scalar(statement.limit(1)) is not None


async def list_result_prefixes(session: Session, task_ids: Sequence[UUID]) -> dict[UUID, str | None]:
    """Where the files of these tasks lie, by task; None where nothing of a task is to be kept.

    While a task is under way all of its files are kept: one of its attempts may be complete in the next moment.
    """
    statement = select(EmojiTask.id, EmojiTask.result["prefix"].astext, EmojiTask.status).where(
        EmojiTask.id.in_(task_ids)
    )
    return {
        task_id: prefix if status in FINAL else f"{RESULTS}/{task_id}"
        for task_id, prefix, status in await session.execute(statement)
    }
