"""Jobs about photos and files: preparing uploads, and the daily tidying up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog
from sqlalchemy import func

from app.engines.base import (
    Cancelled,
    EngineCrashed,
    EngineFailure,
    InputRefused,
    OutOfMemory,
    Prepared,
    PrepareRequest,
    TimedOut,
)
from app.jobs.job import Job
from app.media import repository
from app.media.exceptions import FileGone, StorageUnavailable
from app.media.job_names import PREPARE, RETENTION, photo_channel
from app.media.keys import incoming_key, photo_key
from app.media.models import PhotoStatus
from app.media.retention import Retention
from app.media.scratch import scratch_folder
from app.media.turns import Turns

if TYPE_CHECKING:
    from pathlib import Path

    from app.core.database import Database
    from app.core.settings import Settings
    from app.core.signals import Signals
    from app.engines.base import Engine
    from app.media.retention import PhotoInUse, ResultPrefixes
    from app.media.storage import Storage

_ATTEMPTS: Final = 2
"""How often a photo is tried when the engine breaks down over it, while somebody waits."""
_AT_ONCE: Final = 3
"""Photos in hand: one with the engine, while the next is fetched and the last one stored. Those behind them wait where
it is still looked whether anybody waits for them: an engine with a long queue would work for people who have gone."""
_CROWD: Final = 12
"""So many are served within two seconds or three, and everybody waits at most ten."""
_SUFFIXES: Final = {"image/jpeg": "jpg", "image/png": "png"}
_PHOTOS_FAULT: Final = (InputRefused, EngineCrashed, OutOfMemory, TimedOut)
"""Failures that another photo helps against; the others are ours."""
_LOST: Final = {
    "code": "upload_lost",
    "message": {"zh": "上传的文件不见了，请重新上传。", "en": "The uploaded file was lost. Please upload it again."},
    "refused": False,
}
logger = structlog.get_logger(__name__)


class MediaJobs:
    """Jobs of this domain, with what they work with."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        storage: Storage,
        engine: Engine,
        signals: Signals,
        *,
        photo_in_use: PhotoInUse,
        result_prefixes: ResultPrefixes,
    ) -> None:
        self._settings = settings
        self._database = database
        self._storage = storage
        self._engine = engine
        self._signals = signals
        self._turns = Turns(_AT_ONCE, crowd=_CROWD)
        self._retention = Retention(database, storage, photo_in_use=photo_in_use, result_prefixes=result_prefixes)

    def jobs(self) -> list[Job]:
        """For the registry."""
        return [Job(PREPARE, self.prepare), Job(RETENTION, self._retention.run, cron="23 3 * * *")]

    async def prepare(self, photo_id: str) -> None:
        """Make an upload a photo: decoded, upright, without metadata, its face found. May run any number of times.

        When the storage or the worker stops, it ends without a word: whoever waits puts it in again.
        """
        async with self._turns.turn():
            await self._prepare(UUID(photo_id))

    async def _prepare(self, identifier: UUID) -> None:
        async with self._database.read() as session:
            photo = await repository.get_photo_or_none(session, identifier)
        if photo is None or photo.status != PhotoStatus.PENDING:
            await self._tidy(identifier, None)  # the run before may have been killed just before it did
            return
        try:
            with scratch_folder() as folder:
                outcome = await self._outcome(identifier, folder)
        except (StorageUnavailable, Cancelled) as error:
            logger.warning("prepare_put_off", photo_id=str(identifier), error=type(error).__name__)
            return
        async with self._database.transaction() as session:
            settled = await repository.settle_photo(session, identifier, **outcome)
        await self._signals.publish(photo_channel(identifier))
        await self._tidy(identifier, None if settled else outcome.get("key"))
        logger.info("photo_prepared", photo_id=str(identifier), status=outcome["status"], settled=settled)

    async def _outcome(self, photo_id: UUID, folder: Path) -> dict[str, Any]:
        """What the row is to say; a photo that can be used lies in its place by then."""
        source = folder / "upload"
        try:
            await self._storage.fetch(incoming_key(photo_id), source)
        except FileGone:
            return {"status": PhotoStatus.REFUSED, "error": _LOST, "key": None}
        target = folder / "prepared"
        target.mkdir()
        try:
            prepared = await self._prepared(source, target)
        except Cancelled:
            raise
        except EngineFailure as error:
            logger.warning("photo_refused", photo_id=str(photo_id), code=error.code, error=type(error).__name__)
            described = {
                "code": error.code,
                "message": error.message.as_dict(),
                "refused": isinstance(error, _PHOTOS_FAULT),
            }
            return {"status": PhotoStatus.REFUSED, "error": described, "key": None}
        key = photo_key(photo_id, _SUFFIXES[prepared.content_type])
        await self._storage.put_file(key, prepared.file)
        return {
            "status": PhotoStatus.READY,
            "key": key,
            "content_type": prepared.content_type,
            "width": prepared.width,
            "height": prepared.height,
            "size_bytes": prepared.bytes,
            "detection": _detection(prepared),
            "expires_at": func.now() + timedelta(days=self._settings.PHOTO_RETENTION_DAYS),
        }

    async def _prepared(self, source: Path, target: Path) -> Prepared:
        attempt = 1
        while True:
            try:
                return await self._engine.prepare(PrepareRequest(source=source, target_dir=target))
            except EngineFailure as error:
                settled = isinstance(error, Cancelled | TimedOut)  # nobody waits long enough for a second try
                if settled or attempt >= min(error.max_attempts or _ATTEMPTS, _ATTEMPTS):
                    raise
                attempt += 1

    async def _tidy(self, photo_id: UUID, made: str | None) -> None:
        """Remove the upload, and the photo that was ``made`` of it when nobody waits for that any more."""
        keys = [incoming_key(photo_id)]
        if made is not None:
            async with self._database.read() as session:
                photo = await repository.get_photo_or_none(session, photo_id)
            # Another run of this job may have been quicker: then the same file is in use.
            if photo is None or photo.key != made:
                keys.append(made)
        try:
            await self._storage.delete(keys)
        except StorageUnavailable:
            logger.warning("files_left_behind", photo_id=str(photo_id))  # the daily sweep takes them away


def _detection(prepared: Prepared) -> dict[str, Any]:
    return {
        "passed": prepared.passed,
        "face_bbox": prepared.face_box,
        "ext_bbox": prepared.ext_box,
        "reasons": [
            {"code": reason.code, "message": reason.message.as_dict(), "refuses": reason.refuses}
            for reason in prepared.reasons
        ],
    }
