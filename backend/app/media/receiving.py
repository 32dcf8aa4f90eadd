"""An upload on its way to a photo: looked at by its header, stored, recorded, and prepared by a worker meanwhile
the request waits.

The server itself decodes nothing. Whatever happens, the caller gets the photo or a reason, and of an upload that came
to nothing neither row nor file is left.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, BinaryIO, Final

import structlog
from sqlalchemy import func

from app.core.errors import TooLarge, Unauthorized
from app.core.ids import new_id
from app.media import repository
from app.media.exceptions import PictureRefused, PrepareFailed, PrepareTimeout
from app.media.headers import inspect_file
from app.media.job_names import PREPARE, photo_channel, prepare_key
from app.media.keys import incoming_key
from app.media.models import Photo, PhotoStatus
from app.users.repository import get_user_or_none

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from app.core.database import Database
    from app.core.signals import Signals
    from app.jobs.queue import Queue
    from app.media.headers import ImageHeader
    from app.media.storage import Storage

MAX_BYTES: Final = 10 * 1024 * 1024
_PIECE_BYTES: Final = 1024 * 1024
_WAIT_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.5
"""How often the row is looked at when no signal comes."""
_ASK_AGAIN_SECONDS: Final = 2.0
"""How often the job is put in again: a queue that was flushed, or a worker that stopped, has forgotten it."""
_DOUBT_SECONDS: Final = 4.0
"""From when on it goes in under another key: the queue keeps that of a worker that was killed for ten seconds."""
_PENDING_LIFETIME: Final = timedelta(days=1)
logger = structlog.get_logger(__name__)


class PhotoReceiver:
    """Takes uploads in."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        queue: Queue,
        signals: Signals,
        *,
        wait_seconds: float = _WAIT_SECONDS,
    ) -> None:
        self._database = database
        self._storage = storage
        self._queue = queue
        self._signals = signals
        self._wait_seconds = wait_seconds

    async def receive(self, user_id: UUID, file: BinaryIO, size: int) -> Photo:
        """The prepared photo of an upload of ``size`` bytes.

        Raises PictureRefused and its kinds, TooLarge, PrepareTimeout, PrepareFailed and StorageUnavailable.
        """
        if size > MAX_BYTES:
            raise TooLarge(limit_mb=MAX_BYTES // 2**20)
        header = inspect_file(file)
        photo_id = new_id()
        deadline = time.monotonic() + self._wait_seconds
        try:
            stored = await self._storage.put_stream(incoming_key(photo_id), _pieces(file), limit=MAX_BYTES)
            async with self._signals.listen(photo_channel(photo_id)) as news:
                await self._record(photo_id, user_id, header, stored)
                photo = await self._await_worker(photo_id, news, deadline)
        except BaseException:
            await asyncio.shield(self._take_back(photo_id))
            raise
        if photo.status == PhotoStatus.REFUSED:
            await self._forget(photo_id)
            raise _refusal(photo)
        return photo

    async def _record(self, photo_id: UUID, user_id: UUID, header: ImageHeader, size: int) -> None:
        async with self._database.transaction() as session:
            # The account may have been deleted while the upload came in.
            if await get_user_or_none(session, user_id) is None:
                raise Unauthorized
            session.add(
                Photo(
                    id=photo_id,
                    user_id=user_id,
                    status=PhotoStatus.PENDING,
                    key=incoming_key(photo_id),
                    content_type=header.content_type,
                    width=header.width,
                    height=header.height,
                    size_bytes=size,
                    expires_at=func.now() + _PENDING_LIFETIME,
                )
            )
            session.after_commit(lambda: self._enqueue(photo_id))

    async def _enqueue(self, photo_id: UUID, *, in_doubt: bool = False) -> bool:
        key = prepare_key(photo_id, in_doubt=in_doubt)
        return await self._queue.enqueue(PREPARE, key=key, photo_id=str(photo_id))

    async def _await_worker(self, photo_id: UUID, news: asyncio.Queue[dict[str, object]], deadline: float) -> Photo:
        begun = asked = time.monotonic()
        while True:
            async with self._database.read() as session:
                photo = await repository.get_photo_or_none(session, photo_id)
            if photo is None:  # the account was deleted in this moment
                raise Unauthorized
            if photo.status != PhotoStatus.PENDING:
                return photo
            now = time.monotonic()
            if now >= deadline:
                async with self._database.transaction() as session:
                    removed = await repository.remove_pending(session, photo_id)
                if not removed:
                    continue  # finished in the last moment
                logger.warning("prepare_timeout", photo_id=str(photo_id))
                raise PrepareTimeout
            if now - asked >= _ASK_AGAIN_SECONDS:
                asked = now
                await self._enqueue(photo_id, in_doubt=now - begun >= _DOUBT_SECONDS)
            try:
                await asyncio.wait_for(news.get(), min(_LOOK_SECONDS, max(0.01, deadline - now)))
            except TimeoutError:
                continue

    async def _take_back(self, photo_id: UUID) -> None:
        """Leave nothing of an upload that nobody waits for any more. One that became a photo in this moment is marked
        as deleted, and retention removes it."""
        try:
            async with self._database.transaction() as session:
                await repository.remove_pending(session, photo_id)
                await repository.mark_deleted(session, [photo_id])
            await self._storage.delete([incoming_key(photo_id)])
        except Exception as error:
            logger.warning("upload_left_behind", photo_id=str(photo_id), error=type(error).__name__)

    async def _forget(self, photo_id: UUID) -> None:
        async with self._database.transaction() as session:
            await repository.remove_refused(session, photo_id)


def _refusal(photo: Photo) -> PictureRefused | PrepareFailed:
    """What the engine said about the upload, as an error of ours."""
    error = photo.error or {}
    kind = PictureRefused if error.get("refused", True) else PrepareFailed
    return kind(texts=error.get("message"), details={"code": error.get("code", kind.code)})


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    await asyncio.to_thread(file.seek, 0)
    while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
        yield piece
