"""Uploads, rows and files for the tests of photos."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.core.ids import new_id
from app.media.keys import photo_key
from app.media.models import Photo, PhotoStatus
from app.users.repository import insert_user
from tests.photo_files import quarters, stored

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path
    from uuid import UUID

    from app.core.database import Database
    from app.media.storage import Storage


@cache
def jpeg(comment: str = "") -> bytes:
    """A small photo; what the fake engine makes of it is told by the comment."""
    return stored(quarters(), "JPEG", comment=comment)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def make_user(database: Database) -> UUID:
    async with database.transaction() as session:
        return await insert_user(session, "tester")


async def all_photos(database: Database) -> Sequence[Photo]:
    async with database.read() as session:
        return (await session.scalars(select(Photo).order_by(Photo.id))).all()


async def make_photo(
    database: Database, storage: Storage, user_id: UUID, *, days_left: float = 30, **values: Any
) -> Photo:
    """A ready photo with its file."""
    photo_id = new_id()
    key = photo_key(photo_id, "jpg")
    await storage.put_stream(key, once(jpeg()), limit=10**7)
    given: dict[str, Any] = {
        "id": photo_id,
        "user_id": user_id,
        "status": PhotoStatus.READY,
        "key": key,
        "content_type": "image/jpeg",
        "width": 480,
        "height": 420,
        "size_bytes": len(jpeg()),
        "detection": {"passed": True, "face_bbox": [1, 2, 3, 4], "ext_bbox": [0, 0, 9, 9], "reasons": []},
        "expires_at": func.now() + timedelta(days=days_left),
    }
    photo = Photo(**{**given, **values})
    async with database.transaction() as session:
        session.add(photo)
        await session.flush()
        await session.refresh(photo)
    return photo
