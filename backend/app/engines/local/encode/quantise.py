"""True colour to 256 palette entries in two passes.

First pass: every pixel becomes a code, its colour after ordered dithering with 6, 7 and 6 bits (or 4 bits each and 4 of
alpha where it is translucent), while a coarse histogram and the set of codes seen are gathered: memory does not grow
with the number of frames. After the last frame the palette is chosen and each code seen is given its nearest entry, so
that the second pass is one table look-up per pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.encode.palette import choose_colours, cluster, from_lab, nearest, to_lab

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.encode.frames import Frame

_TRANSLUCENT = 1 << 19
_CLEAR = _TRANSLUCENT + (1 << 16)
_CODES = 1 << 20
_DITHER = 6.0
"""Full swing in 8-bit steps. More shows as a pattern and costs bytes, none shows bands on foreheads."""
_SOFT_REACH = 9
"""A translucent zone at least this many pixels wide is an effect, a narrower one the smooth edge of a shape."""
_EDGE = 128
_SOFT_LOWEST, _SOFT_HIGHEST = 64, 176
_CLOSE = 2.5
"""Distance (see ``to_lab``) below which one entry may stand in for another between two frames."""

CLEAR_INDEX = 0
"""The palette entry that is reserved for full transparency."""


@dataclass(frozen=True, slots=True)
class Quantised:
    """What the second pass needs.

    Attributes:
        colours: sRGB (n, 3) uint8, n <= 256; entry 0 is the transparent one, translucent ones follow, then opaque.
        alphas: (n,) uint8.
        lookup: palette index of every code, (2 ** 20,) uint8.
        alike: (65536,) uint8, 1 at ``shown << 8 | wanted`` where ``shown`` may stay in place of ``wanted``.
    """

    colours: NDArray[np.uint8]
    alphas: NDArray[np.uint8]
    lookup: NDArray[np.uint8]
    alike: NDArray[np.uint8]

    def indices(self, codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """Give the palette indices of a plane of codes, in a new array."""
        return np.take(self.lookup, codes, mode="clip")

    def settled(self, shown: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Tell where ``shown`` can stay, being the wanted colour or one that cannot be told from it."""
        pair = shown.astype(np.uint16)
        pair <<= 8
        pair |= wanted
        return np.asarray(cv2.LUT(pair, self.alike[None]), np.uint8).view(np.bool_)


class Quantiser:
    """Gathers the colours of frames of one size, giving each frame's plane of codes as it goes.

    Dithering is anchored to the canvas, so what stands still does not crawl. With ``translucent`` false (GIF) alpha
    becomes one bit: edges are cut at one half, wide soft zones are thinned out by the same ordered pattern.
    """

    def __init__(self, width: int, height: int, *, translucent: bool) -> None:
        self._translucent = translucent
        pattern = np.tile(_bayer(4), (height // 4 + 1, width // 4 + 1))[:height, :width]
        offset = np.rint(pattern * _DITHER).astype(np.int16)
        self._raise = _grey_rgba(np.maximum(offset, 0))
        self._lower = _grey_rgba(np.maximum(-offset, 0))
        self._thresholds = (_SOFT_LOWEST + (pattern + 0.5) * (_SOFT_HIGHEST - _SOFT_LOWEST)).astype(np.uint8)
        self._dithered = np.empty((height, width, 4), np.uint8)
        self._code = np.empty((height, width), np.uint32)
        self._part = np.empty((height, width), np.uint32)
        self._histogram = np.zeros(1 << 16, np.int64)
        self._soft_histogram = np.zeros(1 << 16, np.int64)
        self._seen = np.zeros(_CODES, np.bool_)

    def codes(self, frame: Frame) -> NDArray[np.uint32]:
        """Turn a frame into codes (height, width), in a buffer that the next call overwrites."""
        alpha = np.ascontiguousarray(frame[..., 3])
        opaque, soft = self._levels(alpha)
        self._count(frame, opaque)

        cv2.add(frame, self._raise, self._dithered)
        cv2.subtract(self._dithered, self._lower, self._dithered)
        packed = self._dithered.view("<u4")[..., 0]
        code, part = self._code, self._part
        for target, shift, mask in ((code, 2, 0x3F), (part, 3, 0x1FC0), (part, 5, 0x7E000)):
            np.right_shift(packed, shift, out=target)
            np.bitwise_and(target, mask, out=target)
            if target is part:
                np.bitwise_or(code, part, out=code)
        np.copyto(code, _CLEAR, where=opaque == 0)
        if soft is not None and soft.size:
            red, green, blue, level = (self._dithered.reshape(-1, 4)[soft] >> 4).astype(np.uint32).T
            cell = red | green << 4 | blue << 8 | level << 12
            self._soft_histogram += np.bincount(cell, minlength=1 << 16)
            code.reshape(-1)[soft] = cell + _TRANSLUCENT
        self._seen[code] = True
        return code

    def finish(self, size: int) -> Quantised:
        """Choose at most ``size`` entries (2..256), the transparent one among them, and map every code seen."""
        soft_cells = np.flatnonzero(self._soft_histogram)
        cells = np.flatnonzero(self._histogram)
        soft_total, total = self._soft_histogram.sum(), self._histogram.sum() * _SAMPLING**2
        room = size - 1
        soft_room = 0
        if soft_cells.size:
            share = soft_total / max(int(soft_total + total), 1)
            soft_room = min(max(1, room // 8 + int(share * room / 2)), len(soft_cells), room)
        soft_centres, soft_colours, soft_alphas = self._choose_translucent(soft_cells, soft_room)
        colours = np.zeros((0, 3), np.uint8)
        if cells.size and room > len(soft_colours):
            colours = choose_colours(_coarse_colours(cells), self._histogram[cells], room - len(soft_colours))

        # Viewers that ignore transparency then show white, not black, around the sticker.
        table = np.concatenate([np.full((1, 3), 255, np.uint8), soft_colours, colours])
        alphas = np.full(len(table), 255, np.uint8)
        alphas[0] = 0
        alphas[1 : 1 + len(soft_alphas)] = soft_alphas
        first_opaque = 1 + len(soft_colours)

        lookup = np.zeros(_CODES, np.uint8)
        seen = np.flatnonzero(self._seen[:_TRANSLUCENT])
        lab = to_lab(table)
        if seen.size and len(colours):
            lookup[seen] = first_opaque + nearest(to_lab(_fine_colours(seen)), lab[first_opaque:])
        if soft_cells.size and len(soft_colours):
            lookup[_TRANSLUCENT + soft_cells] = 1 + nearest(_soft_points(soft_cells), soft_centres)
        alike = np.eye(256, dtype=np.bool_)
        gap = np.linalg.norm(lab[first_opaque:, None] - lab[None, first_opaque:], axis=2)
        alike[first_opaque : len(table), first_opaque : len(table)] |= gap < _CLOSE
        return Quantised(table, alphas, lookup, alike.astype(np.uint8).reshape(-1))

    def _levels(self, alpha: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.intp] | None]:
        """Give where a pixel is drawn at all (non-zero), and the flat places of translucent ones."""
        if self._translucent:
            return _at_least(alpha, 8), np.flatnonzero(cv2.inRange(alpha, 8, 247))
        drawn = _at_least(alpha, _EDGE)
        partial = cv2.inRange(alpha, 1, 254)
        if cv2.countNonZero(partial) >= _SOFT_REACH**2:
            core = cv2.erode(partial, np.ones((_SOFT_REACH, _SOFT_REACH), np.uint8), borderValue=0)
            if cv2.countNonZero(core):
                zone = cv2.dilate(core, np.ones((_SOFT_REACH, _SOFT_REACH), np.uint8))
                cv2.copyTo(_at_least(alpha, self._thresholds), zone, drawn)
        return drawn, None

    def _count(self, frame: Frame, drawn: NDArray[np.uint8]) -> None:
        sample = np.ascontiguousarray(frame[::_SAMPLING, ::_SAMPLING])
        coarse = cv2.cvtColor(sample, cv2.COLOR_RGBA2BGR565).view("<u2")[..., 0]
        counted = drawn[::_SAMPLING, ::_SAMPLING] != 0
        if self._translucent:
            counted &= sample[..., 3] > 247
        self._histogram += np.bincount(coarse[counted], minlength=1 << 16)

    def _choose_translucent(
        self, cells: NDArray[np.intp], size: int
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8]]:
        if not size:
            return np.zeros((0, 4), np.float32), np.zeros((0, 3), np.uint8), np.zeros(0, np.uint8)
        centres = cluster(_soft_points(cells), self._soft_histogram[cells].astype(np.float64), size)
        strength = np.maximum(centres[:, 3:], 1e-3) / 100
        return (
            centres,
            from_lab((centres[:, :3] / strength).astype(np.float32)),
            np.rint(strength[:, 0] * 255).clip(1, 255).astype(np.uint8),
        )


_SAMPLING = 2
"""The histogram looks at every second row and column."""


def _bayer(side: int) -> NDArray[np.float64]:
    """Give the ordered dithering matrix of a power of two, values evenly spread within (-0.5, 0.5)."""
    matrix = np.zeros((1, 1))
    while len(matrix) < side:
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return (matrix + 0.5) / matrix.size - 0.5


def _at_least(alpha: NDArray[np.uint8], threshold: int | NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (alpha >= threshold).view(np.uint8)


def _grey_rgba(level: NDArray[np.int16]) -> Frame:
    rgba = np.repeat(level.astype(np.uint8)[..., None], 4, axis=2)
    rgba[..., 3] = 0
    return rgba


def _fine_colours(codes: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.stack([(codes & 63) * (255 / 63), (codes >> 6 & 127) * (255 / 127), (codes >> 13) * (255 / 63)], axis=-1)


def _coarse_colours(cells: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.stack([(cells >> 11) * (255 / 31), (cells >> 5 & 63) * (255 / 63), (cells & 31) * (255 / 31)], axis=-1)


def _soft_points(cells: NDArray[np.intp]) -> NDArray[np.float32]:
    """Give Oklab weighted by alpha, and alpha (0..100), of translucent cells: a faint colour matters little."""
    rgb = np.stack([cells & 15, cells >> 4 & 15, cells >> 8 & 15], axis=-1) * 17.0
    strength = ((cells >> 12) * 16 + 8) / np.float32(255)
    return np.concatenate([to_lab(rgb) * strength[:, None], strength[:, None] * 100], axis=1).astype(np.float32)
