"""What can go wrong with a task. None of these takes points."""

from __future__ import annotations

from app.core.errors import ServiceError


class UnknownTemplate(ServiceError):
    """``driven_id`` names no template that is on offer."""

    status = 422
    number = 10
    code = "unknown_template"
    zh = "没有叫 {driven_id} 的表情模板。没有扣除积分。"
    en = "There is no template {driven_id}. No points were taken."


class PhotoUnsuitable(ServiceError):
    """The photo did not pass the checks; ``details`` has the reasons."""

    status = 422
    number = 11
    code = "photo_unsuitable"
    zh = "这张照片不能用来做表情：{reason} 没有扣除积分。"
    en = "This photo cannot be used: {reason} No points were taken."


class UnknownEngine(ServiceError):
    """``engine`` names none that this installation runs."""

    status = 422
    number = 12
    code = "unknown_engine"
    zh = "没有叫 {engine} 的引擎。没有扣除积分。"
    en = "There is no engine {engine}. No points were taken."


class IdempotencyMismatch(ServiceError):
    """The Idempotency-Key was used before, for something else."""

    status = 409
    number = 10
    code = "idempotency_mismatch"
    zh = "这个 Idempotency-Key 已经用于另一个请求，请换一个。"
    en = "This Idempotency-Key was used for a different request. Use a new one."


class TaskNotPending(ServiceError):
    """Only a task that still waits can be cancelled."""

    status = 409
    number = 11
    code = "task_not_pending"
    zh = "任务已经开始或已经结束，不能取消。"
    en = "The task has started or is over and cannot be cancelled."


class TaskBusy(ServiceError):
    """A task that is being worked on cannot be deleted."""

    status = 409
    number = 12
    code = "task_busy"
    zh = "表情正在制作，完成后才能删除。"
    en = "The sticker is being made; it can be deleted once it is done."


class TooManyTasks(ServiceError):
    """More unfinished tasks than one account may have."""

    status = 429
    number = 10
    code = "too_many_tasks"
    zh = "最多同时制作 {limit} 个表情，请等一些完成后再试。没有扣除积分。"
    en = "At most {limit} stickers can be in the making at once. Wait for some to finish; no points were taken."
    retry_after = 5


class TaskNotFound(ServiceError):
    """No task of this id that belongs to the caller."""

    status = 404
    number = 11
    code = "task_not_found"
    zh = "没有找到这个表情任务。"
    en = "There is no such task."
