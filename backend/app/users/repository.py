"""The accounts' SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update

from app.core.ids import new_id
from app.core.reading import Query
from app.users.models import User

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from uuid import UUID

    from app.core.database import Session
    from app.core.reading import Reads


class _Present(NamedTuple):
    id: UUID


_PRESENT = Query(_Present, select(User.id).where(User.id == bindparam("user_id"), User.deleted_at.is_(None)))


async def is_there(reads: Reads, user_id: UUID) -> bool:
    """Whether the account exists and was not deleted."""
    return await reads.first(_PRESENT, user_id=user_id) is not None


async def get_user_or_none(session: Session, user_id: UUID) -> User | None:
    """The account, unless it was deleted."""
    return await session.scalar(select(User).where(User.id == user_id, User.deleted_at.is_(None)))


async def lock_user_or_none(session: Session, user_id: UUID) -> User | None:
    """The account, unless it was deleted; nobody else changes or deletes it until the transaction ends.

    The lock lets rows that point at the account come and go: who charges it holds other locks that we may wait for.
    """
    return await session.scalar(
        select(User)
        .where(User.id == user_id, User.deleted_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def lock_user_by_email_or_none(session: Session, email: str) -> User | None:
    """The account that an address belongs to, locked as above."""
    return await session.scalar(
        select(User)
        .where(User.email == email)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def insert_user(session: Session, nickname: str) -> UUID:
    """Make an account."""
    user_id = new_id()
    await session.execute(insert(User).values(id=user_id, nickname=nickname))
    return user_id


async def set_email(session: Session, user_id: UUID, email: str) -> None:
    """Bind an address."""
    await session.execute(update(User).where(User.id == user_id).values(email=email))


async def set_nickname(session: Session, user_id: UUID, nickname: str) -> bool:
    """Change the nickname; False where there is no such account any more."""
    statement = (
        update(User).where(User.id == user_id, User.deleted_at.is_(None)).values(nickname=nickname).returning(User.id)
    )
    return await session.scalar(statement) is not None


async def erase(session: Session, user_id: UUID) -> None:
    """Clear what is personal and mark the account as deleted."""
    statement = (
        update(User)
        .where(User.id == user_id)
        .values(nickname="", email=None, is_superuser=False, deleted_at=func.now())
    )
    await session.execute(statement)


async def list_deleted(session: Session, *, within: timedelta) -> Sequence[UUID]:
    """Accounts that were deleted within this time."""
    return (await session.scalars(select(User.id).where(User.deleted_at > func.now() - within))).all()
