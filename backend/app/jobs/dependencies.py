"""What endpoints that put jobs into the queue ask FastAPI for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from app.jobs.queue import Queue


async def get_queue(request: Request) -> Queue:
    """The queue of jobs."""
    return cast("Queue", request.app.state.queue)


QueueDep = Annotated[Queue, Depends(get_queue)]
