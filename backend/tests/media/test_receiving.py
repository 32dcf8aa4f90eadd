"""What becomes of an upload when something is away, slow, or killed meanwhile."""

from __future__ import annotations

import asyncio
import io
import time
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from app.core.errors import TooLarge, Unauthorized
from app.core.redis import connect_redis
from app.core.signals import Signals
from app.engines.base import Bilingual, Cancelled, EngineCrashed, EngineFailed, EngineFailure, OutOfMemory, TimedOut
from app.media.exceptions import PictureRefused, PrepareFailed, PrepareTimeout, StorageUnavailable
from app.media.models import PhotoStatus
from app.media.receiving import MAX_BYTES, PhotoReceiver
from app.media.service import delete_photos_of_user
from app.media.storage import Storage
from app.users.repository import erase
from tests.fake_engine import FakeEngine
from tests.media.photos import all_photos, files_in, jpeg, make_user
from tests.media.storages import s3_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from app.core.database import Database
    from app.core.settings import Settings
    from app.engines.base import Prepared, PrepareRequest
    from app.jobs.queue import Queue
    from app.media.models import Photo
    from tests.conftest import StartWorker
    from tests.media.fake_s3 import FakeS3

pytestmark = [pytest.mark.anyio, pytest.mark.long(22)]


class WaywardEngine(FakeEngine):
    """Fails as often as it is told to, or waits until it may go on."""

    def __init__(self, *failures: EngineFailure) -> None:
        super().__init__()
        self.failures = list(failures)
        self.calls = 0
        self.arrived = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def prepare(self, request: PrepareRequest) -> Prepared:
        self.calls += 1
        self.arrived.set()
        await self.go_on.wait()
        if self.failures:
            raise self.failures.pop(0)
        return await super().prepare(request)


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    client = connect_redis(settings)
    yield client
    await client.aclose()


@pytest.fixture
async def signals(settings: Settings, redis: Redis) -> AsyncIterator[Signals]:
    opened = Signals(redis, settings.REDIS_PREFIX)
    yield opened
    await opened.close()


@pytest.fixture
async def media(settings: Settings) -> AsyncIterator[Storage]:
    opened = Storage.from_settings(settings)
    yield opened
    await opened.close()


@pytest.fixture
async def user_id(database: Database) -> UUID:
    return await make_user(database)


@pytest.fixture
def receiver(database: Database, media: Storage, queue: Queue, signals: Signals) -> PhotoReceiver:
    return PhotoReceiver(database, media, queue, signals, wait_seconds=8)


async def receive(receiver: PhotoReceiver, user_id: UUID, content: bytes | None = None) -> Photo:
    content = jpeg() if content is None else content
    return await receiver.receive(user_id, io.BytesIO(content), len(content))


async def nothing_is_left(database: Database, settings: Settings) -> bool:
    await asyncio.sleep(0.2)
    return list(await all_photos(database)) == [] and files_in(settings.MEDIA_ROOT) == []


class TestWaiting:
    async def test_no_worker(
        self, database: Database, media: Storage, queue: Queue, signals: Signals, settings: Settings, user_id: UUID
    ) -> None:
        receiver = PhotoReceiver(database, media, queue, signals, wait_seconds=0.5)
        started = time.monotonic()
        with pytest.raises(PrepareTimeout):
            await receive(receiver, user_id)
        assert 0.5 <= time.monotonic() - started < 2
        assert await nothing_is_left(database, settings)

    async def test_a_worker_that_comes_too_late_does_nothing(
        self,
        database: Database,
        media: Storage,
        queue: Queue,
        signals: Signals,
        settings: Settings,
        user_id: UUID,
        start_worker: StartWorker,
    ) -> None:
        receiver = PhotoReceiver(database, media, queue, signals, wait_seconds=0.3)
        with pytest.raises(PrepareTimeout):
            await receive(receiver, user_id)
        engine = WaywardEngine()
        await start_worker(settings, engine)
        await asyncio.sleep(0.6)
        assert engine.calls == 0
        assert await nothing_is_left(database, settings)

    async def test_given_up_while_the_engine_works(
        self,
        database: Database,
        media: Storage,
        queue: Queue,
        signals: Signals,
        settings: Settings,
        user_id: UUID,
        start_worker: StartWorker,
    ) -> None:
        engine = WaywardEngine()
        engine.go_on.clear()
        await start_worker(settings, engine)
        receiver = PhotoReceiver(database, media, queue, signals, wait_seconds=1)
        with pytest.raises(PrepareTimeout):
            await receive(receiver, user_id)
        engine.go_on.set()
        await asyncio.sleep(0.3)
        assert await nothing_is_left(database, settings)

    async def test_lost_signals_cost_a_moment(
        self, database: Database, media: Storage, queue: Queue, redis: Redis, user_id: UUID, worker: None
    ) -> None:
        deaf = Signals(redis, "another-prefix")
        receiver = PhotoReceiver(database, media, queue, deaf, wait_seconds=8)
        started = time.monotonic()
        assert (await receive(receiver, user_id)).status == PhotoStatus.READY
        assert time.monotonic() - started < 2
        await deaf.close()

    async def test_a_queue_that_forgot_is_asked_again(
        self,
        receiver: PhotoReceiver,
        settings: Settings,
        redis: Redis,
        user_id: UUID,
        start_worker: StartWorker,
    ) -> None:
        waiting = asyncio.create_task(receive(receiver, user_id))
        await asyncio.sleep(0.5)
        keys = [key async for key in redis.scan_iter(f"{settings.REDIS_PREFIX}:*")]
        assert keys
        await redis.delete(*keys)
        await start_worker()
        assert (await waiting).status == PhotoStatus.READY

    async def test_a_worker_that_is_replaced(
        self,
        receiver: PhotoReceiver,
        settings: Settings,
        user_id: UUID,
        start_worker: StartWorker,
    ) -> None:
        stop = await start_worker(settings, WaywardEngine(Cancelled(), Cancelled(), Cancelled()))
        waiting = asyncio.create_task(receive(receiver, user_id))
        await asyncio.sleep(0.5)
        await stop()
        await start_worker()
        assert (await waiting).status == PhotoStatus.READY

    async def test_a_worker_that_was_killed_at_it(
        self,
        receiver: PhotoReceiver,
        settings: Settings,
        user_id: UUID,
        start_worker: StartWorker,
    ) -> None:
        """The queue takes its job for running, for longer than anybody waits for a photo."""
        killed = WaywardEngine()
        killed.go_on.clear()
        await start_worker(settings.model_copy(update={"WORKER_INTERACTIVE": 1}), killed)  # it takes nothing more
        waiting = asyncio.create_task(receive(receiver, user_id))
        await killed.arrived.wait()
        await start_worker(settings, FakeEngine())
        assert (await waiting).status == PhotoStatus.READY
        killed.go_on.set()

    async def test_the_caller_goes_away(
        self, receiver: PhotoReceiver, database: Database, settings: Settings, user_id: UUID
    ) -> None:
        waiting = asyncio.create_task(receive(receiver, user_id))
        await asyncio.sleep(0.3)
        assert len(await all_photos(database)) == 1
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await nothing_is_left(database, settings)


class TestEngineFailures:
    async def test_one_crash_is_not_noticed(
        self, receiver: PhotoReceiver, settings: Settings, user_id: UUID, start_worker: StartWorker
    ) -> None:
        engine = WaywardEngine(EngineCrashed())
        await start_worker(settings, engine)
        assert (await receive(receiver, user_id)).status == PhotoStatus.READY
        assert engine.calls == 2

    # One that took too long is not tried again: nobody would wait for it.
    @pytest.mark.parametrize(("failure", "tries"), [(EngineCrashed, 2), (OutOfMemory, 2), (TimedOut, 1)])
    async def test_a_photo_that_breaks_the_engine_is_refused(
        self,
        receiver: PhotoReceiver,
        database: Database,
        settings: Settings,
        user_id: UUID,
        start_worker: StartWorker,
        failure: type[EngineFailure],
        tries: int,
    ) -> None:
        engine = WaywardEngine(failure(), failure())
        await start_worker(settings, engine)
        with pytest.raises(PictureRefused) as caught:
            await receive(receiver, user_id)
        assert caught.value.message("en") == failure.default_message.en
        assert caught.value.details == {"code": failure.code}
        assert engine.calls == tries
        assert await nothing_is_left(database, settings)

    async def test_a_mistake_of_ours_is_no_fault_of_the_photo(
        self,
        receiver: PhotoReceiver,
        database: Database,
        settings: Settings,
        user_id: UUID,
        start_worker: StartWorker,
    ) -> None:
        failure = EngineFailed("disk_full", Bilingual("磁盘满了。", "The disk is full."))
        await start_worker(settings, WaywardEngine(failure))
        with pytest.raises(PrepareFailed) as caught:
            await receive(receiver, user_id)
        assert (caught.value.status, caught.value.message("zh")) == (503, "磁盘满了。")
        assert await nothing_is_left(database, settings)


class TestStorage:
    async def test_away_from_the_start(
        self, s3: FakeS3, settings: Settings, database: Database, queue: Queue, signals: Signals, user_id: UUID
    ) -> None:
        storage = Storage.from_settings(s3_settings(s3))
        s3.failing = True
        receiver = PhotoReceiver(database, storage, queue, signals, wait_seconds=8)
        with pytest.raises(StorageUnavailable):
            await receive(receiver, user_id)
        assert list(await all_photos(database)) == []
        await storage.close()

    async def test_away_for_a_moment(
        self,
        receiver: PhotoReceiver,
        settings: Settings,
        user_id: UUID,
        start_worker: StartWorker,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        fetch, failures = Storage.fetch, [StorageUnavailable()]

        async def unsteady(self: Storage, *arguments: object) -> None:
            if failures:
                raise failures.pop()
            await fetch(self, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(Storage, "fetch", unsteady)
        await start_worker()
        assert (await receive(receiver, user_id)).status == PhotoStatus.READY

    async def test_an_upload_that_vanished(
        self,
        receiver: PhotoReceiver,
        media: Storage,
        database: Database,
        settings: Settings,
        user_id: UUID,
        start_worker: StartWorker,
    ) -> None:
        waiting = asyncio.create_task(receive(receiver, user_id))
        await asyncio.sleep(0.3)
        await media.delete([found.key async for found in media.list("incoming")])
        await start_worker()
        with pytest.raises(PrepareFailed):
            await waiting
        assert await nothing_is_left(database, settings)


class TestAccounts:
    async def test_deleted_before(
        self, receiver: PhotoReceiver, database: Database, settings: Settings, user_id: UUID
    ) -> None:
        async with database.transaction() as session:
            await erase(session, user_id)
        with pytest.raises(Unauthorized):
            await receive(receiver, user_id)
        assert await nothing_is_left(database, settings)

    async def test_deleted_while_the_engine_works(
        self,
        receiver: PhotoReceiver,
        media: Storage,
        database: Database,
        settings: Settings,
        user_id: UUID,
        start_worker: StartWorker,
    ) -> None:
        engine = WaywardEngine()
        engine.go_on.clear()
        await start_worker(settings, engine)
        waiting = asyncio.create_task(receive(receiver, user_id))
        await engine.arrived.wait()
        await delete_photos_of_user(database, media, user_id)
        engine.go_on.set()
        with pytest.raises(Unauthorized):
            await waiting
        assert await nothing_is_left(database, settings)


async def test_the_size_is_looked_at_first(receiver: PhotoReceiver, user_id: UUID) -> None:
    with pytest.raises(TooLarge):
        await receiver.receive(user_id, io.BytesIO(b"never read"), MAX_BYTES + 1)
