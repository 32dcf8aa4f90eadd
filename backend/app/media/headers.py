"""What an upload is, told from its header: kind, width and height, without decoding a pixel.

The server that takes uploads must never run a decoder on them, so this reads JPEG, PNG, WebP and HEIC headers in plain
Python. It believes nothing: every length is checked against the file, every walk has a bound. A file that passes may
still be damaged or carry a second meaning behind the picture; the worker decodes it and stores its own encoding, and
what came in is never served.
"""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from app.media.exceptions import (
    EmptyUpload,
    PictureBroken,
    PictureTooManyPixels,
    PictureTooSmall,
    UnsupportedPicture,
)
from app.media.heif_boxes import heif_size, is_heif

if TYPE_CHECKING:
    from typing import BinaryIO

Kind = Literal["jpeg", "png", "webp", "heic"]

MAX_PIXELS: Final = 40_000_000
"""Most pixels that a header may announce."""
MIN_SIDE: Final = 400
"""Shortest side, in pixels: with less there is no face of a useful size."""
MAX_SIDE: Final = 65_535
"""Longest side; no camera comes near it, and JPEG cannot say more."""

_MAX_JPEG_SEGMENTS: Final = 4_000
"""A photo with profile, thumbnail and depth map has below a hundred."""
_CONTENT_TYPES: Final[dict[Kind, str]] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
}
_FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15; C4, C8 and CC are tables and reserved."""
_BARE_MARKERS: Final = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""
_END_MARKERS: Final = frozenset({0xD9, 0xDA})
_PNG_DEPTHS: Final = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_MARKUP: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<(?:[!?/]|[a-zA-Z])")
_KNOWN_BUT_UNSUPPORTED: Final = (
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"%PDF", "PDF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"8BPS", "PSD"),
    (b"PK\x03\x04", "ZIP"),
)


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a header says; ``width`` and ``height`` are as stored, before any EXIF orientation."""

    kind: Kind
    content_type: str
    width: int
    height: int


def inspect(data: bytes) -> ImageHeader:
    """Like :func:`inspect_file`, for bytes in memory. The header must be in them; the pixels need not."""
    return inspect_file(io.BytesIO(data))


def inspect_file(file: BinaryIO) -> ImageHeader:
    """Tell kind and size of a picture; ``file`` must be seekable, and only what lies before the pixels is read.

    Raises EmptyUpload, UnsupportedPicture, PictureBroken, PictureTooManyPixels or PictureTooSmall.
    """
    start = _read(file, 0, 32, exact=False)
    if not start:
        raise EmptyUpload
    if start.startswith(b"\xff\xd8\xff"):
        return _checked("jpeg", _jpeg_size(file))
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return _checked("png", _png_size(file))
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _checked("webp", _webp_size(file))
    if is_heif(file):
        return _checked("heic", heif_size(file))
    raise UnsupportedPicture(found=_name(start))


def _checked(kind: Kind, size: tuple[int, int]) -> ImageHeader:
    width, height = size
    if width == 0 or height == 0:
        raise PictureBroken
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise PictureTooManyPixels(width=width, height=height, limit=MAX_PIXELS)
    if min(width, height) < MIN_SIDE:
        raise PictureTooSmall(width=width, height=height, limit=MIN_SIDE)
    return ImageHeader(kind, _CONTENT_TYPES[kind], width, height)


def _read(file: BinaryIO, offset: int, count: int, *, exact: bool = True) -> bytes:
    file.seek(offset)
    data = file.read(count)
    if exact and len(data) < count:
        raise PictureBroken
    return data


def _jpeg_size(file: BinaryIO) -> tuple[int, int]:
    """Jump from segment to segment to the frame header; EXIF, profiles and thumbnails before it can be megabytes."""
    offset = 2
    for _ in range(_MAX_JPEG_SEGMENTS):
        lead, marker = _read(file, offset, 2)
        if lead != 0xFF or marker in _END_MARKERS:
            raise PictureBroken
        if marker == 0xFF:  # padding: a run of these may be any length, and each costs one step of the bound
            offset += 1
            continue
        offset += 2
        if marker in _BARE_MARKERS:
            continue
        length = int.from_bytes(_read(file, offset, 2))
        if length < 2:
            raise PictureBroken
        if marker in _FRAME_MARKERS:
            return _jpeg_frame(_read(file, offset, 8), length)
        offset += length
    raise PictureBroken


def _jpeg_frame(frame: bytes, length: int) -> tuple[int, int]:
    components = frame[7]
    if not 1 <= components <= 4 or length != 8 + 3 * components:
        raise PictureBroken
    return int.from_bytes(frame[5:7]), int.from_bytes(frame[3:5])


def _png_size(file: BinaryIO) -> tuple[int, int]:
    chunk = _read(file, 8, 25)
    name_and_content = chunk[4:21]
    if chunk[:8] != b"\0\0\0\x0dIHDR" or zlib.crc32(name_and_content) != int.from_bytes(chunk[21:]):
        raise PictureBroken
    depth, colours, compression, filtering, interlace = chunk[16:21]
    if depth not in _PNG_DEPTHS.get(colours, ()) or compression or filtering or interlace > 1:
        raise PictureBroken
    return int.from_bytes(chunk[8:12]), int.from_bytes(chunk[12:16])


def _webp_size(file: BinaryIO) -> tuple[int, int]:
    form = _read(file, 12, 4)
    if form == b"VP8 ":
        frame = _read(file, 20, 10)
        if frame[0] & 1 or frame[3:6] != b"\x9d\x01\x2a":  # the first frame must be a key frame
            raise PictureBroken
        return int.from_bytes(frame[6:8], "little") & 0x3FFF, int.from_bytes(frame[8:10], "little") & 0x3FFF
    if form == b"VP8L":
        signature, *packed = _read(file, 20, 5)
        bits = int.from_bytes(bytes(packed), "little")
        if signature != 0x2F or bits >> 29:  # a version that does not exist yet
            raise PictureBroken
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8X":
        canvas = _read(file, 24, 6)
        return int.from_bytes(canvas[:3], "little") + 1, int.from_bytes(canvas[3:], "little") + 1
    raise PictureBroken


def _name(start: bytes) -> str | None:
    """What a file that is no photo of ours seems to be, so that the answer can say it."""
    for magic, name in _KNOWN_BUT_UNSUPPORTED:
        if start.startswith(magic):
            return name
    if start[4:8] == b"ftyp":
        return "AVIF" if b"avif" in start or b"avis" in start else "video"
    if _MARKUP.match(start):
        return "SVG/HTML"
    return None
