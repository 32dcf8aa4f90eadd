"""Routes of tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.core.answers import failing
from app.core.http import DatabaseDep, LangDep, PagingDep, SessionDep, SettingsDep, SignalsDep
from app.core.ratelimit import limit_by_account
from app.core.schemas import Envelope, Listing
from app.emoji.tasks import creation, ending, repository, views
from app.emoji.tasks.dependencies import IdempotencyKey, QueueDep
from app.emoji.tasks.exceptions import TaskNotFound
from app.emoji.tasks.reading import read_task
from app.emoji.tasks.schemas import HistoryFilter, TaskCreate, TaskRead
from app.emoji.tasks.watching import watch_task
from app.media.dependencies import LinkerDep, StorageDep
from app.users.dependencies import CallerId, CurrentUser, require_account, require_user

router = APIRouter(prefix="/emoji", tags=["emoji"])
_PING_SECONDS = 15
_CREATE_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    402: failing("Not enough points"),
    409: failing("The Idempotency-Key was used for something else"),
}


@router.post("/create", dependencies=[Depends(limit_by_account("create", "RATE_CREATE"))], responses=_CREATE_REFUSALS)
async def create(
    caller_id: CallerId,
    database: DatabaseDep,
    queue: QueueDep,
    settings: SettingsDep,
    linker: LinkerDep,
    lang: LangDep,
    request: TaskCreate,
    idempotency_key: IdempotencyKey = None,
) -> Envelope[TaskRead]:
    """Order a sticker. Points are taken and the task is recorded together, or neither."""
    photo_id = request.photo_id or linker.photo_id_of(request.image_url or "")
    async with database.transaction() as session:
        task = await creation.create_task(
            session,
            queue,
            settings,
            user_id=caller_id,
            photo_id=photo_id,
            request=request,
            idempotency_key=idempotency_key,
            lang=lang,
        )
    return Envelope(data=await read_task(task, lang, linker.link))


@router.get("/task/{task_id}")
async def read(
    caller_id: CallerId, database: DatabaseDep, linker: LinkerDep, lang: LangDep, task_id: UUID
) -> Envelope[TaskRead]:
    """How far a task is, and its sticker once it is done."""
    async with database.reads() as reads:
        await require_account(reads, caller_id)
        task = await views.read_task_or_none(reads, caller_id, task_id)
    if task is None:
        raise TaskNotFound
    return Envelope(data=await read_task(task, lang, linker.link))


@router.get(
    "/task/{task_id}/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "`task` events: the task as JSON"}},
)
async def watch(
    caller_id: CallerId, database: DatabaseDep, signals: SignalsDep, linker: LinkerDep, lang: LangDep, task_id: UUID
) -> EventSourceResponse:
    """The same as server-sent events, from now until the task ends."""
    async with database.read() as session:
        await require_user(session, caller_id)
        if await repository.get_task_or_none(session, caller_id, task_id) is None:
            raise TaskNotFound

    async def events() -> AsyncIterator[ServerSentEvent]:
        async for task in watch_task(database, signals, caller_id, task_id):
            content = await read_task(task, lang, linker.link)
            yield ServerSentEvent(event="task", data=content.model_dump_json())

    return EventSourceResponse(events(), ping=_PING_SECONDS, headers={"X-Accel-Buffering": "no"})


@router.post("/task/{task_id}/cancel", responses={409: failing("It has started, or is over")})
async def cancel(
    user: CurrentUser, session: SessionDep, linker: LinkerDep, lang: LangDep, task_id: UUID
) -> Envelope[TaskRead]:
    """Cancel a task that still waits; its points come back."""
    task = await ending.cancel_task(session, user.id, task_id)
    return Envelope(data=await read_task(task, lang, linker.link))


@router.post("/task/{task_id}/like")
async def like(user: CurrentUser, session: SessionDep, task_id: UUID) -> Envelope[None]:
    """Mark a sticker."""
    if not await repository.set_liked(session, user.id, task_id, liked=True):
        raise TaskNotFound
    return Envelope(data=None)


@router.delete("/task/{task_id}/like")
async def unlike(user: CurrentUser, session: SessionDep, task_id: UUID) -> Envelope[None]:
    """Take the mark away."""
    if not await repository.set_liked(session, user.id, task_id, liked=False):
        raise TaskNotFound
    return Envelope(data=None)


@router.delete("/task/{task_id}", responses={409: failing("It is being worked on")})
async def delete(user: CurrentUser, session: SessionDep, storage: StorageDep, task_id: UUID) -> Envelope[None]:
    """Remove a task and its files. One that waits is cancelled first."""
    await ending.delete_task(session, storage, user.id, task_id)
    return Envelope(data=None)


@router.get("/history")
async def history(
    caller_id: CallerId,
    database: DatabaseDep,
    linker: LinkerDep,
    lang: LangDep,
    paging: PagingDep,
    filters: Annotated[HistoryFilter, Query()],
) -> Envelope[Listing[TaskRead]]:
    """The caller's tasks, newest first."""
    async with database.reads() as reads:
        await require_account(reads, caller_id)
        rows, count = await views.read_page(
            reads, caller_id, status=filters.status, kind=filters.type, limit=paging.page_size, offset=paging.offset
        )
    return Envelope(data=Listing(data=[await read_task(row, lang, linker.link) for row in rows], count=count))
