"""A task followed to its end: by its events, and by asking where events do not come through."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

import httpx

from app.cli.remote.events import EventReader
from app.cli.remote.troubles import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.cli.remote.answers import RemoteTask
    from app.cli.remote.service import Service

_FIRST_SECONDS: Final = 5.0
"""The first event comes at once. Where it does not, something on the way holds events back."""
_SILENCE_SECONDS: Final = 45.0
"""Three pings of the service."""
_MOST_BREAKS: Final = 3
_ASK_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 300.0
"""The task is paid for and goes on without us, so a service that restarts is waited for."""


async def follow(service: Service, task_id: str, on_change: Callable[[RemoteTask], None]) -> RemoteTask:
    """The task once it has ended. Raises Refused when it was deleted, Unreachable when the service stays away."""
    breaks = 0

    def heard(task: RemoteTask) -> None:
        nonlocal breaks
        breaks = 0
        on_change(task)

    while True:
        if breaks < _MOST_BREAKS:
            try:
                ended = await _listen(service, task_id, heard)
            except (httpx.HTTPError, OSError, ValueError, TimeoutError, Unreachable):
                ended, breaks = None, breaks + 1
            if ended is not None:
                return ended
        # The row tells the truth in any case: a stream may end because it has lasted long enough.
        task = await service.read(task_id, patience=_PATIENCE_SECONDS)
        on_change(task)
        if task.ended:
            return task
        await asyncio.sleep(_ASK_SECONDS)


async def _listen(service: Service, task_id: str, on_change: Callable[[RemoteTask], None]) -> RemoteTask | None:
    """Until the task's end, or the stream's, which gives None."""
    reader = EventReader()
    async with (
        asyncio.timeout(_FIRST_SECONDS) as patience,
        service.connection.stream(f"/emoji/task/{task_id}/events", silence=_SILENCE_SECONDS) as response,
    ):
        if response.status_code != 200 or "event-stream" not in response.headers.get("Content-Type", ""):
            raise ValueError(f"no events: {response.status_code}")
        async for piece in response.aiter_bytes():
            for event in reader.feed(piece):
                if event.name != "task":
                    continue
                patience.reschedule(None)
                task = service.task_of_event(json.loads(event.data))
                on_change(task)
                if task.ended:
                    return task
    return None
