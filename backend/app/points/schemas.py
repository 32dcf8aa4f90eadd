"""Points as clients see them."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from app.core.schemas import Moment, Schema
from app.points.models import EntryKind


class BalanceRead(Schema):
    """How many points are there."""

    balance: int


class EntryRead(Schema):
    """One movement of points."""

    id: UUID
    type: EntryKind = Field(validation_alias="kind")
    amount: int = Field(description="Negative when points were taken")
    balance_after: int
    reference: str = Field(description="What it belongs to, such as `task:<id>`")
    created_at: Moment
