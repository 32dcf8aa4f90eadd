"""The ledger's SQL. Balance and entry change in one transaction, the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.core.ids import new_id
from app.core.reading import Query
from app.points.models import EntryKind, LedgerEntry, PointAccount
from app.users.models import User

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from app.core.database import Session
    from app.core.reading import Reads


class _Balance(NamedTuple):
    balance: int


_BALANCE = Query(_Balance, select(PointAccount.balance).where(PointAccount.user_id == bindparam("user_id")))


_OWNED = PointAccount.user_id == bindparam("owner_id")
_LOCK = select(PointAccount.user_id).where(_OWNED).with_for_update()
_LOCK_OF_PRESENT = (
    select(PointAccount.user_id)
    .join(User, User.id == PointAccount.user_id)
    .where(_OWNED, User.deleted_at.is_(None))
    .with_for_update(of=PointAccount)
)
_MOVED = PointAccount.balance + bindparam("change", type_=BigInteger)
_MOVE = Query(
    _Balance,
    update(PointAccount).where(_OWNED, _MOVED >= 0).values(balance=_MOVED).returning(PointAccount.balance),
)


class _Entry(NamedTuple):
    id: UUID


_APPEND = Query(
    _Entry,
    insert(LedgerEntry)
    .values(
        id=bindparam("new_id"),
        user_id=bindparam("owner_id"),
        kind=bindparam("new_kind"),
        reference=bindparam("new_reference"),
        amount=bindparam("change"),
        balance_after=bindparam("new_balance"),
        note=bindparam("new_note"),
    )
    .returning(LedgerEntry.id),
)


async def read_balance_or_none(reads: Reads, user_id: UUID) -> int | None:
    """The cached balance; None where there is no account."""
    row = await reads.first(_BALANCE, user_id=user_id)
    return None if row is None else row.balance


async def get_balance_or_none(session: Session, user_id: UUID) -> int | None:
    """The cached balance; None where there is no account."""
    return await session.scalar(select(PointAccount.balance).where(PointAccount.user_id == user_id))


async def open_account(session: Session, user_id: UUID) -> None:
    """Make an empty account, unless there is one."""
    await session.execute(upsert(PointAccount).values(user_id=user_id, balance=0).on_conflict_do_nothing())


async def move(session: Session, user_id: UUID, amount: int) -> int | None:
    """Change the balance and return it; None when it does not cover what is taken. Locks the account's row."""
    row = await session.fetch_first(_MOVE, owner_id=user_id, change=amount)
    return None if row is None else row.balance


async def has_entry(session: Session, kind: EntryKind, reference: str) -> bool:
    """Whether this movement was booked before."""
    statement = select(LedgerEntry.id).where(LedgerEntry.kind == kind, LedgerEntry.reference == reference)
    return await session.scalar(statement) is not None


async def lock_account(session: Session, user_id: UUID) -> None:
    """Take the account's row until the transaction ends, so that movements of one account come one by one."""
    await session.execute(_LOCK, {"owner_id": user_id})


async def lock_account_of_present(session: Session, user_id: UUID) -> bool:
    """The same; False where the user was deleted, or never was."""
    return await session.scalar(_LOCK_OF_PRESENT, {"owner_id": user_id}) is not None


async def insert_entry(
    session: Session, user_id: UUID, kind: EntryKind, reference: str, amount: int, balance_after: int, note: str | None
) -> None:
    """Append to the ledger. Kind and reference must not be there already: the database refuses that."""
    await session.fetch_first(
        _APPEND,
        new_id=new_id(),
        owner_id=user_id,
        new_kind=kind,
        new_reference=reference,
        change=amount,
        new_balance=balance_after,
        new_note=note,
    )


async def list_entries(session: Session, user_id: UUID, *, limit: int, offset: int) -> Sequence[LedgerEntry]:
    """The entries of an account, newest first."""
    statement = (
        select(LedgerEntry)
        .where(LedgerEntry.user_id == user_id)
        .order_by(LedgerEntry.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return (await session.scalars(statement)).all()


async def count_entries(session: Session, user_id: UUID) -> int:
    """How many entries an account has."""
    statement = select(func.count()).select_from(LedgerEntry).where(LedgerEntry.user_id == user_id)
    return await session.scalar(statement) or 0


async def list_differences(session: Session) -> Sequence[tuple[UUID, int, int]]:
    """Accounts whose balance is not the sum of their entries: user, balance, sum. Empty when the ledger adds up."""
    sums = (
        select(LedgerEntry.user_id, func.sum(LedgerEntry.amount).label("total"))
        .group_by(LedgerEntry.user_id)
        .subquery()
    )
    statement = (
        select(
            func.coalesce(PointAccount.user_id, sums.c.user_id),
            func.coalesce(PointAccount.balance, 0),
            func.coalesce(sums.c.total, 0),
        )
        .select_from(PointAccount)
        .join(sums, sums.c.user_id == PointAccount.user_id, full=True)
        .where(func.coalesce(PointAccount.balance, 0) != func.coalesce(sums.c.total, 0))
    )
    return [(user, int(balance), int(total)) for user, balance, total in await session.execute(statement)]


async def totals(session: Session) -> tuple[int, int, int]:
    """How many accounts and entries there are, and the sum of all balances."""
    accounts, balance = (
        await session.execute(select(func.count(), func.coalesce(func.sum(PointAccount.balance), 0)))
    ).one()
    entries = await session.scalar(select(func.count()).select_from(LedgerEntry)) or 0
    return int(accounts), int(entries), int(balance)
