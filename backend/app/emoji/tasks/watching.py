"""Watching a task until it ends: signals tell that something changed, the row tells what."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from app.emoji.tasks import repository
from app.emoji.tasks.models import FINAL

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
        seen: tuple[object, ...] | None = None
        progress = -1
        while time.monotonic() < deadline:
            async with database.read() as session:
                task = await repository.get_task_or_none(session, user_id, task_id)
            if task is None:
                return
            # The row's progress is written once a second; a signal is fresher.
            task.progress = max(task.progress, progress) if task.status == "processing" else task.progress
            now = (task.status, task.progress, task.attempt)
            if now != seen:
                seen = now
                yield task
            if task.status in FINAL:
                return
            progress = await _next_news(news)


async def _next_news(news: asyncio.Queue[dict[str, object]]) -> int:
    """Wait for a signal, or a while; the progress that it tells, or -1."""
    try:
        content = await asyncio.wait_for(news.get(), _LOOK_SECONDS)
    except TimeoutError:
        return -1
    while not news.empty():
        content = news.get_nowait()
    progress = content.get("progress")
    return progress if isinstance(progress, int) else -1
