"""An account as its operator sees it, and points that an operator gives or takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from pydantic_core import PydanticCustomError
from sqlalchemy import func, select

from app.auth.models import Device
from app.core.ids import new_id
from app.emoji.tasks.models import EmojiTask
from app.media.models import Photo
from app.points import repository as ledger
from app.points import service as points
from app.points.models import EntryKind
from app.users import repository as users
from app.users.models import User
from app.users.schemas import normalise_email

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.core.database import Session
    from app.points.models import LedgerEntry

_LATEST: Final = 5


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """What there is of an account. ``entries`` are its latest, newest first; ``tasks`` counts by status."""

    user: User
    balance: int
    devices: int
    photos: int
    tasks: dict[str, int]
    last_task_at: datetime | None
    entries: Sequence[LedgerEntry]


@dataclass(frozen=True, slots=True)
class Grant:
    """A booked grant: the balances around it, and the reference that finds it in the ledger."""

    before: int
    after: int
    reference: str


async def find_user(session: Session, id_or_email: str) -> User | None:
    """The account of that id, deleted or not, or the one that an address is bound to."""
    try:
        user_id = UUID(id_or_email)
    except ValueError:
        try:
            address = normalise_email(id_or_email)
        except PydanticCustomError:
            return None
        return await session.scalar(select(User).where(User.email == address))
    return await session.get(User, user_id)


async def read_account(session: Session, user: User) -> AccountRecord:
    """Everything about an account."""
    by_status = select(EmojiTask.status, func.count(), func.max(EmojiTask.created_at)).where(
        EmojiTask.user_id == user.id
    )
    tasks = (await session.execute(by_status.group_by(EmojiTask.status).order_by(EmojiTask.status))).all()
    devices = select(func.count()).select_from(Device).where(Device.user_id == user.id)
    photos = select(func.count()).select_from(Photo).where(Photo.user_id == user.id, Photo.deleted_at.is_(None))
    return AccountRecord(
        user=user,
        balance=await points.get_balance(session, user.id),
        devices=await session.scalar(devices) or 0,
        photos=await session.scalar(photos) or 0,
        tasks={str(status): count for status, count, _ in tasks},
        last_task_at=max((latest for _, _, latest in tasks), default=None),
        entries=await ledger.list_entries(session, user.id, limit=_LATEST, offset=0),
    )


async def grant(session: Session, user_id: UUID, amount: int, note: str | None) -> Grant | None:
    """Give points, or take them when ``amount`` is negative; None for an account that is deleted by now.

    Raises InsufficientPoints when more would be taken than there are.
    """
    if await users.lock_user_or_none(session, user_id) is None:
        return None
    reference = f"grant:{new_id()}"
    # People see a gift as such; what an operator takes back is a correction.
    kind = EntryKind.REWARD if amount > 0 else EntryKind.ADJUST
    await points.add(session, user_id, amount, kind, reference, note)
    after = await points.get_balance(session, user_id)
    return Grant(after - amount, after, reference)
