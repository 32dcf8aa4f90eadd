"""The engine's errors as the contract's failures, with words for people who use a service.

They know nothing of its files: what only its operator can mend is told in general, and in detail by a note for logs.
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import cv2

from app.engines.base import Bilingual, EngineFailed, EngineFailure, InputRefused, OutOfMemory, Reason
from app.engines.local.errors import EngineError, PhotoRefused
from app.engines.local.messages import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.engines.base import Lang
    from app.engines.local import gates

_OPERATORS: Final = frozenset({"missing_file", "not_a_file", "unreadable_file"})
"""Codes of PhotoRefused that say nothing about the photo: the service itself put the file there."""
_PASSING: Final = _OPERATORS | {
    "encode_folder_missing",
    "encode_not_writable",
    "encode_disk_full",
    "encode_write_failed",
}
"""What may be different the next time."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_IN_A_SERVICE: Final = {
    "unsupported_format": Bilingual(
        "认不出这种图片格式。可以用 JPEG、PNG、WebP 或 HEIC；其他格式请先另存为 JPEG。",
        "This kind of picture is not supported. JPEG, PNG, WebP and HEIC are; save others as JPEG first.",
    ),
    "several_faces": Bilingual(
        "照片里有 {measure:.0f} 个人。请换一张单人照，或者把其他人裁掉。",
        "There are {measure:.0f} people in the photo. Use a photo of one person, or crop the others away.",
    ),
    "other_faces": Bilingual(
        "照片里还有 {measure:.0f} 张小一些的脸，会用最大的一张。不想要他们，可以裁掉。",
        "There are smaller faces in the photo too ({measure:.0f}); the largest is used. Crop them away if unwanted.",
    ),
}
"""Texts whose usual form names what a command line can do and a service cannot."""


@contextmanager
def failures_told() -> Iterator[None]:
    """Raise what the engine raises inside as a failure of the contract."""
    try:
        yield
    except EngineFailure:
        raise
    except Exception as error:
        if _short_of_memory(error):
            raise OutOfMemory from error
        if isinstance(error, EngineError):
            raise _failure(error) from error
        if isinstance(error, OSError) and error.errno in _FULL:
            raise _told_to_operator("disk_full", f"{error}", passing=True) from error
        raise


def reason(found: gates.Reason) -> Reason:
    """A gate's reason with its words."""
    message = _words(found.code, measure=found.measure, threshold=found.threshold)
    return Reason(found.code, message, refuses=found.severity == "refuse")


def no_such_face(code: str) -> InputRefused:
    """The refusal of a photo that has no face to animate."""
    return InputRefused(code, _words(code))


def _failure(error: EngineError) -> EngineFailure:
    if isinstance(error, PhotoRefused) and error.code not in _OPERATORS:
        params = {name: value for name, value in error.params.items() if isinstance(value, int)}
        return InputRefused(error.code, _words(error.code, **error.params), params=params)
    return _told_to_operator(error.code, f"{error}", passing=error.code in _PASSING)


def _told_to_operator(code: str, details: str, *, passing: bool) -> EngineFailed:
    failure = EngineFailed(code, max_attempts=None if passing else 1)
    failure.add_note(details)
    return failure


def _words(code: str, **params: object) -> Bilingual:
    if code in _IN_A_SERVICE:
        known = _IN_A_SERVICE[code]
        return Bilingual(known.zh.format(**params), known.en.format(**params))
    return Bilingual(_spoken(code, "zh", **params), _spoken(code, "en", **params))


def _spoken(code: str, lang: Lang, **params: object) -> str:
    message = text(code, lang, **params)
    return (message.sentence + ("" if lang == "zh" else " ") + message.hint).strip()


def _short_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed at the bottom of it: each library has its own way to say so."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError) or (isinstance(seen, OSError) and seen.errno == errno.ENOMEM):
            return True
        if isinstance(seen, cv2.error) and "nsufficient memory" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
