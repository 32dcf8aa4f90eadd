"""The accounts' SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003

from sqlalchemy import select

from app.users.models import User

if TYPE_CHECKING:
    from app.core.database import Session


async def get_user_or_none(session: Session, user_id: UUID) -> User | None:
    """The account, unless it was deleted."""
    return await session.scalar(select(User).where(User.id == user_id, User.deleted_at.is_(None)))
