"""The templates as the API shows them: written by the seed from the engines, read by everybody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base


class EmojiTemplate(Base):
    """An expression on offer. A template that its engine no longer knows is switched off, never deleted."""

    __tablename__ = "emoji_templates"

    driven_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    engine: Mapped[str] = mapped_column(String(32))
    name: Mapped[dict[str, Any]]
    category: Mapped[dict[str, Any]]
    caption: Mapped[dict[str, Any]]
    duration_ms: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    enabled: Mapped[bool]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
