"""A task as its owner sees it: links signed, sentences in the owner's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.emoji.tasks.models import TaskStatus
from app.emoji.tasks.schemas import TaskError, TaskRead, TaskResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.core.i18n import Lang
    from app.emoji.tasks.models import EmojiTask
    from app.emoji.tasks.views import TaskView


async def read_task(task: EmojiTask | TaskView, lang: Lang, link: Callable[[str], Awaitable[str]]) -> TaskRead:
    """The task with ``link(key)`` for each of its files."""
    ended_without = task.status in (TaskStatus.FAILED, TaskStatus.CANCELLED)
    return TaskRead(
        id=task.id,
        type=task.type,
        photo_id=task.photo_id,
        driven_id=task.driven_id,
        caption=task.caption,
        engine=task.engine,
        status=task.status,
        progress=task.progress,
        points_cost=task.points_cost,
        points_refunded=ended_without and task.points_cost > 0,
        result=await _result(task.result, link) if task.result else None,
        error=_error(task.error, lang) if task.status == TaskStatus.FAILED and task.error else None,
        liked=task.liked_at is not None,
        created_at=task.created_at,
        started_at=task.started_at,
        finished_at=task.finished_at,
    )


async def _result(result: dict[str, Any], link: Callable[[str], Awaitable[str]]) -> TaskResult:
    files: dict[str, dict[str, Any]] = result["files"]
    links = {kind: await link(file["key"]) for kind, file in files.items()}
    return TaskResult(
        video_url=links.get("mp4"),
        gif_url=links.get("gif"),
        webp_url=links.get("webp"),
        poster_url=links["poster"],
        width=result["width"],
        height=result["height"],
        duration_ms=result["duration_ms"],
        size_bytes={kind: file["bytes"] for kind, file in files.items()},
    )


def _error(error: dict[str, Any], lang: Lang) -> TaskError:
    return TaskError(code=error["code"], message=error["message"][lang])
