"""Watching a task until it ends: signals tell that something changed, the row tells what."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from app.emoji.tasks import repository
from app.emoji.tasks.models import FINAL, TaskStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from app.core.database import Database
    from app.core.signals import Signals
    from app.emoji.tasks.models import EmojiTask

_LOOK_SECONDS: Final = 2.0
"""How often the row is looked at when no signal comes: Redis may be down."""
_LONGEST_SECONDS: Final = 900.0


async def watch_task(database: Database, signals: Signals, user_id: UUID, task_id: UUID) -> AsyncIterator[EmojiTask]:
    """The task now, and whenever it changed, until it ends, is deleted, or a quarter of an hour is over.

    Between looks no database connection is held, however many people watch.
    """
    deadline = time.monotonic() + _LONGEST_SECONDS
    async with signals.listen(f"task:{task_id}") as news:
        seen: tuple[object, int, int] | None = None
        while time.monotonic() < deadline:
            async with database.read() as session:
                task = await repository.get_task_or_none(session, user_id, task_id)
            if task is None:
                return
            if seen and task.status == TaskStatus.PROCESSING and task.attempt == seen[2]:
                task.progress = max(task.progress, seen[1])  # the row is written once a second, signals are quicker
            now = (task.status, task.progress, task.attempt)
            if now != seen:
                yield task
            if task.status in FINAL:
                return
            # Progress comes in signals, many a second; the row is looked at again when anything else happens.
            until_look = time.monotonic() + _LOOK_SECONDS
            while (progress := await _next_progress(news, until_look)) is not None:
                if task.status != TaskStatus.PROCESSING:
                    break
                if progress > task.progress:
                    task.progress = progress
                    yield task
            seen = (task.status, task.progress, task.attempt)


async def _next_progress(news: asyncio.Queue[dict[str, object]], until: float) -> int | None:
    """The progress that the next signals tell; None when they tell of something else, or it is time to look."""
    try:
        content = await asyncio.wait_for(news.get(), until - time.monotonic())
    except TimeoutError:
        return None
    progress = content.get("progress")
    if content.get("status") != TaskStatus.PROCESSING or not isinstance(progress, int):
        return None
    return progress
