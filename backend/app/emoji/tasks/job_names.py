"""The jobs of tasks, named without what runs them."""

from __future__ import annotations

from typing import Final

from app.jobs.job import JobName, Lane

RUN: Final = JobName("emoji.run", Lane.RENDER)


def run_key(task_id: object, attempt: int) -> str:
    """The queue's key of a task's next attempt: one attempt waits or runs once, and never in a dead one's way."""
    return f"emoji:{task_id}:{attempt}"
