"""Points: an append-only ledger, and a balance a person that caches its sum."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, desc
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Identified


class EntryKind(StrEnum):
    """Why points moved; what clients see as ``type``."""

    CONSUME = "consume"
    REFUND = "refund"
    PURCHASE = "purchase"
    REWARD = "reward"
    ADJUST = "adjust"


class PointAccount(Base):
    """The balance of a user. Changed only together with a ledger entry, in the same transaction."""

    __tablename__ = "point_accounts"
    __table_args__ = (CheckConstraint("balance >= 0", name="balance_not_negative"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    balance: Mapped[int] = mapped_column(default=0)


class LedgerEntry(Identified, Base):
    """One movement of points. Kind and reference are unique together: the same thing never counts twice.

    ``reference`` says what it belongs to: ``task:<id>``, ``welcome:<user>``, ``grant:<id>``.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("kind", "reference"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        Index("ix_ledger_entries_user_id_id", "user_id", desc("id")),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[EntryKind] = mapped_column(String(16))
    reference: Mapped[str] = mapped_column(String(128))
    amount: Mapped[int]
    balance_after: Mapped[int]
    note: Mapped[str | None] = mapped_column(String(200))
