"""Reading a photo: any usual file in, upright sRGB pixels out.

The kind of file is told by its first bytes, never by its name. What a header promises is checked before a single
pixel is decoded, so a few kilobytes that claim a billion pixels cost nothing.
"""

from __future__ import annotations

import io
import stat
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from PIL import Image, ImageCms

from app.engines.local.errors import PhotoRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
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

_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BMP_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
_ORIENTATION_TAG: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """An upright photo in sRGB.

    ``pixels`` is RGB uint8 (height, width, 3), not multiplied by alpha; ``alpha`` is uint8 (height, width),
    or None when every pixel is opaque.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None


def load_photo(source: Path | bytes) -> Photo:
    """Read JPEG, PNG, WebP, BMP or HEIC from a path or from memory; of an animation the first frame.

    Raises PhotoRefused with one of the codes ``missing_file``, ``not_a_file``, ``unreadable_file``, ``empty_file``,
    ``too_large`` (bytes, limit), ``unsupported_format``, ``broken_file``, ``too_small_image`` (width, height, limit)
    and ``bomb`` (limit), whatever the bytes are.
    """
    data = source if isinstance(source, bytes) else _read(source)
    if not data:
        raise PhotoRefused("empty_file")
    if len(data) > MAX_BYTES:
        raise PhotoRefused("too_large", bytes=len(data), limit=MAX_BYTES)
    kind = _kind(data)
    if kind is None:
        raise PhotoRefused("unsupported_format")
    try:
        with _quiet():
            return _decode(data, kind)
    except PhotoRefused:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit is higher, but it looks first
        raise PhotoRefused("bomb", limit=MAX_PIXELS) from error
    except Exception as error:
        # Decoders meet hostile bytes with nearly every exception there is: OSError, SyntaxError, struct.error,
        # ValueError, EOFError, KeyError, MemoryError. To the caller they all say the same.
        raise PhotoRefused("broken_file") from error


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PhotoRefused("not_a_file")
        if status.st_size > MAX_BYTES:
            raise PhotoRefused("too_large", bytes=status.st_size, limit=MAX_BYTES)
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


def _decode(data: bytes, kind: str) -> Photo:
    if kind == "HEIF":
        _register_heif()
    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise PhotoRefused("bomb", limit=MAX_PIXELS)
        shrink = min(1.0, MAX_SIDE / max(width, height))
        target = (round(width * shrink), round(height * shrink))
        if min(target) < MIN_SIDE:
            raise PhotoRefused("too_small_image", width=width, height=height, limit=MIN_SIDE)
        if shrink < 1.0:
            # libjpeg can decode straight to a half, a quarter or an eighth; other formats ignore the wish.
            image.draft(None, target)
        orientation = _orientation(image)
        profile = cast("bytes | None", image.info.get("icc_profile"))
        colours, alpha = _planes(image)
    if colours.size != target:
        colours, alpha = _resized(colours, alpha, target)
    colours = _in_srgb(colours, profile)
    if orientation in _UPRIGHT:
        colours = colours.transpose(_UPRIGHT[orientation])
        alpha = alpha.transpose(_UPRIGHT[orientation]) if alpha else None
    mask = None if alpha is None else np.array(alpha)
    return Photo(np.array(colours), None if mask is None or mask.min() == 255 else mask)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # a damaged EXIF block is no reason to refuse a good picture
        return 1


def _planes(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours as L, RGB or CMYK with 8 bits, and the alpha if the file has any."""
    if image.mode.startswith("I"):
        return _planes_16_bit(image)
    if image.has_transparency_data:
        full = image.convert("RGBA")
        return full.convert("RGB"), full.getchannel("A")
    if image.mode == "CMYK":
        return _positive_inks(image), None
    return image.convert("L" if image.mode in {"1", "L"} else "RGB"), None


def _planes_16_bit(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    wide = np.asarray(image).astype(np.int64)
    grey = Image.fromarray(((wide.clip(0, 65_535) + 128) // 257).astype(np.uint8))
    transparent = image.info.get("transparency")
    if transparent is None:
        return grey, None
    return grey, Image.fromarray(np.where(wide == transparent, 0, 255).astype(np.uint8))


def _positive_inks(image: Image.Image) -> Image.Image:
    """Undo Pillow's assumption that every CMYK JPEG is stored inverted: only those of Adobe's kind are."""
    if image.format == "JPEG" and "adobe" not in image.info:
        return Image.fromarray(255 - np.asarray(image), mode="CMYK")
    image.load()
    return image.copy()


def _resized(
    colours: Image.Image, alpha: Image.Image | None, size: tuple[int, int]
) -> tuple[Image.Image, Image.Image | None]:
    if alpha is None:
        return colours.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0), None
    # Together, because Pillow then weighs colours by alpha and hidden ones do not bleed into the edge.
    full = colours.copy()
    full.putalpha(alpha)
    full = full.convert("RGBA").resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return full.convert("RGB"), full.getchannel("A")


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
    return colours.convert("RGB")


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
