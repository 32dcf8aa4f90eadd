"""What expressions are on offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.emoji.templates import repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.database import Session
    from app.engines.base import TemplateInfo


async def is_offered(session: Session, driven_id: str, engine: str) -> bool:
    """Whether this engine has this template on offer."""
    return await repository.is_offered(session, driven_id, engine)


async def seed(session: Session, engine: str, templates: Sequence[TemplateInfo]) -> None:
    """Write down what an engine can do, for processes that do not load it. Idempotent."""
    await repository.replace_all(
        session,
        engine,
        [
            {
                "driven_id": template.driven_id,
                "name": template.name.as_dict(),
                "category": {"id": template.category.id, "zh": template.category.zh, "en": template.category.en},
                "caption": template.caption.as_dict(),
                "duration_ms": template.duration_ms,
                "position": template.position,
            }
            for template in templates
        ],
    )
