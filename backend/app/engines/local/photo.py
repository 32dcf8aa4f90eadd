"""Reading a photo: any usual file in, upright sRGB pixels out.

The kind of file is told by its first bytes, never by its name. What a header promises is checked before a single
pixel is decoded, so a few kilobytes that claim a billion pixels cost nothing.
"""

from __future__ import annotations

import io
import math
import stat
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np
from PIL import Image, ImageCms

from app.engines.local.errors import PhotoRefused
from app.engines.local.jpeg_scans import too_many_scans

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MIN_SIDE: Final = 400
"""Shortest side that is accepted, in pixels."""
MAX_SIDE: Final = 7_000
"""Longest side that is returned, in pixels; larger photos are scaled down."""
MAX_PIXELS: Final = 120_000_000
"""Most pixels a header may announce: above the 108 megapixels of telephones, below what exhausts a small server."""
MAX_BYTES: Final = 50 * 1024 * 1024
"""Largest file that is read."""

KINDS: Final = frozenset({"JPEG", "PNG", "WEBP", "BMP", "HEIF"})
"""What can be read, by Pillow's names."""

_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BMP_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
_ORIENTATION_TAG: Final = 0x0112
# A reduction by a whole number costs next to nothing, in the decoder of JPEG less than that: it is taken where a tenth
# of the size at most is lost by it.
_NEARLY: Final = 0.9
_STRIP_PIXELS: Final = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """An upright photo in sRGB.

    ``pixels`` is RGB uint8 (height, width, 3), not multiplied by alpha; ``alpha`` is uint8 (height, width),
    or None when every pixel is opaque.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None


def load_photo(
    source: Path | bytes,
    *,
    max_side: int | None = None,
    max_pixels: int | None = None,
    max_bytes: int | None = None,
    kinds: Collection[str] = KINDS,
) -> Photo:
    """Read JPEG, PNG, WebP, BMP or HEIC from a path or from memory; of an animation the first frame.

    Args:
        source: the file.
        max_side: of what is returned, px; larger photos are scaled down. MAX_SIDE when None, as the next two.
        max_pixels: that the header may announce.
        max_bytes: of the file.
        kinds: those of KINDS that are wanted.

    Raises PhotoRefused with one of the codes ``missing_file``, ``not_a_file``, ``unreadable_file``, ``empty_file``,
    ``too_large`` (bytes, limit), ``unsupported_format``, ``broken_file``, ``too_small_image`` (width, height, limit)
    and ``bomb`` (limit), whatever the bytes are.
    """
    most_bytes = MAX_BYTES if max_bytes is None else max_bytes
    most_pixels = MAX_PIXELS if max_pixels is None else max_pixels
    data = source if isinstance(source, bytes) else _read(source, most_bytes)
    if not data:
        raise PhotoRefused("empty_file")
    if len(data) > most_bytes:
        raise PhotoRefused("too_large", bytes=len(data), limit=most_bytes)
    kind = _kind(data)
    if kind is None or kind not in kinds:
        raise PhotoRefused("unsupported_format")
    try:
        with _quiet():
            return _decode(data, kind, MAX_SIDE if max_side is None else max_side, most_pixels)
    except PhotoRefused:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit is higher, but it looks first
        raise PhotoRefused("bomb", limit=most_pixels) from error
    except Exception as error:
        # Decoders meet hostile bytes with nearly every exception there is: OSError, SyntaxError, struct.error,
        # ValueError, EOFError, KeyError, MemoryError. To the caller they all say the same.
        raise PhotoRefused("broken_file") from error


def _read(path: Path, most: int) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PhotoRefused("not_a_file")
        if status.st_size > most:
            raise PhotoRefused("too_large", bytes=status.st_size, limit=most)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise PhotoRefused("missing_file") from error
    except OSError as error:
        raise PhotoRefused("unreadable_file") from error


def _kind(data: bytes) -> str | None:
    """Pillow's name of the format that the first bytes announce."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    return None


def _decode(data: bytes, kind: str, max_side: int, max_pixels: int) -> Photo:
    if kind == "HEIF":
        _register_heif()
    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        width, height = image.size
        if width * height > max_pixels:
            raise PhotoRefused("bomb", limit=max_pixels)
        if min(_scaled(image.size, MAX_SIDE)) < MIN_SIDE:
            raise PhotoRefused("too_small_image", width=width, height=height, limit=MIN_SIDE)
        if "progressive" in image.info and too_many_scans(data):
            raise PhotoRefused("broken_file")
        if max(width, height) > max_side:
            # libjpeg can decode straight to a half, a quarter or an eighth; other formats ignore the wish.
            image.draft(None, _scaled(image.size, round(max_side * _NEARLY)))
        profile = cast("bytes | None", image.info.get("icc_profile"))
        colours = _eight_bits(image)
        # Only now: to find EXIF, Pillow may decode the pixels, and what is wrong with those must not pass for bad EXIF.
        orientation = _orientation(image)
    if max(colours.size) > max_side:
        colours = _reduced(colours, max_side)
    mask = None
    if colours.mode == "RGBA":
        mask = np.array(colours.getchannel("A"))
        colours = colours.convert("RGB")
    pixels = np.array(_in_srgb(colours, profile))
    opaque = mask is None or mask.min() == 255
    return Photo(_upright(pixels, orientation), None if mask is None or opaque else _upright(mask, orientation))


def _scaled(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The size made smaller, if need be, so that no side is longer."""
    shrink = min(1.0, longest / max(size))
    return max(round(size[0] * shrink), 1), max(round(size[1] * shrink), 1)


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    """A smaller one. With alpha, Pillow weighs colours by it, so that hidden ones do not bleed into the edge."""
    whole = math.ceil(max(image.size) / longest)
    if max(image.size) / whole >= longest * _NEARLY:
        return image.reduce(whole)
    return image.resize(_scaled(image.size, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """What a camera that was held so saw; by OpenCV, which turns pictures several times as fast as Pillow."""
    match orientation:
        case 2:
            pixels = np.asarray(cv2.flip(pixels, 1), np.uint8)
        case 3:
            pixels = np.asarray(cv2.rotate(pixels, cv2.ROTATE_180), np.uint8)
        case 4:
            pixels = np.asarray(cv2.flip(pixels, 0), np.uint8)
        case 5:
            pixels = np.asarray(cv2.transpose(pixels), np.uint8)
        case 6:
            pixels = np.asarray(cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE), np.uint8)
        case 7:
            pixels = np.asarray(cv2.flip(cv2.transpose(pixels), -1), np.uint8)
        case 8:
            pixels = np.asarray(cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE), np.uint8)
    return pixels


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # a damaged EXIF block is no reason to refuse a good picture
        return 1


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture as L, RGB, RGBA or CMYK with 8 bits, decoded; the same one where it is so already."""
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if image.mode == "CMYK":
        return _positive_inks(image)
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode in {"1", "L"} else "RGB"
    image.load()
    return image if image.mode == mode else image.convert(mode)


def _from_16_bits(image: Image.Image) -> Image.Image:
    wide = np.asarray(image)
    transparent = image.info.get("transparency")
    narrow = np.empty((*wide.shape, 1 if transparent is None else 2), np.uint8)
    rows = max(_STRIP_PIXELS // wide.shape[1], 1)  # in strips: what follows takes eight bytes a pixel
    for top in range(0, wide.shape[0], rows):
        strip = wide[top : top + rows].astype(np.int64)
        narrow[top : top + rows, :, 0] = (strip.clip(0, 65_535) + 128) // 257
        if transparent is not None:
            narrow[top : top + rows, :, 1] = np.where(strip == transparent, 0, 255)
    if transparent is None:
        return Image.fromarray(narrow[..., 0])
    return Image.fromarray(narrow).convert("RGBA")


def _positive_inks(image: Image.Image) -> Image.Image:
    """Undo Pillow's assumption that every CMYK JPEG is stored inverted: only those of Adobe's kind are."""
    if image.format == "JPEG" and "adobe" not in image.info:
        return Image.fromarray(255 - np.asarray(image), mode="CMYK")
    image.load()
    return image.copy()


def _in_srgb(colours: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if not ImageCms.getProfileDescription(source).startswith("sRGB"):
                converted = ImageCms.profileToProfile(colours, source, _srgb(), outputMode="RGB")
                if converted is not None:
                    return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # damaged, or made for another colour model: the plain reading is closer than none
    return colours if colours.mode == "RGB" else colours.convert("RGB")


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@cache
def _register_heif() -> None:
    import pillow_heif  # noqa: PLC0415  # loads libheif: only for those who bring such a file

    pillow_heif.register_heif_opener()


class _Silence:
    """How many threads are decoding, and the filters to put back when the last one leaves."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.saved: warnings.catch_warnings[None] | None = None


_silence = _Silence()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's warnings from the screen, and from becoming errors under ``-W error``.

    ``catch_warnings`` alone is not safe among threads: two that overlap can leave the filters off for ever.
    """
    with _silence.lock:
        _silence.inside += 1
        if _silence.inside == 1:
            _silence.saved = warnings.catch_warnings()
            _silence.saved.__enter__()
            warnings.simplefilter("ignore")
    try:
        yield
    finally:
        with _silence.lock:
            _silence.inside -= 1
            if _silence.inside == 0 and _silence.saved is not None:
                _silence.saved.__exit__(None, None, None)
                _silence.saved = None
