"""What the routes of tasks ask for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Header, Request
from pydantic import StringConstraints

from app.emoji.tasks.models import KEY_LENGTH
from app.jobs.queue import Queue


async def get_queue(request: Request) -> Queue:
    """The queue of jobs."""
    return cast("Queue", request.app.state.queue)


QueueDep = Annotated[Queue, Depends(get_queue)]
IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=KEY_LENGTH, pattern=r"^[\x21-\x7e]+$")] | None,
    Header(alias="Idempotency-Key", description="Repeats with the same key give the first answer and cost nothing"),
]
