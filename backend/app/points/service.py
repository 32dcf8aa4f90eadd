"""The ledger. Every movement is booked once, however often it is asked for, and never leaves a balance below zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.points import repository
from app.points.exceptions import InsufficientPoints
from app.points.models import EntryKind

if TYPE_CHECKING:
    from uuid import UUID

    from app.core.database import Session
    from app.core.reading import Reads


async def get_balance(session: Session, user_id: UUID) -> int:
    """The balance of an account; 0 where none was opened yet."""
    return await repository.get_balance_or_none(session, user_id) or 0


async def read_balance(reads: Reads, user_id: UUID) -> int:
    """The same for a caller who asks all the time."""
    return await repository.read_balance_or_none(reads, user_id) or 0


async def open_account(session: Session, user_id: UUID, welcome_points: int) -> int:
    """Open the account of a new user with its welcome points; returns the balance."""
    await repository.open_account(session, user_id)
    if welcome_points:
        await add(session, user_id, welcome_points, EntryKind.REWARD, f"welcome:{user_id}")
    return await get_balance(session, user_id)


async def take(session: Session, user_id: UUID, cost: int, reference: str) -> None:
    """Take points for ``reference``, in the caller's transaction.

    Raises InsufficientPoints when the balance does not cover the cost. The row of the account stays locked until
    the transaction ends, so parallel charges come one after another and none overdraws.
    """
    if cost == 0:
        return
    balance = await repository.move(session, user_id, -cost)
    if balance is None:
        raise InsufficientPoints(cost=cost, balance=await get_balance(session, user_id))
    await repository.insert_entry(session, user_id, EntryKind.CONSUME, reference, -cost, balance, None)


async def add(
    session: Session, user_id: UUID, amount: int, kind: EntryKind, reference: str, note: str | None = None
) -> bool:
    """Book points once for this kind and reference; False, and nothing changes, when that was done before."""
    if amount == 0:
        return False
    # Of two at once the second waits here, and then sees the first one's entry.
    await repository.open_account(session, user_id)
    await repository.lock_account(session, user_id)
    if await repository.has_entry(session, kind, reference):
        return False
    balance = await repository.move(session, user_id, amount)
    if balance is None:
        raise InsufficientPoints(cost=-amount, balance=await get_balance(session, user_id))
    await repository.insert_entry(session, user_id, kind, reference, amount, balance, note)
    return True


async def give_back(session: Session, user_id: UUID, amount: int, reference: str) -> bool:
    """Refund what ``take`` took for the same reference, at most once."""
    return await add(session, user_id, amount, EntryKind.REFUND, reference)


async def write_off(session: Session, user_id: UUID, reference: str) -> None:
    """Bring the balance of an account that ends to zero, by an entry like any other."""
    await repository.lock_account(session, user_id)
    balance = await get_balance(session, user_id)
    await add(session, user_id, -balance, EntryKind.ADJUST, reference)
