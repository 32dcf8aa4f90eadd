"""Animated PNG, with 256 colours of which some are translucent, or in true colour.

A photograph in true colour takes three times the bytes (12 MB against 3.5 for two seconds of 512 px), so the palette
is the default. The container is written here after the PNG specification, third edition.
"""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from app.engines.local.encode.changes import Rectangle, bounds, colours_for
from app.engines.local.encode.quantise import CLEAR_INDEX, Quantised, Quantiser
from app.engines.local.encode.spool import Spool
from app.engines.local.encode.timing import rational

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from app.engines.local.encode.frames import FrameStream

_REPLACE, _OVER = 0, 1
_TRUE_COLOUR, _PALETTE = 6, 3
_LOSSLESS = 100
_EFFORT_PALETTE, _EFFORT_TRUE_COLOUR = 6, 3


def write_apng(frames: FrameStream, path: Path, *, fps: float, quality: int | None = None) -> None:
    """Write the frames as an APNG that loops for ever, with the exact frame rate.

    Args:
        frames: consumed; with a palette they wait in a nameless file beside the target, in true colour one is kept.
        path: an existing file, overwritten.
        fps: frames a second.
        quality: 100 is true colour without loss; 1..99 the share of 256 palette entries; ``None`` is all 256.
    """
    with path.open("wb") as file:
        if quality is not None and quality >= _LOSSLESS:
            _write_true_colour(_Writer(file, frames, fps), frames)
        else:
            _write_palette(_Writer(file, frames, fps), frames, path.parent, colours_for(quality))


def _write_palette(writer: _Writer, frames: FrameStream, folder: Path, size: int) -> None:
    quantiser = Quantiser(frames.width, frames.height, translucent=True)
    with Spool(folder, (frames.height, frames.width)) as spool:
        for frame in frames:
            spool.append(quantiser.codes(frame))
        quantised = quantiser.finish(size)
        translucent = int(np.count_nonzero(quantised.alphas < 255))
        writer.begin(_PALETTE, quantised.colours, quantised.alphas[:translucent])
        canvas = np.full((frames.height, frames.width), CLEAR_INDEX, np.uint8)
        for codes in spool:
            _write_changes(writer, canvas, quantised.indices(codes), quantised)
    writer.end()


def _write_changes(writer: _Writer, canvas: NDArray[np.uint8], wanted: NDArray[np.uint8], quantised: Quantised) -> None:
    """Write what differs from the canvas and bring the canvas up to date.

    Where all that differs is opaque, the rest of the rectangle can stay as it is under transparent pixels; anything
    else has to be replaced, as a translucent pixel laid over another one adds to it.
    """
    drawn = ~quantised.settled(canvas, wanted)
    place = bounds(drawn) if writer.frames else Rectangle(0, 0, wanted.shape[1], wanted.shape[0])
    window = place.window
    part, new = drawn[window], wanted[window]
    over = bool((quantised.alphas[new[part]] == 255).all()) and writer.frames > 0
    canvas[window] = np.where(part, new, canvas[window])
    written = np.where(part, new, CLEAR_INDEX).astype(np.uint8) if over else canvas[window]
    rows = np.zeros((place.height, place.width + 1), np.uint8)
    rows[:, 1:] = written
    writer.add(place, rows, _OVER if over else _REPLACE, _EFFORT_PALETTE)


def _write_true_colour(writer: _Writer, frames: FrameStream) -> None:
    writer.begin(_TRUE_COLOUR, None, None)
    canvas: NDArray[np.uint8] | None = None
    for frame in frames:
        visible = np.where(frame[..., 3:] > 0, frame, np.uint8(0))
        place = Rectangle(0, 0, frames.width, frames.height)
        if canvas is not None:
            place = bounds(canvas.view(np.uint32)[..., 0] != visible.view(np.uint32)[..., 0])
        canvas = visible
        pixels = visible[place.window].reshape(place.height, -1)
        rows = np.empty((place.height, pixels.shape[1] + 1), np.uint8)
        rows[:, 0] = 2  # the filter "up": each row less the one above
        rows[0, 1:] = pixels[0]
        np.subtract(pixels[1:], pixels[:-1], out=rows[1:, 1:])
        writer.add(place, rows, _REPLACE, _EFFORT_TRUE_COLOUR)
    writer.end()


class _Writer:
    """Chunks in their order; the number of frames, known last, is put in its place at the end."""

    def __init__(self, file: BinaryIO, frames: FrameStream, fps: float) -> None:
        self._file = file
        self._size = frames.width, frames.height
        delay = (1 / rational(fps)).limit_denominator(65535)
        self._delay = delay if delay.numerator < 65536 else Fraction(65535)
        self._sequence = 0
        self._count_at = 0
        self.frames = 0

    def begin(self, kind: int, colours: NDArray[np.uint8] | None, alphas: NDArray[np.uint8] | None) -> None:
        """Write all that comes before the first picture."""
        self._file.write(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", *self._size, 8, kind, 0, 0, 0))
        self._chunk(b"sRGB", b"\0")
        self._count_at = self._file.tell()
        self._chunk(b"acTL", struct.pack(">II", 1, 0))
        if colours is not None and alphas is not None:
            self._chunk(b"PLTE", colours.tobytes())
            self._chunk(b"tRNS", alphas.tobytes())

    def add(self, place: Rectangle, rows: NDArray[np.uint8], blend: int, effort: int) -> None:
        """Write one frame from its filtered rows (height, 1 + bytes of a row)."""
        delay = self._delay.numerator, self._delay.denominator
        area = place.width, place.height, place.x, place.y
        self._chunk(b"fcTL", struct.pack(">IIIIIHHBB", self._number(), *area, *delay, 0, blend))
        data = zlib.compress(rows.tobytes(), effort)
        if self.frames:
            self._chunk(b"fdAT", struct.pack(">I", self._number()) + data)
        else:
            self._chunk(b"IDAT", data)
        self.frames += 1

    def end(self) -> None:
        """Finish the file."""
        self._chunk(b"IEND", b"")
        self._file.seek(self._count_at)
        self._chunk(b"acTL", struct.pack(">II", self.frames, 0))

    def _number(self) -> int:
        self._sequence += 1
        return self._sequence - 1

    def _chunk(self, name: bytes, data: bytes) -> None:
        self._file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))
