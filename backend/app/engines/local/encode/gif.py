"""Animated GIF: one palette for all frames, one-bit alpha, only what changed is written.

The container is written here; the LZW packing is Pillow's. Layout after the GIF89a specification and the NETSCAPE 2.0
looping extension.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image

from app.engines.local.encode.changes import Rectangle, bounds, colours_for
from app.engines.local.encode.quantise import CLEAR_INDEX, Quantised, Quantiser
from app.engines.local.encode.spool import Spool
from app.engines.local.encode.timing import GIF_FASTEST, centiseconds
from app.engines.local.errors import EncodeFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from app.engines.local.encode.frames import FrameStream

_KEEP, _CLEAR = 1, 2
_LARGEST = 65535


@dataclass(frozen=True, slots=True)
class _Step:
    """One image of the file: where it goes, its indices, and what happens to its place afterwards."""

    place: Rectangle
    indices: NDArray[np.uint8]
    disposal: int


def write_gif(frames: FrameStream, path: Path, *, fps: float, quality: int | None = None) -> None:
    """Write the frames as a GIF that loops for ever.

    Alpha is cut at one half (see ``Quantiser``); delays are whole 1/100 s that keep the rate on average.

    Args:
        frames: consumed; two index planes are in memory at a time, the frames themselves wait in a nameless file.
        path: an existing file, overwritten.
        fps: 50 at the most, browsers slow faster ones down.
        quality: 1..100, the share of the 256 palette entries to use; ``None`` is all.

    Raises:
        EncodeFailed: ``encode_frame_rate`` (fps, format, fastest), ``encode_too_large`` (width, height, largest).
    """
    if fps > GIF_FASTEST:
        raise EncodeFailed("encode_frame_rate", fps=fps, format="gif", fastest=GIF_FASTEST)
    if max(frames.width, frames.height) > _LARGEST:
        raise EncodeFailed("encode_too_large", width=frames.width, height=frames.height, largest=_LARGEST)
    quantiser = Quantiser(frames.width, frames.height, translucent=False)
    with Spool(path.parent, (frames.height, frames.width)) as spool, path.open("wb") as file:
        for frame in frames:
            spool.append(quantiser.codes(frame))
        quantised = quantiser.finish(colours_for(quality))
        _write_header(file, frames.width, frames.height, quantised.colours)
        depth = _depth(len(quantised.colours))
        for step, delay in zip(_plan(_targets(spool, quantised), quantised), centiseconds(fps), strict=False):
            _write_image(file, step, delay, depth)
        file.write(b";")


def _targets(spool: Spool, quantised: Quantised) -> Iterator[NDArray[np.uint8]]:
    for codes in spool:
        yield quantised.indices(codes)


def _plan(targets: Iterable[NDArray[np.uint8]], quantised: Quantised) -> Iterator[_Step]:
    """Decide what each image holds, looking one frame ahead.

    An image can only add opaque pixels. Where the next frame has holes this image shall not leave pixels, so its
    rectangle grows over them and is cleared after it was shown; the next image then paints all of that rectangle anew.
    The last image clears everything, as some viewers start the loop on what is left.
    """
    canvas: NDArray[np.uint8] | None = None
    wanted: NDArray[np.uint8] | None = None
    for following in targets:
        if wanted is not None:
            canvas, step = _step(canvas, wanted, following == CLEAR_INDEX, quantised)
            yield step
        wanted = following
    if wanted is not None:
        _, step = _step(canvas, wanted, np.ones(wanted.shape, np.bool_), quantised)
        yield step


def _step(
    canvas: NDArray[np.uint8] | None, wanted: NDArray[np.uint8], holes: NDArray[np.bool_], quantised: Quantised
) -> tuple[NDArray[np.uint8], _Step]:
    """Give the canvas as the viewer has it once this image was shown and disposed of, and the image."""
    if canvas is None:
        canvas = np.full_like(wanted, CLEAR_INDEX)
    kept = quantised.settled(canvas, wanted)
    after = np.where(kept, canvas, wanted)
    leaving = holes & (after != CLEAR_INDEX)
    drawn = ~kept
    clears = bool(leaving.any())
    place = bounds(drawn | leaving) if clears else bounds(drawn)
    window = place.window
    indices = np.where(drawn[window], wanted[window], CLEAR_INDEX).astype(np.uint8)
    if clears:
        after[window] = CLEAR_INDEX
    return after, _Step(place, indices, _CLEAR if clears else _KEEP)


def _depth(colours: int) -> int:
    """Give the bits of an index; the format knows 2 to 8."""
    return max(2, (colours - 1).bit_length())


def _write_header(file: BinaryIO, width: int, height: int, colours: NDArray[np.uint8]) -> None:
    depth = _depth(len(colours))
    table = np.zeros((1 << depth, 3), np.uint8)
    table[: len(colours)] = colours
    file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF0 | (depth - 1), CLEAR_INDEX, 0) + table.tobytes())
    file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")


def _write_image(file: BinaryIO, step: _Step, delay: int, depth: int) -> None:
    transparent = 1
    file.write(b"!\xf9\x04" + struct.pack("<BHBB", step.disposal << 2 | transparent, delay, CLEAR_INDEX, 0))
    place = step.place
    file.write(b"," + struct.pack("<HHHHB", place.x, place.y, place.width, place.height, 0))
    # The packed data comes in sub-blocks already; only the end mark is missing.
    file.write(bytes([depth]) + Image.fromarray(step.indices).tobytes("gif", "L", depth) + b"\0")
