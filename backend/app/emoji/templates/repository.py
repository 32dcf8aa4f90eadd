"""The templates' SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.reading import Query
from app.emoji.templates.models import EmojiTemplate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.database import Session


class _Offered(NamedTuple):
    driven_id: str


_OFFERED = Query(
    _Offered,
    select(EmojiTemplate.driven_id).where(
        EmojiTemplate.driven_id == bindparam("name"), EmojiTemplate.engine == bindparam("by"), EmojiTemplate.enabled
    ),
)


async def is_offered(session: Session, driven_id: str, engine: str) -> bool:
    """Whether this engine has this template on offer."""
    return await session.fetch_first(_OFFERED, name=driven_id, by=engine) is not None


async def list_offered(session: Session) -> Sequence[EmojiTemplate]:
    """All templates on offer, in display order."""
    statement = (
        select(EmojiTemplate).where(EmojiTemplate.enabled).order_by(EmojiTemplate.position, EmojiTemplate.driven_id)
    )
    return (await session.scalars(statement)).all()


async def replace_all(session: Session, engine: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Make ``rows`` what ``engine`` offers; what it offered before and not now is switched off."""
    await session.execute(
        update(EmojiTemplate)
        .where(EmojiTemplate.engine == engine, EmojiTemplate.driven_id.not_in([row["driven_id"] for row in rows]))
        .values(enabled=False)
    )
    if not rows:
        return
    statement = insert(EmojiTemplate).values([{**row, "engine": engine, "enabled": True} for row in rows])
    columns = ("engine", "name", "category", "caption", "duration_ms", "position", "enabled")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["driven_id"],
            set_={name: statement.excluded[name] for name in columns} | {"updated_at": func.now()},
        )
    )
