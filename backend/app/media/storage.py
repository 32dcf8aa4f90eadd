"""Where files are kept: a folder of this machine, or an object store that speaks S3.

Whatever goes wrong in there becomes one error, StorageUnavailable, which is worth another try; a file that is not
there is FileGone. Writes are all or nothing, in both kinds.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from obstore import sign_async
from obstore.exceptions import BaseError

from app.core.errors import TooLarge
from app.core.ids import new_id
from app.media.exceptions import FileGone, StorageUnavailable
from app.media.keys import PROBES, content_type, require_folder, require_key
from app.media.local_folder import LocalFolder
from app.media.object_stores import open_object_store, open_signing_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
    from pathlib import Path

    from obstore.store import LocalStore, S3Store

    from app.core.settings import Settings

_READ_BYTES: Final = 256 * 1024
_LOCAL_PART_BYTES: Final = 1024 * 1024
_S3_PART_BYTES: Final = 5 * 1024 * 1024
"""The least that S3 takes as a part; up to here a file goes in one request."""
_WRITES_AT_ONCE: Final = 8
"""Each holds up to two parts in memory."""
_DELETES_AT_ONCE: Final = 10
_CHECK_SECONDS: Final = 5
_SETTLE_SECONDS: Final = 0.2
logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the storage. ``etag`` comes with its quotes."""

    key: str
    size: int
    etag: str
    modified_at: datetime

    @property
    def age(self) -> timedelta:
        """How long ago it was written."""
        return datetime.now(UTC) - self.modified_at


class Storage:
    """The files of one installation. Keys are those of :mod:`app.media.keys`."""

    def __init__(
        self, store: LocalStore | S3Store, *, folder: LocalFolder | None = None, signer: S3Store | None = None
    ) -> None:
        self._store = store
        self._folder = folder
        self._signer = signer
        self._part = _LOCAL_PART_BYTES if folder else _S3_PART_BYTES
        self._writing = asyncio.Semaphore(_WRITES_AT_ONCE)
        self._used_at = 0.0

    @classmethod
    def from_settings(cls, settings: Settings) -> Storage:
        """The storage that STORAGE_BACKEND names. Raises ValueError for settings that cannot work, with their names."""
        if settings.STORAGE_BACKEND == "s3":
            return cls(open_object_store(settings), signer=open_signing_store(settings))
        folder = LocalFolder(settings.MEDIA_ROOT)
        return cls(folder.store, folder=folder)

    @property
    def signs(self) -> bool:
        """Whether browsers can fetch files from the store itself, by links that it accepts."""
        return self._signer is not None

    async def put_file(self, key: str, path: Path) -> None:
        """Store a file of this machine. Its content type follows from the suffix of ``key``."""
        size = (await asyncio.to_thread(path.stat)).st_size
        async with self._writing:
            await self._put(key, path, use_multipart=size > self._part)

    async def put_stream(self, key: str, chunks: AsyncIterable[bytes], *, limit: int) -> int:
        """Store what comes in, and return how many bytes it was; TooLarge, and nothing is stored, beyond ``limit``."""
        stream = _Limited(chunks, limit)
        async with self._writing:
            start = await stream.take(self._part)
            if len(start) < self._part:
                await self._put(key, start, use_multipart=False)
            else:
                await self._put(key, stream.behind(start), use_multipart=True)
        return stream.total

    async def _put(self, key: str, source: Any, *, use_multipart: bool) -> None:
        require_key(key)
        attributes = None if self._folder else {"Content-Type": content_type(key)}
        with self._translated("put", key):
            if self._folder:
                await asyncio.to_thread(self._folder.make_way, key)
            await self._store.put_async(
                key,
                source,
                attributes=attributes,
                use_multipart=use_multipart,
                chunk_size=self._part,
                max_concurrency=1,
            )
            if self._folder:
                await asyncio.to_thread(self._folder.settle, key)

    async def fetch(self, key: str, target: Path) -> None:
        """Copy a file to this machine. Raises FileGone."""
        if self._folder:
            with self._translated("get", require_key(key)):
                await asyncio.to_thread(self._folder.copy_out, key, target)
            return
        with await asyncio.to_thread(target.open, "wb") as file:
            async for chunk in self.read(key):
                await asyncio.to_thread(file.write, chunk)

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of a file from ``start`` to before ``end``, in pieces. Raises FileGone."""
        require_key(key)
        options: Any = {} if end is None and start == 0 else {"range": (start, end) if end else {"offset": start}}
        with self._translated("get", key):
            found = await self._store.get_async(key, options=options)
            async for chunk in found.stream(min_chunk_size=_READ_BYTES):
                yield bytes(chunk)

    async def head(self, key: str) -> StoredFile:
        """Size, time and tag of a file. Raises FileGone."""
        require_key(key)
        with self._translated("head", key):
            return _stored(await self._store.head_async(key))

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete files. What is not there is no error; all are tried before StorageUnavailable is raised."""
        waiting = iter([require_key(key) for key in keys])

        async def remove() -> list[StorageUnavailable]:
            failures = []
            for key in waiting:
                try:
                    with self._translated("delete", key):
                        await self._store.delete_async(key)
                except FileGone:
                    pass
                except StorageUnavailable as error:
                    failures.append(error)
            return failures

        rounds = await asyncio.gather(*(remove() for _ in range(_DELETES_AT_ONCE)))
        if failures := [error for failures in rounds for error in failures]:
            raise failures[0]

    async def delete_prefix(self, prefix: str) -> None:
        """Delete all results of a task, or of one attempt at it."""
        await self.delete([found.key async for found in self.list(require_folder(prefix))])

    async def list(self, prefix: str) -> AsyncIterator[StoredFile]:
        """All files below a folder, in no order."""
        with self._translated("list", prefix):
            async for found in self._store.list(prefix, chunk_size=500):
                for meta in found:
                    yield _stored(meta)

    async def sweep_unfinished(self, older_than: timedelta) -> int:
        """Remove what killed writers left behind in a local folder; returns how much. An object store hides such parts
        and removes them by a lifecycle rule of its own."""
        if self._folder is None:
            return 0
        with self._translated("sweep", ""):
            return await asyncio.to_thread(self._folder.sweep_unfinished, older_than)

    async def sign(self, key: str, lifetime: timedelta) -> str:
        """A link to the object store itself. Only where :attr:`signs`."""
        require_key(key)
        if self._signer is None:
            raise ValueError("a local folder has no links of its own")
        with self._translated("sign", key):
            return await sign_async(self._signer, "GET", key, lifetime)

    async def check(self) -> None:
        """Write, read and delete a small file. Raises StorageUnavailable."""
        key, content = f"{PROBES}/{new_id()}", secrets.token_bytes(16)
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._put(key, content, use_multipart=False)
                found = b"".join([chunk async for chunk in self.read(key)])
                await self.delete([key])
        except (FileGone, TimeoutError) as error:
            raise StorageUnavailable from error
        if found != content:
            raise StorageUnavailable

    async def close(self) -> None:
        """Let the store's threads end. One that still reports back while the interpreter goes down aborts it."""
        await asyncio.sleep(max(0.0, self._used_at + _SETTLE_SECONDS - time.monotonic()))

    @contextmanager
    def _translated(self, operation: str, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise FileGone from error
        except (BaseError, OSError, NotImplementedError) as error:
            reason = str(error).partition("\n")[0][:300]
            logger.warning("storage_failed", operation=operation, key=key, error=type(error).__name__, reason=reason)
            raise StorageUnavailable from error
        finally:
            self._used_at = time.monotonic()


class _Limited:
    """Chunks that are counted on their way."""

    def __init__(self, chunks: AsyncIterable[bytes], limit: int) -> None:
        self._chunks = aiter(chunks)
        self._limit = limit
        self.total = 0

    async def _next(self) -> bytes | None:
        chunk = await anext(self._chunks, None)
        if chunk is not None:
            self.total += len(chunk)
            if self.total > self._limit:
                raise TooLarge(limit_mb=self._limit // 2**20)
        return chunk

    async def take(self, count: int) -> bytes:
        """What comes until ``count`` bytes are there, or the end."""
        taken = bytearray()
        while len(taken) < count and (chunk := await self._next()) is not None:
            taken += chunk
        return bytes(taken)

    async def behind(self, start: bytes) -> AsyncIterator[bytes]:
        """``start``, and all that still comes."""
        yield start
        while (chunk := await self._next()) is not None:
            yield chunk


def _stored(meta: Any) -> StoredFile:
    return StoredFile(
        key=meta["path"],
        size=meta["size"],
        etag=meta["e_tag"] or f'"{meta["size"]:x}"',
        modified_at=meta["last_modified"],
    )
