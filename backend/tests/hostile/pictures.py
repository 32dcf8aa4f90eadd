"""Files that pretend, hide or exhaust, made in memory."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.photo_files import chunk, png, png_header, quarters, scan_bomb, stored, swapped_profile

SCRIPT = b"<html><script>alert(document.cookie)</script></html>"
SECRETS = (b"Secret Camera", b"secret words", b"31.2304", b"alert(", b"payload.class", b"swapped", b"GPS")
GPS, MAKE, ORIENTATION, WORDS = 0x8825, 0x010F, 0x0112, 0x010E


def exif(orientation: int = 1) -> bytes:
    """Where it was taken, with what, and what was said about it."""
    told = Image.Exif()
    told[ORIENTATION] = orientation
    told[MAKE] = "Secret Camera"
    told[WORDS] = "secret words"
    told.get_ifd(GPS).update({1: "N", 2: (31.0, 13.0, 49.0), 3: "E", 4: (121.0, 28.0, 25.0), 0x1D: "2026:11:24"})
    return told.tobytes()


def sideways(orientation: int) -> Image.Image:
    """A picture that a viewer shows as ``quarters()`` when it obeys ``orientation``."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return quarters().transpose(undo[orientation]) if orientation in undo else quarters()


def heic(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, **options)
    return buffer.getvalue()


def bitmap_of_zeros(side: int) -> bytes:
    """A whole, valid PNG of one bit a pixel: as many zeros as it says, packed to a thousandth."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def with_frame_of(data: bytes, width: int, height: int) -> bytes:
    """A JPEG whose frame header claims another size."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def with_canvas_of(width: int, height: int) -> bytes:
    """An extended WebP that claims a size and has next to nothing in it."""
    head = b"VP8X" + struct.pack("<I", 10) + bytes(4)
    head += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(head)) + b"WEBP" + head


def claiming(data: bytes, width: int, height: int) -> bytes:
    """A HEIC whose boxes claim another size."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def png_with(*chunks: bytes, tail: bytes = b"") -> bytes:
    """A good PNG with more chunks behind its header, and something behind its end."""
    data = stored(quarters(), "PNG")
    return data[:33] + b"".join(chunks) + data[33:] + tail


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("payload.class", "payload")
    return buffer.getvalue()


def frames() -> list[Image.Image]:
    return [quarters(), quarters().rotate(90, expand=False), quarters().rotate(180)]


def animated(kind: str) -> bytes:
    first, *others = frames()
    return stored(first, kind, save_all=True, append_images=others, duration=100)


def noise() -> Image.Image:
    return Image.effect_noise((900, 700), 80).convert("RGB")


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


Make = Callable[[], bytes]

REFUSED: dict[str, tuple[Make, int]] = {
    "nothing": (lambda: b"", 422202),
    "text named png": (lambda: b"I am a picture, believe me.\n" * 40, 422203),
    "zeros": (lambda: bytes(5_000), 422203),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900"/>', 422203),
    "SVG with script": (lambda: b'<?xml version="1.0"?><svg onload="alert(1)"><script>alert(1)</script></svg>', 422203),
    "HTML named jpg": (lambda: b"\xef\xbb\xbf<!doctype html>" + SCRIPT, 422203),
    "PDF": (lambda: b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>", 422203),
    "ZIP": (archive, 422203),
    "ELF": (lambda: b"\x7fELF" + bytes(100), 422203),
    "GIF": (lambda: stored(quarters(), "GIF"), 422203),
    "animated GIF": (lambda: animated("GIF"), 422203),
    "TIFF": (lambda: stored(quarters(), "TIFF"), 422203),
    "BMP": (lambda: stored(quarters(), "BMP"), 422203),
    "BMP of 30000 x 30000": (
        lambda: b"BM" + struct.pack("<IIIIiiHH", 100_000, 0, 54, 40, 30_000, 30_000, 1, 24) + bytes(100_000),
        422203,
    ),
    "PNG of 30000 x 30000": (lambda: bitmap_of_zeros(30_000), 422205),
    "PNG that only claims it": (lambda: png_header(2**31 - 1, 2**31 - 1), 422205),
    "JPEG of 65000 x 65000": (lambda: with_frame_of(stored(quarters(), "JPEG"), 65_000, 65_000), 422205),
    "WebP of 16000000 x 16000000": (lambda: with_canvas_of(2**24, 2**24), 422205),
    "HEIC of 60000 x 60000": (lambda: claiming(heic(quarters()), 60_000, 60_000), 422205),
    "JPEG of height 0": (lambda: with_frame_of(stored(quarters(), "JPEG"), 480, 0), 422204),
    "JPEG that decodes for minutes": (lambda: scan_bomb(Image.new("L", (6_000, 6_000), 128), 3_000), 422201),
    "JPEG of 4 bytes": (lambda: b"\xff\xd8\xff\xd9", 422204),
    "JPEG that breaks off": (lambda: half(stored(noise(), "JPEG")), 422201),
    "PNG that breaks off": (lambda: half(stored(noise(), "PNG")), 422201),
    "WebP that breaks off": (lambda: half(stored(noise(), "WEBP")), 422201),
    "HEIC that breaks off": (lambda: half(heic(noise())), 422201),
    "PNG whose profile unpacks to 200 MB": (
        lambda: png_with(chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(200_000_000), 9))),
        422201,
    ),
    "PNG whose text unpacks to 200 MB": (
        lambda: png_with(chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(200_000_000), 9))),
        422201,
    ),
    "PNG whose pixels are no zlib": (
        lambda: png_header(800, 800).replace(zlib.compress(b""), b"nonsense"),
        422201,
    ),
    "small": (lambda: stored(quarters().resize((399, 399)), "PNG"), 422206),
    "one pixel": (lambda: stored(Image.new("RGB", (1, 1)), "JPEG"), 422206),
}
"""What is no photo, with the code of its answer."""


def _text() -> PngInfo:
    told = PngInfo()
    told.add_text("Comment", "secret words " + SCRIPT.decode())
    told.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>GPS 31.2304 {SCRIPT.decode()}</x:xmpmeta>", zip=True)
    return told


TAKEN: dict[str, Make] = {
    "JPEG with HTML behind it": lambda: stored(quarters(), "JPEG") + SCRIPT,
    "JPEG with HTML in a comment": lambda: stored(quarters(), "JPEG", comment=SCRIPT),
    "JPEG that is a ZIP too": lambda: stored(quarters(), "JPEG") + archive(),
    "PNG that is a ZIP too": lambda: png_with(tail=archive()),
    "PNG with script behind its end": lambda: png_with(tail=SCRIPT),
    "PNG with script in a chunk of its own": lambda: png_with(chunk(b"scRp", SCRIPT)),
    "PNG with script in texts": lambda: stored(quarters(), "PNG", pnginfo=_text()),
    "WebP with script in a chunk": lambda: stored(quarters(), "WEBP", xmp=b"<x:xmpmeta>31.2304" + SCRIPT),
    "WebP with HTML behind it": lambda: stored(quarters(), "WEBP") + SCRIPT,
    "HEIC with HTML behind it": lambda: heic(quarters()) + SCRIPT,
    "animated WebP": lambda: animated("WEBP"),
    "animated PNG": lambda: animated("PNG"),
    "CMYK": lambda: stored(quarters().convert("CMYK"), "JPEG"),
    "CMYK with GPS": lambda: stored(quarters().convert("CMYK"), "JPEG", exif=exif()),
    "progressive JPEG": lambda: stored(quarters(), "JPEG", progressive=True),
    "16 bits": lambda: png(np.asarray(quarters(), np.uint16) * 257),
    "16 bits with alpha": lambda: png(np.full((420, 480, 4), 30_000, np.uint16)),
    "palette with transparency": lambda: stored(quarters().convert("P"), "PNG", transparency=0),
    "one bit": lambda: stored(quarters().convert("1"), "PNG"),
    "HEIC": lambda: heic(quarters()),
    "another colour space": lambda: stored(quarters(), "JPEG", icc_profile=swapped_profile()),
    "a broken colour space": lambda: stored(quarters(), "PNG", icc_profile=b"swapped" * 100),
    "JPEG with GPS": lambda: stored(quarters(), "JPEG", exif=exif(), comment=b"secret words"),
    "PNG with GPS": lambda: stored(quarters(), "PNG", exif=exif()),
    "WebP with GPS": lambda: stored(quarters(), "WEBP", exif=exif()),
    "HEIC with GPS": lambda: heic(quarters(), exif=exif()),
    "EXIF that is nonsense": lambda: stored(quarters(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff secret words"),
    "EXIF that is huge": lambda: stored(quarters(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0" + b"\xff" * 65_000),
}
"""What is a photo, whatever else it is."""


@cache
def refused(name: str) -> tuple[bytes, int]:
    make, code = REFUSED[name]
    return make(), code


@cache
def taken(name: str) -> bytes:
    return TAKEN[name]()
