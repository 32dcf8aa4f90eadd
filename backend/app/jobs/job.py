"""What a job is: a name, a lane, and the function that a worker runs for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Lane(StrEnum):
    """Two queues, so that a short job never waits behind a render."""

    INTERACTIVE = "interactive"
    RENDER = "render"


@dataclass(frozen=True, slots=True)
class JobName:
    """Names a job without importing what runs it: this is all that the API needs to put one into the queue."""

    name: str
    lane: Lane


@dataclass(frozen=True, slots=True)
class Job:
    """A job with its function. Arguments are strings and numbers, ids above all: a job loads its own rows.

    ``function`` may run twice, or again after it was killed: it must be idempotent.
    ``cron`` (UTC, five fields) makes it run by itself as well; such a job takes no arguments.
    """

    name: JobName
    function: Callable[..., Awaitable[Any]]
    cron: str | None = None
