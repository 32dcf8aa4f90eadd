"""The job that proves that jobs are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.jobs.job import Job, JobName, Lane

if TYPE_CHECKING:
    from redis.asyncio import Redis

PING: Final = JobName("ops.ping", Lane.INTERACTIVE)
_ANSWER_SECONDS: Final = 30


def answer_key(prefix: str, token: str) -> str:
    """Where the answer to a ping is found in Redis."""
    return f"{prefix}:ping:{token}"


class PingJobs:
    """Answers a health check through the queue, as any other job is answered."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    def jobs(self) -> list[Job]:
        """What a worker registers."""
        return [Job(PING, self.ping)]

    async def ping(self, *, token: str) -> None:
        """Leave an answer for a moment."""
        await self._redis.set(answer_key(self._prefix, token), "1", ex=_ANSWER_SECONDS)
