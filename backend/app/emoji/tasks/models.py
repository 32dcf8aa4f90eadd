"""A task: one sticker that somebody asked and paid for. The row is also the outbox and the lease."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint, desc, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Identified

CAPTION_LENGTH = 40
KEY_LENGTH = 128
WORKER_LENGTH = 100


class TaskStatus(StrEnum):
    """Where a task is; the last three are final."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


_OPEN = "status IN ('pending', 'processing')"
FINAL = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})


class EmojiTask(Identified, Base):
    """A task. ``next_enqueue_at`` set: it still has to be put into the queue, at that time at the earliest.

    A worker holds it by ``lease_token`` until ``lease_until``, renewed while it works; every change that a worker
    makes is fenced by the token. ``attempt`` counts claims, ``worker`` names who made the last one.
    """

    __tablename__ = "emoji_tasks"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key"),
        Index("ix_emoji_tasks_user_id_id", "user_id", desc("id"), postgresql_where=text("deleted_at IS NULL")),
        Index("ix_emoji_tasks_due", "next_enqueue_at", postgresql_where=text("next_enqueue_at IS NOT NULL")),
        Index("ix_emoji_tasks_leases", "lease_until", postgresql_where=text("status = 'processing'")),
        Index("ix_emoji_tasks_open", "user_id", "deadline_at", postgresql_where=text(_OPEN)),
        Index("ix_emoji_tasks_deadlines", "deadline_at", postgresql_where=text(_OPEN)),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    photo_id: Mapped[UUID] = mapped_column(ForeignKey("photos.id"), index=True)
    type: Mapped[str] = mapped_column(String(16), default="emoji")
    driven_id: Mapped[str] = mapped_column(String(64))
    caption: Mapped[str | None] = mapped_column(String(CAPTION_LENGTH))
    language: Mapped[str] = mapped_column(String(2))
    engine: Mapped[str] = mapped_column(String(32))
    status: Mapped[TaskStatus] = mapped_column(String(16), default=TaskStatus.PENDING)
    progress: Mapped[int] = mapped_column(SmallInteger, default=0)
    points_cost: Mapped[int] = mapped_column(Integer)
    idempotency_key: Mapped[str | None] = mapped_column(String(KEY_LENGTH))
    request_hash: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(64))

    next_enqueue_at: Mapped[datetime | None]
    enqueues: Mapped[int] = mapped_column(Integer, default=0)
    attempt: Mapped[int] = mapped_column(SmallInteger, default=0)
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(WORKER_LENGTH))
    deadline_at: Mapped[datetime]

    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    liked_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
