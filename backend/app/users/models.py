"""The account of a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Identified

NICKNAME_LENGTH = 40
EMAIL_LENGTH = 254


class User(Identified, Base):
    """An account. Deleting it clears what is personal and keeps the row, so that the ledger still adds up."""

    __tablename__ = "users"

    nickname: Mapped[str] = mapped_column(String(NICKNAME_LENGTH))
    email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH), unique=True)
    is_superuser: Mapped[bool] = mapped_column(default=False)
    deleted_at: Mapped[datetime | None]
