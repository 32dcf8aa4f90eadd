"""Ending a task without a sticker: its status and the refund of its points in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from app.emoji.tasks import lease, repository
from app.emoji.tasks.exceptions import TaskBusy, TaskNotFound, TaskNotPending
from app.emoji.tasks.metrics import TASKS_ENDED
from app.emoji.tasks.models import EmojiTask, TaskStatus
from app.media.exceptions import StorageUnavailable
from app.points import service as points

if TYPE_CHECKING:
    from uuid import UUID

    from app.core.database import Session
    from app.media.storage import Storage

logger = structlog.get_logger(__name__)
TOO_LATE: Final[dict[str, Any]] = {
    "code": "deadline_exceeded",
    "message": {
        "zh": "等待时间过长，任务已取消，积分已退还。请稍后再试。",
        "en": "It took too long and was given up; the points are back. Please try again later.",
    },
}
TOO_OFTEN: Final[dict[str, Any]] = {
    "code": "attempts_exhausted",
    "message": {
        "zh": "多次尝试都没有成功，积分已退还。请换一张照片再试。",
        "en": "It failed several times; the points are back. Please try another photo.",
    },
}


async def end_task(
    session: Session, task_id: UUID, status: TaskStatus, error: dict[str, Any] | None, *, token: UUID | None = None
) -> EmojiTask | None:
    """End an unfinished task and give its points back; None when it was over, or is not held under ``token``."""
    task = await lease.end(session, task_id, status, error, token=token)
    if task is not None:
        await points.give_back(session, task.user_id, task.points_cost, f"task:{task.id}")
        code = error["code"] if error else ""

        async def count() -> None:
            TASKS_ENDED.labels(status.value, code).inc()

        session.after_commit(count)
    return task


async def cancel_task(session: Session, user_id: UUID, task_id: UUID) -> EmojiTask:
    """Cancel a task that still waits. Raises TaskNotFound and TaskNotPending."""
    task = await repository.lock_task_or_none(session, user_id, task_id)
    if task is None:
        raise TaskNotFound
    if task.status == TaskStatus.CANCELLED:
        return task
    if task.status != TaskStatus.PENDING:
        raise TaskNotPending
    ended = await end_task(session, task_id, TaskStatus.CANCELLED, None)
    return ended or task


async def delete_task(session: Session, storage: Storage, user_id: UUID, task_id: UUID) -> None:
    """Take a task out of its owner's sight; one that waits is cancelled first. Raises TaskNotFound and TaskBusy.

    The row stays, as the ledger and the Idempotency-Key refer to it, without caption and result. The files go once
    this is committed; if the storage is away then, the daily sweep takes them.
    """
    task = await repository.lock_task_or_none(session, user_id, task_id)
    if task is None:
        raise TaskNotFound
    if task.status == TaskStatus.PROCESSING:
        raise TaskBusy
    if task.status == TaskStatus.PENDING:
        await end_task(session, task_id, TaskStatus.CANCELLED, None)
    keys = [file["key"] for file in (task.result or {}).get("files", {}).values()]
    await repository.forget(session, task_id)

    async def remove_files() -> None:
        try:
            await storage.delete(keys)
        except StorageUnavailable:
            logger.warning("files_left_behind", task_id=str(task_id))

    if keys:
        session.after_commit(remove_files)
