"""Making the sticker of a task that is held: the photo fetched, frames rendered, files put where they belong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from app.engines.base import Bilingual, EngineFailed, GenerateRequest
from app.media import service as media
from app.media.exceptions import FileGone
from app.media.keys import RESULTS, result_key
from app.media.scratch import scratch_folder

if TYPE_CHECKING:
    from uuid import UUID

    from app.core.database import Database
    from app.core.settings import Settings
    from app.emoji.tasks.holding import Hold
    from app.emoji.tasks.models import EmojiTask
    from app.engines.base import Engine, Generated, OutputFormat, Progress
    from app.media.storage import Storage

_RENDERED = 0.9
"""The share of the whole that rendering is; the rest is storing."""


class PhotoGone(EngineFailed):
    """The photo was deleted before its sticker was made."""

    code = "photo_gone"
    default_message = Bilingual(
        "照片已被删除，积分已退还。请重新上传照片。", "The photo was deleted; the points are back. Upload it again."
    )


class StickerMaker:
    """Engine and storage put together."""

    def __init__(self, settings: Settings, database: Database, storage: Storage, engine: Engine) -> None:
        self._settings = settings
        self._database = database
        self._storage = storage
        self._engine = engine

    async def make(self, task: EmojiTask, photo_key: str | None, hold: Hold) -> dict[str, Any]:
        """The result of a task as it is stored. Files lie under a name of this attempt alone.

        Raises EngineFailure, and StorageUnavailable.
        """
        if photo_key is None:
            raise PhotoGone
        with scratch_folder() as folder:
            photo = folder / Path(photo_key).name
            try:
                await self._storage.fetch(photo_key, photo)
            except FileGone:
                raise PhotoGone from None
            made = folder / "made"
            made.mkdir()
            generated = await self._engine.generate(
                GenerateRequest(
                    photo=photo,
                    driven_id=task.driven_id,
                    target_dir=made,
                    caption=task.caption,
                    lang="zh" if task.language == "zh" else "en",
                    formats=cast("tuple[OutputFormat, ...]", tuple(self._settings.EMOJI_FORMATS)),
                    size=self._settings.EMOJI_SIZE,
                ),
                lambda share: hold.report(share * _RENDERED),
            )
            return await self._store(generated, task.id, hold.token, hold.report)

    async def discard(self, prefix: str) -> None:
        """Remove files that nobody will see any more. Raises StorageUnavailable."""
        await self._storage.delete([file.key async for file in self._storage.list(prefix)])

    async def delete_photos(self, user_id: UUID) -> None:
        """Remove all photos of a deleted account. Raises StorageUnavailable."""
        await media.delete_photos_of_user(self._database, self._storage, user_id)

    async def _store(self, generated: Generated, task_id: UUID, token: UUID, report: Progress) -> dict[str, Any]:
        files: dict[str, Any] = {}
        everything = [*generated.files.items(), ("poster", generated.poster)]
        for done, (kind, file) in enumerate(everything, start=1):
            name = f"poster{file.path.suffix}" if kind == "poster" else f"sticker.{kind}"
            key = result_key(task_id, token, name)
            await self._storage.put_file(key, file.path)
            files[kind] = {"key": key, "bytes": file.bytes}
            report(_RENDERED + (1 - _RENDERED) * done / len(everything))
        return {
            "prefix": f"{RESULTS}/{task_id}/{token}",
            "files": files,
            "width": generated.width,
            "height": generated.height,
            "duration_ms": generated.duration_ms,
            "frames": generated.frames,
        }
