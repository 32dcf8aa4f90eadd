"""What is kept, and for how long."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app.core.database import Session
from app.core.ids import new_id
from app.media import retention as module
from app.media.exceptions import PhotoNotFound, StorageUnavailable
from app.media.keys import incoming_key, photo_key, result_key
from app.media.models import Photo, PhotoStatus
from app.media.retention import Retention
from app.media.service import delete_photos_of_user, get_photo_key_or_none, get_ready_photo
from app.media.storage import Storage
from tests.media.photos import all_photos, files_in, make_photo, make_user, once

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from app.core.database import Database
    from app.core.settings import Settings

pytestmark = pytest.mark.anyio
TWO_DAYS = 2 * 86_400


class Tasks:
    """What the domain above answers."""

    def __init__(self) -> None:
        self.needed: set[UUID] = set()
        self.prefixes: dict[UUID, str | None] = {}

    async def photo_in_use(self, _session: Session, photo_id: UUID) -> bool:
        return photo_id in self.needed

    async def result_prefixes(self, _session: Session, task_ids: Sequence[UUID]) -> dict[UUID, str | None]:
        return {task_id: prefix for task_id, prefix in self.prefixes.items() if task_id in task_ids}


@pytest.fixture
async def media(settings: Settings) -> AsyncIterator[Storage]:
    opened = Storage.from_settings(settings)
    yield opened
    await opened.close()


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


@pytest.fixture
def retention(database: Database, media: Storage, tasks: Tasks) -> Retention:
    return Retention(database, media, photo_in_use=tasks.photo_in_use, result_prefixes=tasks.result_prefixes)


def grow_old(folder: Path, *keys: str) -> None:
    moment = time.time() - TWO_DAYS
    for key in keys:
        os.utime(folder / key, (moment, moment))


async def store(storage: Storage, *keys: str) -> None:
    for key in keys:
        await storage.put_stream(key, once(b"content"), limit=100)


class TestPhotos:
    async def test_their_time_is_over(
        self, retention: Retention, database: Database, media: Storage, settings: Settings
    ) -> None:
        user = await make_user(database)
        old = await make_photo(database, media, user, days_left=-0.01)
        kept = await make_photo(database, media, user, days_left=0.01)
        await retention.run()
        rows = {photo.id: photo for photo in await all_photos(database)}
        assert files_in(settings.MEDIA_ROOT) == [kept.key]
        assert rows[kept.id].deleted_at is None
        gone = rows[old.id]
        assert gone.deleted_at is not None
        assert (gone.key, gone.detection, gone.error) == (None, None, None)

    async def test_one_that_a_task_needs_stays(
        self, retention: Retention, database: Database, media: Storage, tasks: Tasks
    ) -> None:
        photo = await make_photo(database, media, await make_user(database), days_left=-5)
        tasks.needed.add(photo.id)
        await retention.run()
        assert photo.key is not None
        assert await media.head(photo.key)
        tasks.needed.clear()
        await retention.run()
        assert [row.key for row in await all_photos(database)] == [None]

    async def test_more_than_one_batch(
        self,
        retention: Retention,
        database: Database,
        media: Storage,
        tasks: Tasks,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "_BATCH", 3)
        user = await make_user(database)
        photos = [await make_photo(database, media, user, days_left=-1) for _ in range(10)]
        tasks.needed.update(photo.id for photo in photos[:4])
        assert await retention.delete_due_photos() == 6
        assert len(files_in(settings.MEDIA_ROOT)) == 4

    async def test_killed_before_the_file_was_removed(
        self, retention: Retention, database: Database, media: Storage, settings: Settings
    ) -> None:
        await make_photo(database, media, await make_user(database))
        async with database.transaction() as session:
            await session.execute(update(Photo).values(deleted_at=func.now()))
        await retention.run()
        assert files_in(settings.MEDIA_ROOT) == []
        assert [photo.key for photo in await all_photos(database)] == [None]

    async def test_uploads_that_nobody_finished(
        self, retention: Retention, database: Database, media: Storage, settings: Settings
    ) -> None:
        photo_id = new_id()
        await store(media, incoming_key(photo_id))
        await make_photo(
            database,
            media,
            await make_user(database),
            id=photo_id,
            key=incoming_key(photo_id),
            status=PhotoStatus.PENDING,
            days_left=-1,
        )
        grow_old(settings.MEDIA_ROOT, *[key for key in files_in(settings.MEDIA_ROOT) if key.startswith("photos")])
        await retention.run()
        assert files_in(settings.MEDIA_ROOT) == []

    async def test_refused_rows_go(self, retention: Retention, database: Database, media: Storage) -> None:
        user = await make_user(database)
        for age in (timedelta(days=2), timedelta(hours=2)):
            photo = await make_photo(database, media, user, key=None, status=PhotoStatus.REFUSED)
            async with database.transaction() as session:
                await session.execute(update(Photo).where(Photo.id == photo.id).values(created_at=func.now() - age))
        await retention.run()
        assert len(await all_photos(database)) == 1

    async def test_a_task_is_created_at_this_moment(
        self, retention: Retention, database: Database, media: Storage, tasks: Tasks
    ) -> None:
        """Whoever holds the photo in a transaction keeps it; whoever comes later finds it gone."""
        user = await make_user(database)
        photo = await make_photo(database, media, user, days_left=0.00001)
        async with database.transaction() as session:
            await get_ready_photo(session, user, photo.id)
            await asyncio.sleep(1)
            await retention.run()
        assert photo.key is not None
        assert await media.head(photo.key)
        await retention.run()
        async with database.transaction() as session:
            with pytest.raises(PhotoNotFound):
                await get_ready_photo(session, user, photo.id)


class TestLeftovers:
    async def test_uploads_and_probes(self, retention: Retention, media: Storage, settings: Settings) -> None:
        old, probe, young = incoming_key(new_id()), f"probe/{new_id()}", incoming_key(new_id())
        await store(media, old, probe, young)
        grow_old(settings.MEDIA_ROOT, old, probe)
        await retention.run()
        assert files_in(settings.MEDIA_ROOT) == [young]

    async def test_photos_without_a_row(
        self, retention: Retention, database: Database, media: Storage, settings: Settings
    ) -> None:
        known = await make_photo(database, media, await make_user(database))
        orphan, young = photo_key(new_id(), "png"), photo_key(new_id(), "jpg")
        other_kind = photo_key(known.id, "png")
        await store(media, orphan, young, other_kind)
        assert known.key is not None
        grow_old(settings.MEDIA_ROOT, known.key, orphan, other_kind)
        await retention.run()
        assert files_in(settings.MEDIA_ROOT) == sorted([known.key, young])

    async def test_results_that_no_task_points_at(
        self, retention: Retention, media: Storage, tasks: Tasks, settings: Settings
    ) -> None:
        done, failed, unknown, running = new_id(), new_id(), new_id(), new_id()
        tasks.prefixes = {done: f"results/{done}/2", failed: None}
        kept = [result_key(done, "2", "sticker.gif"), result_key(done, "2", "poster.webp")]
        swept = [
            result_key(done, "1", "sticker.gif"),
            result_key(done, "22", "sticker.gif"),
            result_key(failed, "1", "sticker.gif"),
            result_key(unknown, "1", "sticker.gif"),
        ]
        young = result_key(running, "1", "sticker.gif")
        await store(media, *kept, *swept, young)
        grow_old(settings.MEDIA_ROOT, *kept, *swept)
        await retention.run()
        assert files_in(settings.MEDIA_ROOT) == sorted([*kept, young])

    async def test_half_written_files(self, retention: Retention, media: Storage, settings: Settings) -> None:
        key = photo_key(new_id(), "jpg")
        await store(media, key)
        (settings.MEDIA_ROOT / f"{key}#1").write_bytes(b"half")
        grow_old(settings.MEDIA_ROOT, f"{key}#1")
        await retention.run()
        assert files_in(settings.MEDIA_ROOT) == [key]

    async def test_a_failing_step_does_not_stop_the_others(
        self, retention: Retention, media: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail() -> int:
            raise StorageUnavailable

        monkeypatch.setattr(retention, "delete_due_photos", fail)
        fail.__name__ = "delete_due_photos"
        old = incoming_key(new_id())
        await store(media, old)
        grow_old(settings.MEDIA_ROOT, old)
        await retention.run()
        assert files_in(settings.MEDIA_ROOT) == []

    async def test_names_that_are_not_ours_are_left_alone(
        self, retention: Retention, media: Storage, settings: Settings
    ) -> None:
        """Somebody's notes, or a file manager's: neither removed, nor a reason to leave the rest to lie there."""
        foreign = [f"{folder}/.DS_Store" for folder in ("incoming", "photos", "probe", "results")]
        for key in foreign:
            path = settings.MEDIA_ROOT / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"not ours")
        ours = [incoming_key(new_id()), photo_key(new_id(), "jpg"), result_key(new_id(), "1", "sticker.gif")]
        await store(media, *ours)
        grow_old(settings.MEDIA_ROOT, *foreign, *ours)
        await retention.run()
        assert files_in(settings.MEDIA_ROOT) == sorted(foreign)

    async def test_a_bug_in_a_step_does_not_stop_the_others(
        self, retention: Retention, media: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def delete_due_photos() -> int:
            raise ZeroDivisionError

        monkeypatch.setattr(retention, "delete_due_photos", delete_due_photos)
        old = incoming_key(new_id())
        await store(media, old)
        grow_old(settings.MEDIA_ROOT, old)
        await retention.run()
        assert files_in(settings.MEDIA_ROOT) == []

    async def test_a_photo_that_is_being_prepared_stays_whatever_the_clocks_say(
        self, retention: Retention, database: Database, media: Storage, settings: Settings
    ) -> None:
        pending = await make_photo(database, media, await make_user(database), status=PhotoStatus.PENDING)
        async with database.transaction() as session:
            await session.execute(update(Photo).values(key=incoming_key(pending.id)))
        made = photo_key(pending.id, "jpg")
        await store(media, made)
        grow_old(settings.MEDIA_ROOT, made)
        await retention.run()
        assert made in files_in(settings.MEDIA_ROOT)


class TestAccounts:
    async def test_all_photos_go_at_once(self, database: Database, media: Storage, settings: Settings) -> None:
        leaving, staying = await make_user(database), await make_user(database)
        photos = [await make_photo(database, media, leaving) for _ in range(3)]
        kept = await make_photo(database, media, staying)
        await delete_photos_of_user(database, media, leaving)
        assert files_in(settings.MEDIA_ROOT) == [kept.key]
        async with database.read() as session:
            for photo in photos:
                assert await get_photo_key_or_none(session, photo.id) is None
                with pytest.raises(PhotoNotFound):
                    await get_ready_photo(session, leaving, photo.id)
            found = await session.scalars(select(Photo).where(Photo.user_id == leaving))
            assert {(photo.key, photo.detection) for photo in found} == {(None, None)}

    async def test_until_it_succeeds(
        self, database: Database, media: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        user = await make_user(database)
        photo = await make_photo(database, media, user)

        async def fail(_keys: Any) -> None:
            raise StorageUnavailable

        with monkeypatch.context() as patch:
            patch.setattr(media, "delete", fail)
            with pytest.raises(StorageUnavailable):
                await delete_photos_of_user(database, media, user)
        async with database.read() as session:
            assert await get_photo_key_or_none(session, photo.id) is None
        await delete_photos_of_user(database, media, user)
        assert files_in(settings.MEDIA_ROOT) == []


class TestFinding:
    async def test_only_ready_photos_of_ones_own(self, database: Database, media: Storage) -> None:
        owner, other = await make_user(database), await make_user(database)
        photo = await make_photo(database, media, owner)
        expired = await make_photo(database, media, owner, days_left=-1)
        pending = await make_photo(database, media, owner, status=PhotoStatus.PENDING)
        async with database.read() as session:
            assert (await get_ready_photo(session, owner, photo.id)).id == photo.id
            assert await get_photo_key_or_none(session, photo.id) == photo.key
            for user, photo_id in ((other, photo.id), (owner, expired.id), (owner, pending.id), (owner, new_id())):
                with pytest.raises(PhotoNotFound):
                    await get_ready_photo(session, user, photo_id)
