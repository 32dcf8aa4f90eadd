"""The boxes of a HEIC file, as far as they tell its size.

A file is ``ftyp``, then ``meta`` (sometimes behind the pixels), in it ``iprp``, ``ipco`` and one ``ispe`` for each
size that occurs: tiles, thumbnail, and the picture itself, which is the largest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from app.media.exceptions import PictureBroken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_HEVC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_NEUTRAL_BRANDS: Final = frozenset({b"mif1", b"mif2", b"msf1"})
_AV1_BRANDS: Final = frozenset({b"avif", b"avis"})
_MAX_BRANDS_BYTES: Final = 512
_MAX_META_BYTES: Final = 2 * 1024 * 1024
"""A grid of a hundred tiles with EXIF inside takes some tens of kilobytes."""
_MAX_BOXES: Final = 4_096


class _Box(NamedTuple):
    name: bytes
    start: int
    """Of the content, behind the box's own header."""
    end: int


def is_heif(file: BinaryIO) -> bool:
    """Whether the first box declares pictures coded in HEVC."""
    file.seek(0)
    head = file.read(_MAX_BRANDS_BYTES)
    if head[4:8] != b"ftyp":
        return False
    length = min(int.from_bytes(head[:4]), len(head))
    major = head[8:12]
    brands = {major, *(head[at : at + 4] for at in range(16, length - 3, 4))}
    return major in _HEVC_BRANDS or (major in _NEUTRAL_BRANDS and not brands & _AV1_BRANDS)


def heif_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height of the largest picture in the file. Raises PictureBroken."""
    meta = _read_meta(file)
    properties = _inside(meta, _Box(b"meta", 4, len(meta)), b"iprp", b"ipco")  # 4: version and flags of meta
    sizes = [
        (int.from_bytes(meta[box.start + 4 : box.start + 8]), int.from_bytes(meta[box.start + 8 : box.start + 12]))
        for box in _boxes(meta, properties)
        if box.name == b"ispe" and box.end - box.start >= 12
    ]
    if not sizes:
        raise PictureBroken
    return max(sizes, key=lambda size: size[0] * size[1])


def _read_meta(file: BinaryIO) -> bytes:
    total = file.seek(0, 2)
    offset = 0
    for _ in range(_MAX_BOXES):
        file.seek(offset)
        box = _box(file.read(16), 0, total - offset)
        if box.name == b"meta":
            if box.end - box.start > _MAX_META_BYTES:
                raise PictureBroken
            file.seek(offset + box.start)
            return file.read(box.end - box.start)
        offset += box.end
    raise PictureBroken


def _inside(data: bytes, box: _Box, *names: bytes) -> _Box:
    for name in names:
        found = next((child for child in _boxes(data, box) if child.name == name), None)
        if found is None:
            raise PictureBroken
        box = found
    return box


def _boxes(data: bytes, outer: _Box) -> Iterator[_Box]:
    offset = outer.start
    for _ in range(_MAX_BOXES):
        if offset >= outer.end:
            return
        box = _box(data, offset, outer.end)
        yield box
        offset = box.end
    raise PictureBroken


def _box(data: bytes, offset: int, end: int) -> _Box:
    """The box at ``offset``, which must be whole before ``end``: so every step of a walk goes on by 8 bytes or more."""
    header = data[offset : offset + 16]
    size, name, start = int.from_bytes(header[:4]), header[4:8], offset + 8
    if size == 0:  # reaches to the end of what holds it
        size = end - offset
    elif size == 1:
        size, start = int.from_bytes(header[8:16]), offset + 16
    if len(header) < 8 or start > offset + size or offset + size > end:
        raise PictureBroken
    return _Box(name, start, offset + size)
