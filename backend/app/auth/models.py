"""How people sign in: the devices of an account, and codes that were mailed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Identified

HASH_LENGTH = 64


class Device(Identified, Base):
    """A device that signs an account in. Its id is as good as a password, so only a keyed hash is stored."""

    __tablename__ = "devices"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    device_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)


class EmailCode(Identified, Base):
    """A six-digit code on its way to an address: hashed, short-lived, good for a few tries and one use."""

    __tablename__ = "email_codes"
    __table_args__ = (Index("ix_email_codes_email_created_at", "email", "created_at"),)

    email: Mapped[str] = mapped_column(String(254))
    code_hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    used_at: Mapped[datetime | None]
