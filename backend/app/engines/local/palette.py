"""Colours of the person and of what is behind, place by place: whose is a doubtful pixel?

A network that sees 256 px shapes gives veils where shapes are hard to tell. Colours tell them apart: in each part
of the picture the colours that are surely the person's are counted against those that surely are not.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Plane = NDArray[np.float32]
    Mask = NDArray[np.bool_]

_LEVELS = 16
_COLOURS = _LEVELS**3
_CELLS = 4
_FAR_SHARE = 0.3
"""How much the colours of the whole picture count beside those of a place: a sleeve may show only elsewhere."""
_UNSEEN = 2e-5


def person_likelihood(pixels: Pixels, person: Mask, behind: Mask, asked: Mask) -> Plane:
    """How much likelier a pixel's colour is on the person than behind, as log odds, 0 where not ``asked``.

    ``pixels`` RGB u8 (n, n, 3); ``person`` and ``behind`` bool (n, n), what surely belongs to either; ``asked``
    bool (n, n); float32 (n, n).
    """
    size = pixels.shape[0]
    colour = _colour_index(pixels)
    cell = _cell_index(size)
    joint = cell * _COLOURS + colour
    odds = np.log(_density(joint, person)) - np.log(_density(joint, behind))
    result = np.zeros((size, size), np.float32)
    y, x = np.nonzero(asked)
    # Between the middles of cells their opinions blend, or their borders would show.
    place_y, place_x = (np.clip((v + 0.5) * _CELLS / size - 0.5, 0, _CELLS - 1) for v in (y, x))
    row, column = (np.minimum(place.astype(np.intp), _CELLS - 2) for place in (place_y, place_x))
    down, right = (place_y - row).astype(np.float32), (place_x - column).astype(np.float32)
    asked_colour = colour[asked]
    at = (row * _CELLS + column) * _COLOURS + asked_colour
    above = odds[at] * (1 - right) + odds[at + _COLOURS] * right
    at += _CELLS * _COLOURS
    below = odds[at] * (1 - right) + odds[at + _COLOURS] * right
    result[asked] = above * (1 - down) + below * down
    return result


def _colour_index(pixels: Pixels) -> NDArray[np.intp]:
    """Each pixel's bin: CIE Lab, whose steps look alike, the two chroma axes at double resolution round grey."""
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    value = np.arange(256)
    light = value * _LEVELS // 256
    chroma = np.clip(value * 2 * _LEVELS // 256 - _LEVELS // 2, 0, _LEVELS - 1)
    first, second, third = cv2.split(lab)
    index: NDArray[np.intp] = (
        (light * _LEVELS**2).astype(np.intp)[first] + (chroma * _LEVELS).astype(np.intp)[second] + chroma[third]
    )
    return index


@cache
def _cell_index(size: int) -> NDArray[np.intp]:
    line = np.arange(size) * _CELLS // size
    index = np.asarray(line[:, None] * _CELLS + line[None], np.intp)
    index.setflags(write=False)
    return index


def _density(joint: NDArray[np.intp], mask: Mask) -> Plane:
    """Share of each colour among a mask's pixels in each cell and its neighbours, (cells * colours,)."""
    counts = np.bincount(joint[mask], minlength=_CELLS**2 * _COLOURS).astype(np.float32)
    grid = counts.reshape(_CELLS, _CELLS, _COLOURS)
    everywhere = grid.sum((0, 1))
    for axis in (0, 1):
        grid = _softened(grid, axis)
    total = grid.sum(2, keepdims=True)
    grid = grid + everywhere * (_FAR_SHARE * (total + 1) / max(float(everywhere.sum()), 1.0))
    colours = grid.reshape(_CELLS**2, _LEVELS, _LEVELS, _LEVELS)
    for axis in (1, 2, 3):
        colours = _softened(colours, axis)
    flat = colours.reshape(_CELLS**2, -1)
    return np.asarray((flat / np.maximum(flat.sum(1, keepdims=True), 1e-6) + _UNSEEN).ravel(), np.float32)


def _softened(values: Plane, axis: int) -> Plane:
    """A binomial blur along one axis that loses nothing off its ends' inner side."""
    line = np.moveaxis(values, axis, 0)
    soft = 0.5 * line
    soft[1:] += 0.25 * line[:-1]
    soft[:-1] += 0.25 * line[1:]
    return np.moveaxis(soft, 0, axis)
