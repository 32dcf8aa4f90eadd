"""The photos that people upload."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Identified

KEY_LENGTH = 200


class PhotoStatus(StrEnum):
    """``pending`` until a worker has looked at the upload; then ``ready``, or ``refused`` with an ``error``."""

    PENDING = "pending"
    READY = "ready"
    REFUSED = "refused"


class Photo(Identified, Base):
    """An upload, and what became of it.

    ``key`` is where its file lies: under ``incoming/`` while pending, under ``photos/`` when ready, None once there is
    none any more. ``detection`` is the engine's verdict with boxes in stored pixels, ``error`` its refusal, both with
    texts in both languages. After ``expires_at`` the file goes. A row with ``deleted_at`` is gone for everybody; it
    stays, since tasks point at it, and keeps its key until the file is really removed.
    """

    __tablename__ = "photos"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'ready', 'refused')", name="status"),
        CheckConstraint("status <> 'ready' OR deleted_at IS NOT NULL OR key IS NOT NULL", name="ready_has_file"),
        Index(None, "user_id"),
        Index("ix_photos_expires_at", "expires_at", postgresql_where=text("key IS NOT NULL")),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[PhotoStatus] = mapped_column(String(16), default=PhotoStatus.PENDING)
    key: Mapped[str | None] = mapped_column(String(KEY_LENGTH))
    content_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    size_bytes: Mapped[int]
    detection: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    prepared_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
