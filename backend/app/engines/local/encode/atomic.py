"""Write a file so that it is either wholly there or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.engines.local.errors import EncodeFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR}


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give an empty file beside ``target`` to write to; put it in the target's place when the block ends well.

    The bytes are on the disk before the name changes, so a crash leaves the old file or the new one. Whatever ends
    the block early, an interrupt too, leaves the target untouched and nothing beside it.

    Raises:
        EncodeFailed: ``encode_folder_missing``, ``encode_not_writable``, ``encode_disk_full`` or
            ``encode_write_failed``, each with ``path``.
    """
    if not target.parent.is_dir():
        raise EncodeFailed("encode_folder_missing", path=str(target.parent))
    if target.is_dir():
        raise EncodeFailed("encode_not_writable", path=str(target))
    draft = target.parent / f".{target.name}.{secrets.token_hex(4)}.part"
    try:
        # Made by hand, not by tempfile: the new file then gets the permissions that the umask grants, not 0600.
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
    except OSError as error:
        raise write_failure(error, target) from error
    try:
        yield draft
        try:
            _sync(draft)
            draft.replace(target)
        except OSError as error:
            raise write_failure(error, target) from error
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # Folders cannot be synced everywhere; the file itself is safe by now.
        _sync(target.parent)


def write_failure(error: OSError, target: Path) -> EncodeFailed:
    """Name what the system objected to when the target, or something beside it, was written."""
    if error.errno in _FULL:
        return EncodeFailed("encode_disk_full", path=str(target))
    if error.errno in _FORBIDDEN:
        return EncodeFailed("encode_not_writable", path=str(target))
    return EncodeFailed("encode_write_failed", path=str(target), problem=error.strerror or str(error))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
