"""The job of a task: claim it, make its sticker, finish it; or let it go, or give the points back.

Whatever is killed when, the row tells what is left to do: nobody is charged twice, refunded twice, or left with
neither sticker nor points.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import structlog

from app.core.database import is_outage
from app.core.ids import new_id
from app.emoji.tasks import lease, repository
from app.emoji.tasks.ending import end_task
from app.emoji.tasks.holding import Hold, LeaseLost, holding
from app.emoji.tasks.job_names import RUN, run_key
from app.emoji.tasks.metrics import QUEUE_SECONDS, RENDER_SECONDS, TASKS_ENDED
from app.emoji.tasks.models import WORKER_LENGTH, EmojiTask, TaskStatus
from app.engines.base import Cancelled, EngineFailure
from app.jobs.job import Job
from app.media import service as media
from app.media.exceptions import StorageUnavailable
from app.media.keys import RESULTS
from app.points import service as points
from app.users.job_names import DELETED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from app.core.database import Database
    from app.core.settings import Settings
    from app.core.signals import Signals
    from app.emoji.tasks.running import StickerMaker
    from app.jobs.queue import Queue

_BACKOFF_SECONDS: Final = 2
_LONGEST_BACKOFF_SECONDS: Final = 60
_OUTAGE_SECONDS: Final = 60
"""How long the last word about a task is tried again while the database is away."""
_CLEAN_UP_SECONDS: Final = 3
_DELETE_BATCH: Final = 100
_DELETE_AGAIN: Final = timedelta(minutes=1)
_UNEXPECTED: Final[dict[str, Any]] = {
    "code": "internal_error",
    "message": {
        "zh": "制作失败了，积分已退还。请稍后再试。",
        "en": "It could not be made; the points are back. Please try again later.",
    },
}
T = TypeVar("T")
logger = structlog.get_logger(__name__)


class EmojiTaskJobs:
    """Jobs of tasks, with what they work with."""

    def __init__(
        self, settings: Settings, database: Database, queue: Queue, signals: Signals, maker: StickerMaker
    ) -> None:
        self._settings = settings
        self._database = database
        self._queue = queue
        self._signals = signals
        self._maker = maker
        self._name = f"{socket.gethostname()}#{os.getpid()}"[-WORKER_LENGTH:]

    def jobs(self) -> Sequence[Job]:
        """For the registry."""
        return [Job(RUN, self.run), Job(DELETED, self.delete_of_user)]

    async def run(self, task_id: str) -> None:
        """Work on a task, unless it is somebody else's or over."""
        async with self._database.transaction() as session:
            task = await lease.claim(
                session,
                UUID(task_id),
                timedelta(seconds=self._settings.LEASE_SECONDS),
                self._name,
                attempts=self._settings.EMOJI_ATTEMPTS,
            )
            photo_key = None if task is None else await media.get_photo_key_or_none(session, task.photo_id)
        if task is None or task.lease_token is None:
            logger.info("task_not_claimed", task_id=task_id)
            return
        if task.attempt == 1:
            QUEUE_SECONDS.observe(max(0.0, (datetime.now(UTC) - task.created_at).total_seconds()))
        logger.info("task_claimed", task_id=task_id, attempt=task.attempt, driven_id=task.driven_id)
        hold = Hold(self._database, self._signals, task.id, task.lease_token, self._settings.LEASE_SECONDS)
        started = time.perf_counter()
        outcome = "released"
        try:
            outcome = await self._work(task, photo_key, hold)
        finally:
            RENDER_SECONDS.labels(task.engine, outcome).observe(time.perf_counter() - started)
        logger.info("task_left", task_id=task_id, outcome=outcome, seconds=round(time.perf_counter() - started, 3))

    async def delete_of_user(self, user_id: str) -> None:
        """Remove what a deleted account leaves behind: results and photos. Runs again by itself until all is gone."""
        try:
            await self._delete_of_user(UUID(user_id))
        except Exception:
            key = f"{DELETED.name}:{user_id}"
            await self._queue.enqueue(DELETED, key=key, delay=_DELETE_AGAIN, anew=True, user_id=user_id)
            raise

    async def _delete_of_user(self, owner: UUID) -> None:
        while True:
            async with self._database.read() as session:
                tasks = await repository.list_of_user(session, owner, _DELETE_BATCH)
            for task_id in tasks:
                # One at a time, as everybody ends tasks: first the task, then the account.
                async with self._database.transaction() as session:
                    await end_task(session, task_id, TaskStatus.CANCELLED, None)
                # The row is found again until its files are gone.
                await self._maker.discard(f"{RESULTS}/{task_id}")
                async with self._database.transaction() as session:
                    await repository.forget(session, task_id)
            if len(tasks) < _DELETE_BATCH:
                break
        async with self._database.transaction() as session:
            # What came back for tasks that had not ended when the account did.
            await points.write_off(session, owner, f"deleted:{owner}:{new_id()}")
        await self._maker.delete_photos(owner)

    async def _work(self, task: EmojiTask, photo_key: str | None, hold: Hold) -> str:
        outcome = "released"
        try:
            outcome = await self._attempt(task, photo_key, hold)
        finally:
            if outcome != "completed":
                await self._clean_up(task.id, f"{RESULTS}/{task.id}/{hold.token}")
        return outcome

    async def _attempt(self, task: EmojiTask, photo_key: str | None, hold: Hold) -> str:
        try:
            async with holding(hold):
                result = await self._maker.make(task, photo_key, hold)
                hold.finishing = True
                return await self._patiently(lambda: self._complete(hold, result))
        except LeaseLost:
            logger.warning("lease_lost", task_id=str(task.id))
            return "lost"
        except (asyncio.CancelledError, Cancelled):
            # The worker stops: another one shall take over at once, and this attempt does not count.
            await asyncio.shield(self._give_up(hold, timedelta(0), task.attempt - 1, counted=False))
            raise
        except (EngineFailure, StorageUnavailable) as error:
            failure: Exception = error
        except Exception as error:
            logger.exception("task_broke", task_id=str(task.id))
            failure = error
        return await self._patiently(lambda: self._failed(task, hold, failure))

    async def _complete(self, hold: Hold, result: dict[str, Any]) -> str:
        async with self._database.transaction() as session:
            completed = await lease.complete(session, hold.task_id, hold.token, result)
            # The answer to an earlier try may have been lost on its way.
            if not completed and await lease.read_prefix(session, hold.task_id) != result["prefix"]:
                return "lost"
        TASKS_ENDED.labels("completed", "").inc()
        await self._signals.publish(f"task:{hold.task_id}", status=TaskStatus.COMPLETED, progress=100)
        return "completed"

    async def _failed(self, task: EmojiTask, hold: Hold, error: Exception) -> str:
        """Try again later what may succeed later; else end it and give the points back."""
        described = _described(error)
        logger.warning("task_attempt_failed", task_id=str(task.id), attempt=task.attempt, error=repr(error))
        if task.attempt < _attempts(error, self._settings.EMOJI_ATTEMPTS):
            wait = min(_BACKOFF_SECONDS * 2 ** (task.attempt - 1), _LONGEST_BACKOFF_SECONDS)
            await self._give_up(hold, timedelta(seconds=wait), task.attempt, counted=True, error=described)
            return "retried"
        async with self._database.transaction() as session:
            ended = await end_task(session, task.id, TaskStatus.FAILED, described, token=hold.token)
        if ended is None:
            return "lost"
        await self._signals.publish(f"task:{task.id}", status=TaskStatus.FAILED)
        return "failed"

    async def _give_up(
        self, hold: Hold, after: timedelta, attempt: int, *, counted: bool, error: dict[str, Any] | None = None
    ) -> None:
        async with self._database.transaction() as session:
            released = await lease.release(session, hold.task_id, hold.token, after=after, counted=counted, error=error)
        if released:
            # An attempt that does not count leaves its key to the next one, and the queue still takes it for running.
            key = run_key(hold.task_id, attempt)
            await self._queue.enqueue(RUN, key=key, delay=after or None, anew=not counted, task_id=str(hold.task_id))
            await self._signals.publish(f"task:{hold.task_id}", status=TaskStatus.PENDING, progress=0)

    async def _clean_up(self, task_id: UUID, prefix: str) -> None:
        """Remove what an attempt leaves behind, unless its task was completed with it after all."""
        try:
            async with asyncio.timeout(_CLEAN_UP_SECONDS):
                async with self._database.transaction() as session:
                    kept = await lease.read_prefix(session, task_id)
                if kept != prefix:
                    await self._maker.discard(prefix)
        except Exception as error:  # the daily sweep takes them away
            logger.warning("files_left_behind", prefix=prefix, error=type(error).__name__)

    async def _patiently(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do the last thing about a task, again and again while the database is away. It is fenced, so may repeat."""
        deadline = time.monotonic() + _OUTAGE_SECONDS
        while True:
            try:
                return await act()
            except Exception as error:
                if not is_outage(error) or time.monotonic() > deadline:
                    raise
                logger.warning("database_away", error=type(error).__name__)
                await asyncio.sleep(0.5)


def _attempts(error: Exception, cap: int) -> int:
    """How many attempts such an error is worth in all."""
    if isinstance(error, EngineFailure) and error.max_attempts is not None:
        return min(error.max_attempts, cap)
    return cap


def _described(error: Exception) -> dict[str, Any]:
    if isinstance(error, EngineFailure):
        return {"code": error.code, "message": error.message.as_dict()}
    if isinstance(error, StorageUnavailable):
        return {"code": error.code, "message": {"zh": error.message("zh"), "en": error.message("en")}}
    return _UNEXPECTED
