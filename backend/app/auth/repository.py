"""SQL of devices, codes, and the account that is signed in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.auth.models import Device, EmailCode
from app.core.ids import new_id
from app.core.reading import Query
from app.points.models import PointAccount
from app.users.models import User

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from sqlalchemy import Row, Select

    from app.core.database import Session
    from app.core.reading import Reads

MAX_TRIES = 5


class Account(NamedTuple):
    """What ``UserRead`` shows."""

    id: UUID
    nickname: str
    email: str | None
    created_at: datetime
    points_balance: int


async def lock(session: Session, kind: str, value: str) -> None:
    """Let nobody else into this section for ``value`` until the transaction ends: for rows that are not there yet."""
    digest = hashlib.sha256(f"{kind}:{value}".encode()).digest()
    await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(digest[:8], "big", signed=True))))


def _account() -> Select[UUID, str, str | None, datetime, int]:
    """Accounts that were not deleted, each with its balance, in one statement."""
    return (
        select(
            User.id,
            User.nickname,
            User.email,
            User.created_at,
            func.coalesce(PointAccount.balance, 0).label("points_balance"),
        )
        .outerjoin(PointAccount, PointAccount.user_id == User.id)
        .where(User.deleted_at.is_(None))
    )


_ACCOUNT = Query(Account, _account().where(User.id == bindparam("user_id")))


async def read_account_or_none(reads: Reads, user_id: UUID) -> Account | None:
    """The account with its balance, unless it was deleted."""
    return await reads.first(_ACCOUNT, user_id=user_id)


async def get_account_or_none(session: Session, user_id: UUID) -> Account | None:
    """The same as a transaction sees it."""
    return _as_account((await session.execute(_account().where(User.id == user_id))).one_or_none())


async def get_account_of_device_or_none(session: Session, device_hash: str) -> Account | None:
    """The account that a device signs in, with its balance."""
    statement = _account().join(Device, Device.user_id == User.id).where(Device.device_hash == device_hash)
    return _as_account((await session.execute(statement)).one_or_none())


def _as_account(row: Row[UUID, str, str | None, datetime, int] | None) -> Account | None:
    return None if row is None else Account._make(row)


async def put_device(session: Session, device_hash: str, user_id: UUID) -> None:
    """Make a device sign in ``user_id``, whatever it signed in before."""
    statement = upsert(Device).values(id=new_id(), device_hash=device_hash, user_id=user_id)
    await session.execute(
        statement.on_conflict_do_update(index_elements=[Device.device_hash], set_={"user_id": user_id})
    )


async def delete_devices(session: Session, user_id: UUID) -> None:
    """Forget all devices of an account."""
    await session.execute(delete(Device).where(Device.user_id == user_id))


async def insert_code(session: Session, code_id: UUID, email: str, code_hash: str, lasts: timedelta) -> None:
    """Keep a new code."""
    statement = insert(EmailCode).values(
        id=code_id, email=email, code_hash=code_hash, expires_at=func.now() + lasts, tries=0
    )
    await session.execute(statement)


async def delete_codes(session: Session, email: str) -> None:
    """Forget all codes of an address."""
    await session.execute(delete(EmailCode).where(EmailCode.email == email))


async def delete_expired_codes(session: Session) -> int:
    """Forget all codes whose time is over; returns how many."""
    removed = await session.scalars(delete(EmailCode).where(EmailCode.expires_at < func.now()).returning(EmailCode.id))
    return len(removed.all())


async def count_try(session: Session, email: str) -> Row[UUID, str, int] | None:
    """Count a try of the newest code of an address: its id, hash and tries. None where no code holds.

    Of many at once each waits for the row and then looks at the count again, so that there are never more tries.
    """
    newest = (
        select(EmailCode.id)
        .where(EmailCode.email == email)
        .order_by(EmailCode.created_at.desc(), EmailCode.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        update(EmailCode)
        .where(
            EmailCode.id == newest,
            EmailCode.tries < MAX_TRIES,
            EmailCode.used_at.is_(None),
            EmailCode.expires_at > func.now(),
        )
        .values(tries=EmailCode.tries + 1)
        .returning(EmailCode.id, EmailCode.code_hash, EmailCode.tries)
    )
    return (await session.execute(statement)).one_or_none()


async def use_code(session: Session, code_id: UUID) -> bool:
    """Use a code up; False when somebody else was quicker, or it was replaced."""
    statement = (
        update(EmailCode)
        .where(EmailCode.id == code_id, EmailCode.used_at.is_(None))
        .values(used_at=func.now())
        .returning(EmailCode.id)
    )
    return await session.scalar(statement) is not None


async def get_address_or_none(session: Session, code_id: UUID) -> str | None:
    """Where a code goes; None when it does not hold any more."""
    statement = select(EmailCode.email).where(
        EmailCode.id == code_id, EmailCode.used_at.is_(None), EmailCode.expires_at > func.now()
    )
    return await session.scalar(statement)
