"""The SQL of an order, which every sticker costs: run by the driver, within the transaction of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Interval, bindparam, func, insert, literal, select, text

from app.core.reading import Query
from app.emoji.tasks.models import EmojiTask, TaskStatus
from app.emoji.tasks.views import COLUMNS, TaskView

if TYPE_CHECKING:
    from uuid import UUID

    from app.core.database import Session


class MadeTask(NamedTuple):
    """A task that an earlier request has made, and what it asked for."""

    id: UUID
    request_hash: str


class _Open(NamedTuple):
    number: int


_OWNED = EmojiTask.user_id == bindparam("owner_id")
_BY_KEY = Query(
    MadeTask,
    select(EmojiTask.id, EmojiTask.request_hash).where(_OWNED, EmojiTask.idempotency_key == bindparam("key")),
)
_COUNT_OPEN = Query(
    _Open,
    select(func.count().label("number"))
    .select_from(EmojiTask)
    # As the index has it.
    .where(_OWNED, text("status IN ('pending', 'processing')")),
)
_INSERT = Query(
    TaskView,
    insert(EmojiTask)
    .values(
        id=bindparam("task_id"),
        user_id=bindparam("owner_id"),
        photo_id=bindparam("of_photo"),
        type=literal("emoji"),
        driven_id=bindparam("template"),
        caption=bindparam("words"),
        language=bindparam("lang"),
        engine=bindparam("by"),
        status=literal(TaskStatus.PENDING.value),
        progress=literal(0),
        points_cost=bindparam("cost"),
        idempotency_key=bindparam("key"),
        request_hash=bindparam("digest"),
        request_id=bindparam("request"),
        next_enqueue_at=func.now() + bindparam("head_start", type_=Interval),
        enqueues=literal(0),
        attempt=literal(0),
        deadline_at=func.now() + bindparam("time_left", type_=Interval),
    )
    .returning(*COLUMNS),
)


async def get_by_key_or_none(session: Session, user_id: UUID, idempotency_key: str) -> MadeTask | None:
    """The task that an Idempotency-Key made, deleted or not."""
    return await session.fetch_first(_BY_KEY, owner_id=user_id, key=idempotency_key)


async def count_open(session: Session, user_id: UUID) -> int:
    """How many unfinished tasks the user has."""
    row = await session.fetch_first(_COUNT_OPEN, owner_id=user_id)
    return row.number if row else 0


async def insert_task(session: Session, **columns: Any) -> TaskView:
    """Record a task that waits; ``columns`` are the parameters of the statement above."""
    task = await session.fetch_first(_INSERT, **columns)
    assert task is not None
    return task
