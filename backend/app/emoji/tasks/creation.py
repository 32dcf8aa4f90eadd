"""Creating a task: points taken, ledger written and task recorded in one transaction, or none of it."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.core import context
from app.core.errors import Unauthorized
from app.core.ids import new_id
from app.emoji.tasks import orders
from app.emoji.tasks.exceptions import (
    IdempotencyMismatch,
    PhotoUnsuitable,
    TooManyTasks,
    UnknownEngine,
    UnknownTemplate,
)
from app.emoji.tasks.job_names import RUN, run_key
from app.emoji.tasks.metrics import TASKS_CREATED
from app.emoji.tasks.models import EmojiTask
from app.emoji.templates import service as templates
from app.media import service as media
from app.points import repository as accounts
from app.points import service as points

if TYPE_CHECKING:
    from uuid import UUID

    from app.core.database import Session
    from app.core.i18n import Lang
    from app.core.settings import Settings
    from app.emoji.tasks.schemas import TaskCreate
    from app.emoji.tasks.views import TaskView
    from app.jobs.queue import Queue
    from app.media.repository import HeldPhoto

_HEAD_START: Final = timedelta(seconds=1)
"""How long the sweeper leaves a new task to the process that created it."""


async def create_task(
    session: Session,
    queue: Queue,
    settings: Settings,
    *,
    user_id: UUID,
    photo_id: UUID,
    request: TaskCreate,
    idempotency_key: str | None,
    lang: Lang,
) -> EmojiTask | TaskView:
    """Charge and record a task; once it is committed, put it into the queue.

    The row says itself that it has to be enqueued, so a process that dies after the commit, or a Redis that is down,
    costs a moment. A known ``idempotency_key`` gives the task that it made before. Raises UnknownTemplate,
    UnknownEngine, PhotoUnsuitable, InsufficientPoints, TooManyTasks, IdempotencyMismatch,
    media's PhotoNotFound, and Unauthorized when the account was deleted.
    """
    digest = _digest(photo_id, request)
    # One account's creates come one after another: the balance, the limit and the key are looked at undisturbed.
    if not await accounts.lock_account_of_present(session, user_id):
        raise Unauthorized
    if idempotency_key is not None:
        earlier = await orders.get_by_key_or_none(session, user_id, idempotency_key)
        if earlier is not None:
            if earlier.request_hash != digest:
                raise IdempotencyMismatch
            return await session.get_one(EmojiTask, earlier.id)
    engine = request.engine or settings.ENGINE
    if engine != settings.ENGINE:
        raise UnknownEngine(engine=engine)
    if not await templates.is_offered(session, request.driven_id, engine):
        raise UnknownTemplate(driven_id=request.driven_id)
    _check(await media.hold_photo(session, user_id, photo_id), lang)
    if await orders.count_open(session, user_id) >= settings.EMOJI_MAX_ACTIVE:
        raise TooManyTasks(limit=settings.EMOJI_MAX_ACTIVE)
    task_id = new_id()
    await points.take(session, user_id, settings.EMOJI_COST, f"task:{task_id}")
    task = await orders.insert_task(
        session,
        task_id=task_id,
        owner_id=user_id,
        of_photo=photo_id,
        template=request.driven_id,
        words=request.caption,
        lang=lang,
        by=engine,
        cost=settings.EMOJI_COST,
        key=idempotency_key,
        digest=digest,
        request=context.request_id.get(),
        head_start=_HEAD_START,
        time_left=timedelta(seconds=settings.EMOJI_DEADLINE_SECONDS),
    )

    async def enqueue() -> None:
        TASKS_CREATED.inc()
        await queue.enqueue(RUN, key=run_key(task_id, 0), task_id=str(task_id))

    session.after_commit(enqueue)
    return task


def _check(photo: HeldPhoto, lang: Lang) -> None:
    detection = photo.detection or {}
    if detection.get("passed"):
        return
    reasons = [
        {"code": reason["code"], "message": reason["message"][lang]}
        for reason in detection.get("reasons", [])
        if reason.get("refuses", True)
    ]
    raise PhotoUnsuitable(reason=reasons[0]["message"] if reasons else "", details={"reasons": reasons})


def _digest(photo_id: UUID, request: TaskCreate) -> str:
    """What makes two requests the same, however their links were signed."""
    content = [str(photo_id), request.driven_id, request.caption, request.engine]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
