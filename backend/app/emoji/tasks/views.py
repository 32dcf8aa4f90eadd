"""Tasks as their owners read them again and again while they wait: by the driver, and only what an answer shows."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Integer, bindparam, func, select

from app.core.reading import Query
from app.emoji.tasks.models import EmojiTask, TaskStatus

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement

    from app.core.reading import Reads


class TaskView(NamedTuple):
    """The columns of a task that its owner sees something of."""

    id: UUID
    type: str
    photo_id: UUID
    driven_id: str
    caption: str | None
    engine: str
    status: str
    progress: int
    points_cost: int
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    liked_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class _Count(NamedTuple):
    total: int


COLUMNS = [getattr(EmojiTask, name) for name in TaskView._fields]
_OWNED = (EmojiTask.user_id == bindparam("user_id"), EmojiTask.deleted_at.is_(None))
_TASK = Query(TaskView, select(*COLUMNS).where(EmojiTask.id == bindparam("task_id"), *_OWNED))


async def read_task_or_none(reads: Reads, user_id: UUID, task_id: UUID) -> TaskView | None:
    """A task of the user's, unless it was deleted."""
    return await reads.first(_TASK, user_id=user_id, task_id=task_id)


async def read_page(
    reads: Reads, user_id: UUID, *, status: TaskStatus | None, kind: str | None, limit: int, offset: int
) -> tuple[list[TaskView], int]:
    """A page of the user's tasks, newest first, and how many there are in all."""
    page, count = _history(status is not None, kind is not None)
    asked = {"user_id": user_id, "status": status, "kind": kind}
    rows = await reads.all(page, **asked, limit=limit, offset=offset)
    counted = await reads.first(count, **asked)
    return rows, counted.total if counted else 0


@lru_cache(maxsize=4)
def _history(by_status: bool, by_kind: bool) -> tuple[Query[TaskView], Query[_Count]]:
    conditions: list[ColumnElement[bool]] = [*_OWNED]
    if by_status:
        conditions.append(EmojiTask.status == bindparam("status"))
    if by_kind:
        conditions.append(EmojiTask.type == bindparam("kind"))
    newest = select(*COLUMNS).where(*conditions).order_by(EmojiTask.id.desc())
    page = newest.limit(bindparam("limit", type_=Integer)).offset(bindparam("offset", type_=Integer))
    count = select(func.count().label("total")).select_from(EmojiTask).where(*conditions)
    return Query(TaskView, page), Query(_Count, count)
