"""Routes of points."""

from __future__ import annotations

from fastapi import APIRouter

from app.core.http import PagingDep, SessionDep
from app.core.schemas import Envelope, Listing
from app.points import repository, service
from app.points.schemas import BalanceRead, EntryRead
from app.users.dependencies import CurrentUser

router = APIRouter(prefix="/points", tags=["points"])


@router.get("/balance")
async def read_balance(user: CurrentUser, session: SessionDep) -> Envelope[BalanceRead]:
    """How many points the caller has."""
    return Envelope(data=BalanceRead(balance=await service.get_balance(session, user.id)))


@router.get("/transactions")
async def list_transactions(user: CurrentUser, session: SessionDep, paging: PagingDep) -> Envelope[Listing[EntryRead]]:
    """The caller's ledger, newest first."""
    rows = await repository.list_entries(session, user.id, limit=paging.page_size, offset=paging.offset)
    count = await repository.count_entries(session, user.id)
    return Envelope(data=Listing(data=[EntryRead.model_validate(row) for row in rows], count=count))
