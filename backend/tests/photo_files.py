"""Picture files for tests, made in memory: four coloured quarters, odd PNGs, a colour profile."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH, HEIGHT = 480, 420
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 190, 60), (40, 60, 210), (250, 250, 250)


def quarters() -> Image.Image:
    """Four colours, so that every turn and flip can be told apart."""
    image = Image.new("RGB", (WIDTH, HEIGHT), RED)
    image.paste(GREEN, (WIDTH // 2, 0, WIDTH, HEIGHT // 2))
    image.paste(BLUE, (0, HEIGHT // 2, WIDTH // 2, HEIGHT))
    image.paste(WHITE, (WIDTH // 2, HEIGHT // 2, WIDTH, HEIGHT))
    return image


def stored(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def scan_bomb(image: Image.Image, times: int) -> bytes:
    """A progressive JPEG whose last pass over the pixels is repeated so many times: each costs a few bytes."""
    data = stored(image, "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    end = data.rindex(b"\xff\xd9")
    return data[:end] + data[start:end] * times + b"\xff\xd9"


def corners(pixels: NDArray[np.uint8]) -> list[list[int]]:
    height, width = pixels.shape[:2]
    spots = [(height // 8, width // 8), (height // 8, width * 7 // 8), (height * 7 // 8, width // 8)]
    spots.append((height * 7 // 8, width * 7 // 8))
    return [pixels[y, x].tolist() for y, x in spots]


def assert_quarters(pixels: NDArray[np.uint8], tolerance: int = 10) -> None:
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    np.testing.assert_allclose(corners(pixels), [RED, GREEN, BLUE, WHITE], atol=tolerance)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_header(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that claims to be enormous."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def png(values: NDArray[np.uint16], transparent: bytes | None = None) -> bytes:
    """A 16-bit PNG of 1 to 4 channels, which Pillow itself cannot write."""
    height, width, channels = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in values)
    key = chunk(b"tRNS", transparent) if transparent else b""
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + key + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def swapped_profile() -> bytes:
    """An sRGB profile whose red and blue colorants are exchanged and whose name does not say sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    entries = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, blue = entries[b"rXYZ"], entries[b"bXYZ"]
    profile[red + 4 : red + 12], profile[blue + 4 : blue + 12] = (
        profile[blue + 4 : blue + 12],
        profile[red + 4 : red + 12],
    )
    name = "sRGB".encode("utf-16-be")
    return bytes(profile).replace(name, "Blau".encode("utf-16-be"))
