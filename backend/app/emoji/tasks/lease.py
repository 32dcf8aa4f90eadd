"""Who works on a task: claimed, renewed, given back, finished or failed, each in one fenced statement.

A claim writes a new ``lease_token``; everything after it asks for that token, so a worker that was thought dead and
comes back changes nothing. Times are the database's own: workers' clocks may differ.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import and_, func, or_, select, update

from app.emoji.tasks.models import EmojiTask, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from app.core.database import Session


async def claim(session: Session, task_id: UUID, lease: timedelta, worker: str, *, attempts: int) -> EmojiTask | None:
    """Take a task that waits, or whose worker's lease is over; None when it is somebody else's or done.

    Nor is one taken that the sweeper is about to end: after ``attempts``, or too late. The queue may hand out the job
    of a worker that was killed before the sweeper comes by, again and again.
    """
    statement = (
        update(EmojiTask)
        .where(
            EmojiTask.id == task_id,
            EmojiTask.deleted_at.is_(None),
            EmojiTask.attempt < attempts,
            EmojiTask.deadline_at > func.now(),
            or_(
                EmojiTask.status == TaskStatus.PENDING,
                and_(EmojiTask.status == TaskStatus.PROCESSING, EmojiTask.lease_until < func.now()),
            ),
        )
        .values(
            status=TaskStatus.PROCESSING,
            attempt=EmojiTask.attempt + 1,
            lease_token=uuid4(),
            worker=worker,
            lease_until=func.now() + lease,
            next_enqueue_at=None,
            progress=0,
            started_at=func.coalesce(EmojiTask.started_at, func.now()),
        )
        .returning(EmojiTask)
    )
    return await session.scalar(statement)


async def renew(session: Session, task_id: UUID, token: UUID, lease: timedelta, progress: int) -> bool:
    """Hold on to a task, and write its progress down; False when it is no longer ours."""
    statement = (
        update(EmojiTask)
        .where(EmojiTask.id == task_id, EmojiTask.lease_token == token)
        .values(lease_until=func.now() + lease, progress=progress)
        .returning(EmojiTask.id)
    )
    return await session.scalar(statement) is not None


async def release(
    session: Session,
    task_id: UUID,
    token: UUID,
    *,
    after: timedelta,
    counted: bool,
    error: dict[str, Any] | None = None,
) -> bool:
    """Let go of a task so that it runs again ``after`` a while; not ``counted``: this attempt was no fault of its."""
    statement = (
        update(EmojiTask)
        .where(EmojiTask.id == task_id, EmojiTask.lease_token == token)
        .values(
            status=TaskStatus.PENDING,
            attempt=EmojiTask.attempt if counted else EmojiTask.attempt - 1,
            lease_token=None,
            lease_until=None,
            next_enqueue_at=func.now() + after,
            progress=0,
            error=error,
        )
        .returning(EmojiTask.id)
    )
    return await session.scalar(statement) is not None


async def complete(session: Session, task_id: UUID, token: UUID, result: dict[str, Any]) -> bool:
    """Make a result the task's; False when the task is no longer ours."""
    statement = (
        update(EmojiTask)
        .where(EmojiTask.id == task_id, EmojiTask.lease_token == token)
        .values(
            status=TaskStatus.COMPLETED,
            progress=100,
            result=result,
            error=None,
            lease_token=None,
            lease_until=None,
            next_enqueue_at=None,
            finished_at=func.now(),
        )
        .returning(EmojiTask.id)
    )
    return await session.scalar(statement) is not None


async def read_prefix(session: Session, task_id: UUID) -> str | None:
    """Where the files of a task's result lie; waits for a change of the row that is just being committed."""
    statement = select(EmojiTask.result["prefix"].astext).where(EmojiTask.id == task_id)
    return await session.scalar(statement.with_for_update(read=True))


async def end(
    session: Session, task_id: UUID, status: TaskStatus, error: dict[str, Any] | None, *, token: UUID | None = None
) -> EmojiTask | None:
    """End an unfinished task without a result; with a ``token`` only while it is held under it."""
    conditions = [EmojiTask.id == task_id, EmojiTask.status.in_([TaskStatus.PENDING, TaskStatus.PROCESSING])]
    if token is not None:
        conditions.append(EmojiTask.lease_token == token)
    statement = (
        update(EmojiTask)
        .where(*conditions)
        .values(
            status=status,
            error=error,
            lease_token=None,
            lease_until=None,
            next_enqueue_at=None,
            finished_at=func.now(),
        )
        .returning(EmojiTask)
    )
    return await session.scalar(statement)


async def list_due(session: Session, limit: int) -> Sequence[tuple[UUID, int, int, str]]:
    """Waiting tasks that should be put into the queue (again): id, attempt, times put in before, request id.

    Their next time moves on, ever later up to a minute. Rows that another sweeper has in hand are skipped.
    """
    due = (
        select(EmojiTask.id)
        .where(
            EmojiTask.next_enqueue_at.is_not(None),
            EmojiTask.next_enqueue_at <= func.now(),
            EmojiTask.status == TaskStatus.PENDING,
        )
        .order_by(EmojiTask.next_enqueue_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    wait = func.least(2 * func.power(2, func.least(EmojiTask.enqueues, 5)), 60)
    statement = (
        update(EmojiTask)
        .where(EmojiTask.id.in_(due.scalar_subquery()))
        .values(enqueues=EmojiTask.enqueues + 1, next_enqueue_at=func.now() + wait * timedelta(seconds=1))
        .returning(EmojiTask.id, EmojiTask.attempt, EmojiTask.enqueues, EmojiTask.request_id)
    )
    return [(row.id, row.attempt, row.enqueues, row.request_id) for row in await session.execute(statement)]


async def free_dead_leases(session: Session, limit: int) -> Sequence[UUID]:
    """Tasks whose worker has fallen silent wait again from now on."""
    dead = (
        select(EmojiTask.id)
        .where(EmojiTask.status == TaskStatus.PROCESSING, EmojiTask.lease_until < func.now())
        .order_by(EmojiTask.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(EmojiTask)
        .where(EmojiTask.id.in_(dead.scalar_subquery()))
        .values(status=TaskStatus.PENDING, lease_token=None, lease_until=None, next_enqueue_at=func.now(), enqueues=0)
        .returning(EmojiTask.id)
    )
    return (await session.scalars(statement)).all()


async def postpone(session: Session, task_ids: Sequence[UUID]) -> None:
    """Take back that tasks were put into the queue: it did not take them, and they are due again at once."""
    statement = (
        update(EmojiTask)
        .where(EmojiTask.id.in_(task_ids), EmojiTask.status == TaskStatus.PENDING)
        .values(enqueues=func.greatest(EmojiTask.enqueues - 1, 0), next_enqueue_at=func.now())
    )
    await session.execute(statement)


async def make_all_due(session: Session) -> None:
    """Have all waiting tasks put into the queue now, however long their next time is off."""
    statement = (
        update(EmojiTask)
        .where(EmojiTask.next_enqueue_at > func.now(), EmojiTask.status == TaskStatus.PENDING)
        .values(enqueues=0, next_enqueue_at=func.now())
    )
    await session.execute(statement)


async def list_hopeless(session: Session, attempts: int, limit: int) -> Sequence[UUID]:
    """Unfinished tasks that shall end: too late, or tried too often."""
    statement = select(EmojiTask.id).where(_hopeless(attempts)).order_by(EmojiTask.deadline_at).limit(limit)
    return (await session.scalars(statement)).all()


async def lock_hopeless(session: Session, task_id: UUID, attempts: int) -> bool | None:
    """Whether one of them is too late; None when somebody else has it in hand, or it is hopeless no more."""
    statement = select(EmojiTask.deadline_at < func.now()).where(EmojiTask.id == task_id, _hopeless(attempts))
    return await session.scalar(statement.with_for_update(skip_locked=True))


def _hopeless(attempts: int) -> ColumnElement[bool]:
    return or_(
        and_(
            EmojiTask.status.in_([TaskStatus.PENDING, TaskStatus.PROCESSING]),
            EmojiTask.deadline_at < func.now(),
        ),
        and_(EmojiTask.status == TaskStatus.PENDING, EmojiTask.attempt >= attempts),
    )


async def queue_state(session: Session) -> tuple[int, int, datetime | None]:
    """How many tasks wait, how many are worked on, and since when the oldest waits."""
    statement = select(
        func.count().filter(EmojiTask.status == TaskStatus.PENDING),
        func.count().filter(EmojiTask.status == TaskStatus.PROCESSING),
        func.min(EmojiTask.created_at).filter(EmojiTask.status == TaskStatus.PENDING),
    ).where(EmojiTask.status.in_([TaskStatus.PENDING, TaskStatus.PROCESSING]))
    waiting, running, oldest = (await session.execute(statement)).one()
    return int(waiting), int(running), oldest
