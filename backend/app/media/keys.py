"""Names of stored files. All are made here, from ids; nothing that a person sends becomes part of one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

INCOMING: Final = "incoming"
"""Uploads as they came in: never served, gone within seconds."""
PHOTOS: Final = "photos"
"""Photos as the worker encoded them."""
RESULTS: Final = "results"
"""Finished stickers, each attempt in a folder of its own."""
PROBES: Final = "probe"
"""Files that the readiness check writes and deletes."""

CONTENT_TYPES: Final = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "apng": "image/apng",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "zip": "application/zip",
}
"""What is served, by our own suffix; nothing else has a type."""

_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAME: Final = rf"[a-z0-9][a-z0-9_-]{{0,63}}\.(?:{'|'.join(CONTENT_TYPES)})"
PHOTO_PATTERN: Final = rf"{PHOTOS}/{_UUID}\.(?:jpg|png)"
_ATTEMPT: Final = rf"{RESULTS}/{_UUID}/[A-Za-z0-9_-]{{1,64}}"
RESULT_PATTERN: Final = rf"{_ATTEMPT}/{_NAME}"
_KEY: Final = re.compile(rf"{INCOMING}/{_UUID}|{PROBES}/{_UUID}|{PHOTO_PATTERN}|{RESULT_PATTERN}")
_SERVED: Final = re.compile(rf"{PHOTO_PATTERN}|{RESULT_PATTERN}")
SERVED_PATTERN: Final = f"^(?:{_SERVED.pattern})$"
"""What may be handed out, as OpenAPI has it."""
_FOLDER: Final = re.compile(rf"{_ATTEMPT}|{RESULTS}/{_UUID}")
_PHOTO: Final = re.compile(PHOTO_PATTERN)


def incoming_key(photo_id: UUID) -> str:
    """Where an upload waits for the worker."""
    return f"{INCOMING}/{photo_id}"


def photo_key(photo_id: UUID, suffix: str) -> str:
    """Where a prepared photo lies; ``suffix`` is ``jpg``, or ``png`` when it has alpha."""
    return require_key(f"{PHOTOS}/{photo_id}.{suffix}")


def result_key(task_id: UUID, attempt_token: UUID | str, name: str) -> str:
    """Where a file of one attempt at a task lies; ``name`` is ours, such as ``sticker.mp4``."""
    return require_key(f"{RESULTS}/{task_id}/{attempt_token}/{name}")


def require_key(key: str) -> str:
    """``key`` itself. Raises ValueError unless it has one of our shapes: a mistake of ours, never a person's."""
    if not is_ours(key):
        raise ValueError(f"not a key of ours: {key!r}")
    return key


def is_ours(key: str) -> bool:
    """Whether it is a name that is made here; others may put files beside ours."""
    return _KEY.fullmatch(key) is not None


def require_folder(prefix: str) -> str:
    """``prefix`` itself. Raises ValueError unless it is the folder of a task or of one attempt at it."""
    if not _FOLDER.fullmatch(prefix):
        raise ValueError(f"not a folder of ours: {prefix!r}")
    return prefix


def is_served(key: str) -> bool:
    """Whether a file of that name may ever be handed out: uploads as they came in may not."""
    return _SERVED.fullmatch(key) is not None


def is_photo(key: str) -> bool:
    """Whether it is the name of a prepared photo."""
    return _PHOTO.fullmatch(key) is not None


def content_type(key: str) -> str:
    """The type that a file is stored and served with; uploads that nobody has looked at are just bytes."""
    return CONTENT_TYPES.get(key.rpartition(".")[2], "application/octet-stream")
