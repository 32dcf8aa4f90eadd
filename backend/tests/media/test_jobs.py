"""The job that prepares a photo may run twice, at once, again after a kill, or too late."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, func, update

from app.core.ids import new_id
from app.core.redis import connect_redis
from app.core.signals import Signals
from app.media.jobs import MediaJobs
from app.media.keys import incoming_key
from app.media.models import Photo, PhotoStatus
from app.media.storage import Storage
from tests.fake_engine import FakeEngine
from tests.media.photos import all_photos, files_in, jpeg, make_photo, make_user, once

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from app.core.database import Database
    from app.core.settings import Settings
    from app.engines.base import Prepared, PrepareRequest

pytestmark = pytest.mark.anyio


async def never(*_arguments: Any) -> bool:
    return False


async def nothing(*_arguments: Any) -> dict[UUID, str | None]:
    return {}


@pytest.fixture
async def signals(settings: Settings) -> AsyncIterator[Signals]:
    redis = connect_redis(settings)
    opened = Signals(redis, settings.REDIS_PREFIX)
    yield opened
    await opened.close()
    await redis.aclose()


@pytest.fixture
async def media(settings: Settings) -> AsyncIterator[Storage]:
    opened = Storage.from_settings(settings)
    yield opened
    await opened.close()


@pytest.fixture
def jobs(settings: Settings, database: Database, media: Storage, signals: Signals) -> MediaJobs:
    return MediaJobs(settings, database, media, FakeEngine(), signals, photo_in_use=never, result_prefixes=nothing)


async def upload(database: Database, storage: Storage, content: bytes | None = None) -> UUID:
    """An upload that waits for the worker."""
    photo_id = new_id()
    await storage.put_stream(incoming_key(photo_id), once(jpeg() if content is None else content), limit=10**7)
    async with database.transaction() as session:
        session.add(
            Photo(
                id=photo_id,
                user_id=await make_user(database),
                status=PhotoStatus.PENDING,
                key=incoming_key(photo_id),
                content_type="image/jpeg",
                width=480,
                height=420,
                size_bytes=1,
                expires_at=func.now(),
            )
        )
    return photo_id


async def test_again_and_again(jobs: MediaJobs, database: Database, media: Storage, settings: Settings) -> None:
    photo_id = await upload(database, media)
    for _ in range(3):
        await jobs.prepare(str(photo_id))
    (photo,) = await all_photos(database)
    assert (photo.status, photo.key) == (PhotoStatus.READY, f"photos/{photo_id}.jpg")
    assert files_in(settings.MEDIA_ROOT) == [photo.key]


async def test_several_at_once(jobs: MediaJobs, database: Database, media: Storage, settings: Settings) -> None:
    photo_id = await upload(database, media)
    await asyncio.gather(*(jobs.prepare(str(photo_id)) for _ in range(5)))
    (photo,) = await all_photos(database)
    assert photo.status == PhotoStatus.READY
    assert files_in(settings.MEDIA_ROOT) == [photo.key]


async def test_killed_after_storing_the_photo(
    jobs: MediaJobs, database: Database, media: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo_id = await upload(database, media)
    put_file = media.put_file

    async def killed(*arguments: Any) -> None:
        await put_file(*arguments)
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(media, "put_file", killed)
        with pytest.raises(asyncio.CancelledError):
            await jobs.prepare(str(photo_id))
    await jobs.prepare(str(photo_id))
    (photo,) = await all_photos(database)
    assert photo.status == PhotoStatus.READY
    assert files_in(settings.MEDIA_ROOT) == [photo.key]


async def test_killed_before_the_upload_was_removed(
    jobs: MediaJobs, database: Database, media: Storage, settings: Settings
) -> None:
    photo_id = await upload(database, media)
    await jobs.prepare(str(photo_id))
    await media.put_stream(incoming_key(photo_id), once(jpeg()), limit=10**7)
    await jobs.prepare(str(photo_id))
    assert files_in(settings.MEDIA_ROOT) == [f"photos/{photo_id}.jpg"]


async def test_deleted_meanwhile(
    jobs: MediaJobs, database: Database, media: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo_id = await upload(database, media)
    put_file = media.put_file

    async def slow(*arguments: Any) -> None:
        await put_file(*arguments)
        async with database.transaction() as session:
            await session.execute(update(Photo).values(deleted_at=func.now()))

    monkeypatch.setattr(media, "put_file", slow)
    await jobs.prepare(str(photo_id))
    assert files_in(settings.MEDIA_ROOT) == []


async def test_refused_keeps_no_file(jobs: MediaJobs, database: Database, media: Storage, settings: Settings) -> None:
    photo_id = await upload(database, media, jpeg("refuse-me"))
    await jobs.prepare(str(photo_id))
    (photo,) = await all_photos(database)
    assert (photo.status, photo.key) == (PhotoStatus.REFUSED, None)
    assert photo.error == {
        "code": "broken_file",
        "message": {"zh": "图片坏了。", "en": "The picture is broken."},
        "refused": True,
    }
    assert files_in(settings.MEDIA_ROOT) == []


async def test_unknown_and_finished_photos(jobs: MediaJobs, database: Database, media: Storage) -> None:
    await jobs.prepare(str(new_id()))
    photo = await make_photo(database, media, await make_user(database))
    await jobs.prepare(str(photo.id))
    assert (await all_photos(database))[0].prepared_at is None


async def test_temporary_files_go(
    jobs: MediaJobs, database: Database, media: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    for content in (jpeg(), jpeg("refuse-me")):
        await jobs.prepare(str(await upload(database, media, content)))
    assert list((tmp_path / "temporary").iterdir()) == []


async def test_who_has_given_up_is_not_worked_for(
    settings: Settings, database: Database, media: Storage, signals: Signals
) -> None:
    """Of a crowd only a few are in the engine's hands: the others are looked at again in their turn."""
    go_on = asyncio.Event()
    calls = 0

    class Patient(FakeEngine):
        async def prepare(self, request: PrepareRequest) -> Prepared:
            nonlocal calls
            calls += 1
            await go_on.wait()
            return await super().prepare(request)

    jobs = MediaJobs(settings, database, media, Patient(), signals, photo_in_use=never, result_prefixes=nothing)
    photos = [await upload(database, media) for _ in range(20)]
    running = [asyncio.create_task(jobs.prepare(str(photo))) for photo in photos]
    while not calls:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    async with database.transaction() as session:
        await session.execute(delete(Photo).where(Photo.id.in_(photos)))
    go_on.set()
    await asyncio.gather(*running)
    assert calls <= 3
    assert files_in(settings.MEDIA_ROOT) == []
