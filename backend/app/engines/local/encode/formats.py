"""The kinds of file a sticker can be written as, and the record of one that was."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - a field's type, asked for at run time

from app.engines.local.errors import EncodeFailed


class Format(StrEnum):
    """An output format; the value is the usual suffix without its dot, but for APNG, which is a ``.png``."""

    GIF = "gif"
    WEBP = "webp"
    APNG = "apng"
    MP4 = "mp4"
    WEBM = "webm"

    @classmethod
    def of(cls, target: Path) -> Format:
        """Give the format that the target's suffix asks for, in any case.

        Raises:
            EncodeFailed: ``encode_unknown_suffix`` (suffix, known).
        """
        suffix = target.suffix.lower()
        if suffix not in SUFFIXES:
            raise EncodeFailed("encode_unknown_suffix", suffix=suffix, known=" ".join(SUFFIXES))
        return SUFFIXES[suffix]


SUFFIXES = {
    ".gif": Format.GIF,
    ".webp": Format.WEBP,
    ".png": Format.APNG,
    ".apng": Format.APNG,
    ".mp4": Format.MP4,
    ".webm": Format.WEBM,
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A written sticker: pixels as in the file (videos are padded to even sides), seconds of one loop, file size."""

    path: Path
    format: Format
    width: int
    height: int
    frames: int
    seconds: float
    bytes: int
