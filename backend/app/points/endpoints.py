"""Routes of points."""

from __future__ import annotations

from fastapi import APIRouter

from app.core.http import DatabaseDep, PagingDep, SessionDep
from app.core.schemas import Envelope, Listing
from app.points import repository, service
from app.points.schemas import BalanceRead, EntryRead
from app.users.dependencies import CallerId, CurrentUser, require_account

router = APIRouter(prefix="/points", tags=["points"])


@router.get("/balance")
async def read_balance(caller_id: CallerId, database: DatabaseDep) -> Envelope[BalanceRead]:
    """How many points the caller has."""
    async with database.reads() as reads:
        await require_account(reads, caller_id)
        balance = await service.read_balance(reads, caller_id)
    return Envelope(data=BalanceRead(balance=balance))


@router.get("/transactions")
async def list_transactions(user: CurrentUser, session: SessionDep, paging: PagingDep) -> Envelope[Listing[EntryRead]]:
    """The caller's ledger, newest first."""
    rows = await repository.list_entries(session, user.id, limit=paging.page_size, offset=paging.offset)
    count = await repository.count_entries(session, user.id)
    return Envelope(data=Listing(data=[EntryRead.model_validate(row) for row in rows], count=count))
