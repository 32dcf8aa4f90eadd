from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.request import urlopen
from uuid import UUID

import pytest

from app.core.errors import TooLarge
from app.core.ids import new_id
from app.media.exceptions import FileGone, StorageUnavailable
from app.media.keys import incoming_key, photo_key, result_key
from app.media.storage import Storage
from tests.media.fake_s3 import BUCKET, FakeS3
from tests.media.storages import local_settings, make_settings, s3_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio
MIB = 1024 * 1024


async def pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def content_of(storage: Storage, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in storage.read(key, start, end)])


async def keys_of(storage: Storage, prefix: str) -> set[str]:
    return {found.key async for found in storage.list(prefix)}


class TestBothKinds:
    @pytest.mark.parametrize("size", [0, 1, MIB, 5 * MIB, 5 * MIB + 1, 11 * MIB])
    async def test_what_was_put_comes_back(self, storage: Storage, tmp_path: Path, size: int) -> None:
        content = os.urandom(size)
        key = incoming_key(new_id())
        assert await storage.put_stream(key, pieces(content), limit=12 * MIB) == size
        assert (await storage.head(key)).size == size
        await storage.fetch(key, tmp_path / "fetched")
        assert (tmp_path / "fetched").read_bytes() == content

    @pytest.mark.parametrize("size", [100, 6 * MIB])
    async def test_files_of_this_machine(self, storage: Storage, tmp_path: Path, size: int) -> None:
        source, key = tmp_path / "source", photo_key(new_id(), "jpg")
        source.write_bytes(os.urandom(size))
        await storage.put_file(key, source)
        assert await content_of(storage, key) == source.read_bytes()

    @pytest.mark.parametrize(("start", "end"), [(0, 1), (10, 20), (999_000, None), (0, 5_000_000)])
    async def test_ranges(self, storage: Storage, start: int, end: int | None) -> None:
        content, key = os.urandom(MIB), photo_key(new_id(), "jpg")
        await storage.put_stream(key, pieces(content), limit=MIB)
        assert await content_of(storage, key, start, end) == content[start:end]

    @pytest.mark.parametrize("size", [101, 9 * MIB])
    async def test_too_much_is_refused_and_nothing_is_left(self, storage: Storage, size: int) -> None:
        key = incoming_key(new_id())
        with pytest.raises(TooLarge):
            await storage.put_stream(key, pieces(bytes(size)), limit=size - 1)
        with pytest.raises(FileGone):
            await storage.head(key)
        assert await keys_of(storage, "incoming") == set()

    async def test_a_stream_that_breaks_leaves_nothing(self, storage: Storage, folder: Path, s3: FakeS3) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield bytes(6 * MIB)
            raise RuntimeError("the client went away")

        with pytest.raises(RuntimeError):
            await storage.put_stream(incoming_key(new_id()), broken(), limit=10 * MIB)
        await asyncio.sleep(0.05)
        assert [path for path in folder.rglob("*") if path.is_file()] == []
        assert s3.objects == {}
        assert s3.uploads == {}

    async def test_nothing_is_there(self, storage: Storage, tmp_path: Path) -> None:
        key = photo_key(new_id(), "jpg")
        with pytest.raises(FileGone):
            await storage.head(key)
        with pytest.raises(FileGone):
            await content_of(storage, key)
        with pytest.raises(FileGone):
            await storage.fetch(key, tmp_path / "fetched")
        await storage.delete([key])
        assert await keys_of(storage, "photos") == set()

    async def test_delete_many(self, storage: Storage) -> None:
        keys = [photo_key(new_id(), "jpg") for _ in range(30)]
        for key in keys[::2]:
            await storage.put_stream(key, pieces(b"photo"), limit=10)
        await storage.delete(keys[:-2])
        assert await keys_of(storage, "photos") == {keys[28]}

    async def test_a_task_and_an_attempt(self, storage: Storage) -> None:
        task, other = new_id(), new_id()
        kept = [result_key(task, "first", "sticker.gif"), result_key(other, "first", "sticker.gif")]
        for key in [*kept, result_key(task, "second", "sticker.gif"), result_key(task, "second", "poster.webp")]:
            await storage.put_stream(key, pieces(b"sticker"), limit=10)
        await storage.delete_prefix(f"results/{task}/second")
        assert await keys_of(storage, "results") == set(kept)
        await storage.delete_prefix(f"results/{task}")
        assert await keys_of(storage, "results") == {kept[1]}

    async def test_listing_tells_size_and_age(self, storage: Storage) -> None:
        key = result_key(new_id(), new_id(), "sticker.mp4")
        await storage.put_stream(key, pieces(b"sticker"), limit=10)
        (found,) = [found async for found in storage.list("results")]
        assert (found.key, found.size) == (key, 7)
        assert abs(found.age) < timedelta(seconds=10)
        assert found.modified_at <= datetime.now(UTC) + timedelta(seconds=1)

    async def test_a_new_file_has_a_new_tag(self, storage: Storage) -> None:
        key = photo_key(new_id(), "jpg")
        await storage.put_stream(key, pieces(b"one"), limit=10)
        first = await storage.head(key)
        await storage.put_stream(key, pieces(b"other"), limit=10)
        assert (await storage.head(key)).etag != first.etag
        assert first.etag[0] == first.etag[-1] == '"'

    async def test_check_leaves_nothing(self, storage: Storage) -> None:
        await storage.check()
        assert await keys_of(storage, "probe") == set()

    @pytest.mark.parametrize(
        "key",
        [
            "",
            "photos",
            "photos/../incoming/x",
            "/etc/passwd",
            "photos/a.jpg",
            f"photos/{UUID(int=7)}.svg",
            f"photos/{UUID(int=7)}.jpg/..",
            f"photos/{UUID(int=7)}.jpg\n",
            f"incoming/{UUID(int=7)}.html",
            f"results/{UUID(int=7)}/../{UUID(int=7)}.jpg",
            f"results/{UUID(int=7)}/token/.mp4",
            f"results/{UUID(int=7)}/token/Sticker.MP4",
        ],
    )
    async def test_other_names_are_mistakes(self, local_storage: Storage, tmp_path: Path, key: str) -> None:
        for attempt in (
            local_storage.head(key),
            local_storage.fetch(key, tmp_path / "x"),
            local_storage.delete([key]),
            local_storage.put_stream(key, pieces(b"x"), limit=10),
        ):
            with pytest.raises(ValueError, match="not a key"):
                await attempt
        with pytest.raises(ValueError, match="not a folder"):
            await local_storage.delete_prefix(key)


class TestLocalFolder:
    async def test_nobody_else_can_read_it(self, local_storage: Storage, folder: Path) -> None:
        key = result_key(new_id(), "token", "sticker.mp4")
        await local_storage.put_stream(key, pieces(b"sticker"), limit=10)
        assert (folder / key).stat().st_mode & 0o777 == 0o600
        for place in (folder, *(folder / key).parents[:3]):
            assert place.stat().st_mode & 0o777 == 0o700

    async def test_an_open_folder_is_closed(self, folder: Path) -> None:
        folder.mkdir(mode=0o755)
        Storage.from_settings(local_settings(folder))
        assert folder.stat().st_mode & 0o777 == 0o700

    async def test_empty_folders_go(self, local_storage: Storage, folder: Path) -> None:
        key = result_key(new_id(), "token", "sticker.mp4")
        await local_storage.put_stream(key, pieces(b"sticker"), limit=10)
        await local_storage.delete([key])
        assert list(folder.iterdir()) == []

    async def test_a_reader_never_sees_half_a_file(self, local_storage: Storage) -> None:
        key = photo_key(new_id(), "jpg")
        await local_storage.put_stream(key, pieces(b"old"), limit=10)

        async def slowly() -> AsyncIterator[bytes]:
            for _ in range(4):
                assert await content_of(local_storage, key) == b"old"
                yield bytes(MIB)

        await local_storage.put_stream(key, slowly(), limit=10 * MIB)
        assert len(await content_of(local_storage, key)) == 4 * MIB

    async def test_many_writers_of_one_key(self, local_storage: Storage, folder: Path) -> None:
        key = photo_key(new_id(), "jpg")
        contents = [bytes([number]) * 2 * MIB for number in range(12)]
        await asyncio.gather(*(local_storage.put_stream(key, pieces(content), limit=4 * MIB) for content in contents))
        assert await content_of(local_storage, key) in contents
        assert [path for path in folder.rglob("*") if path.is_file()] == [folder / key]

    async def test_what_a_killed_writer_left(self, local_storage: Storage, folder: Path) -> None:
        key = photo_key(new_id(), "jpg")
        await local_storage.put_stream(key, pieces(b"photo"), limit=10)
        old, young = folder / f"{key}#1", folder / f"{key}#2"
        old.write_bytes(b"half")
        young.write_bytes(b"half")
        yesterday = time.time() - 90_000
        os.utime(old, (yesterday, yesterday))
        assert await keys_of(local_storage, "photos") == {key}
        assert await local_storage.sweep_unfinished(timedelta(days=1)) == 1
        assert young.exists()
        assert not old.exists()

    async def test_a_folder_that_breaks_is_an_outage(self, local_storage: Storage, folder: Path) -> None:
        folder.rmdir()
        folder.write_text("a file where the folder was")
        key = photo_key(new_id(), "jpg")
        for attempt in (local_storage.put_stream(key, pieces(b"x"), limit=10), local_storage.check()):
            with pytest.raises(StorageUnavailable):
                await attempt

    async def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(ValueError, match="MEDIA_ROOT"):
            Storage.from_settings(local_settings(tmp_path / "file" / "media"))

    async def test_it_has_no_links_of_its_own(self, local_storage: Storage) -> None:
        assert not local_storage.signs
        with pytest.raises(ValueError, match="no links"):
            await local_storage.sign(photo_key(new_id(), "jpg"), timedelta(hours=1))


class TestObjectStore:
    async def test_types_follow_our_suffix(self, s3_storage: Storage, s3: FakeS3) -> None:
        photo, upload, video = (
            photo_key(new_id(), "png"),
            incoming_key(new_id()),
            result_key(new_id(), "a", "sticker.mp4"),
        )
        for key, size in ((photo, 5), (upload, 5), (video, 6 * MIB)):
            await s3_storage.put_stream(key, pieces(bytes(size)), limit=10 * MIB)
        types = [s3.objects[key].content_type for key in (photo, upload, video)]
        assert types == ["image/png", "application/octet-stream", "video/mp4"]

    async def test_a_small_file_takes_one_request(self, s3_storage: Storage, s3: FakeS3) -> None:
        await s3_storage.put_stream(incoming_key(new_id()), pieces(bytes(MIB)), limit=10 * MIB)
        assert len(s3.requests) == 1

    async def test_its_links_work_without_keys(self, s3_storage: Storage) -> None:
        key = result_key(new_id(), "token", "sticker.gif")
        await s3_storage.put_stream(key, pieces(b"sticker"), limit=10)
        link = await s3_storage.sign(key, timedelta(hours=1))
        with await asyncio.to_thread(urlopen, link) as answer:
            assert answer.read() == b"sticker"
            assert answer.headers["content-type"] == "image/gif"

    async def test_links_name_the_host_that_browsers_see(self, s3: FakeS3) -> None:
        storage = Storage.from_settings(s3_settings(s3, S3_PUBLIC_ENDPOINT="https://files.example.com"))
        link = await storage.sign(photo_key(UUID(int=7), "jpg"), timedelta(hours=1))
        assert link.startswith(f"https://files.example.com/{BUCKET}/photos/{UUID(int=7)}.jpg?X-Amz-")
        await storage.close()

    async def test_virtual_hosts(self, s3: FakeS3) -> None:
        # localhost names resolve without a resolver only in browsers, so this goes as far as the link.
        endpoint = f"http://oss.example.com:{s3.port}"
        for given in (endpoint, endpoint.replace("oss", f"{BUCKET}.oss")):
            storage = Storage.from_settings(s3_settings(s3, S3_ENDPOINT=given, S3_VIRTUAL_HOSTED=True))
            link = await storage.sign(photo_key(UUID(int=7), "jpg"), timedelta(hours=1))
            assert link.startswith(f"http://{BUCKET}.oss.example.com:{s3.port}/photos/{UUID(int=7)}.jpg?X-Amz-")
            await storage.close()

    async def test_failures_are_one_error(self, s3_storage: Storage, s3: FakeS3) -> None:
        s3.failing = True
        key = photo_key(new_id(), "jpg")
        for attempt in (
            s3_storage.head(key),
            content_of(s3_storage, key),
            s3_storage.delete([key]),
            s3_storage.put_stream(key, pieces(b"x"), limit=10),
            keys_of(s3_storage, "photos"),
            s3_storage.check(),
        ):
            with pytest.raises(StorageUnavailable):
                await attempt

    async def test_nobody_answers(self) -> None:
        server = FakeS3()
        storage = Storage.from_settings(s3_settings(server))
        server.close()
        started = time.monotonic()
        with pytest.raises(StorageUnavailable):
            await storage.check()
        assert time.monotonic() - started < 6
        await storage.close()

    async def test_wrong_keys(self, s3: FakeS3) -> None:
        storage = Storage.from_settings(s3_settings(s3, S3_SECRET_ACCESS_KEY="wrong"))
        with pytest.raises(StorageUnavailable):
            await storage.check()
        assert s3.refused
        s3.refused.clear()
        await storage.close()

    @pytest.mark.parametrize(
        ("values", "name"),
        [
            ({"S3_BUCKET": ""}, "S3_BUCKET"),
            ({"S3_ENDPOINT": "files.example.com"}, "S3_ENDPOINT"),
            ({"S3_ENDPOINT": "https://files.example.com/bucket"}, "S3_ENDPOINT"),
            ({"S3_PUBLIC_ENDPOINT": "ftp://files.example.com"}, "S3_PUBLIC_ENDPOINT"),
        ],
    )
    def test_settings_that_cannot_work_are_named(self, s3: FakeS3, values: dict[str, str], name: str) -> None:
        with pytest.raises(ValueError, match=name):
            Storage.from_settings(s3_settings(s3, **values))

    def test_amazon_needs_no_endpoint(self) -> None:
        storage = Storage.from_settings(make_settings(STORAGE_BACKEND="s3", S3_BUCKET="b", S3_REGION="eu-west-1"))
        assert storage.signs
