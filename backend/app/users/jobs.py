"""Jobs about accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.jobs.job import Job
from app.users import repository
from app.users.job_names import DELETED, REPEAT_DELETIONS

if TYPE_CHECKING:
    from app.core.database import Database
    from app.jobs.queue import Queue

_REPEATED_FOR: Final = timedelta(days=2)


class UserJobs:
    """Sees to it that a deletion is carried through, even when the queue lost it."""

    def __init__(self, database: Database, queue: Queue) -> None:
        self._database = database
        self._queue = queue

    def jobs(self) -> list[Job]:
        """For the registry."""
        return [Job(REPEAT_DELETIONS, self.repeat_deletions, cron="17 * * * *")]

    async def repeat_deletions(self) -> None:
        """Put the deletions of the last days into the queue again: a repeated one finds nothing left to remove."""
        async with self._database.read() as session:
            users = await repository.list_deleted(session, within=_REPEATED_FOR)
        for user_id in users:
            await self._queue.enqueue(DELETED, key=f"{DELETED.name}:{user_id}", user_id=str(user_id))
