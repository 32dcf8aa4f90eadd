"""Times and eases of effects; all close with the loop."""

from __future__ import annotations

from functools import lru_cache
from math import cos, pi, sin
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RISE = 0.13
_FALL = 0.07


def phase(t: float, cycles: int, offset: float = 0.0) -> float:
    """Return the place, 0 to 1, in a repetition that starts at ``-offset`` of its own length."""
    return (t * cycles + offset) % 1.0


def wave(t: float, cycles: int, offset: float = 0.0) -> float:
    """Return a sine, -1 to 1, of whole cycles a loop."""
    return sin(2.0 * pi * (t * cycles + offset))


def swell(q: float) -> float:
    """Return 0 at both ends and 1 in the middle, smooth."""
    return 0.5 - 0.5 * cos(2.0 * pi * q)


def fade(q: float, rise: float = 0.15, fall: float = 0.25) -> float:
    """Return an opacity that comes in over the first part of 0..1 and goes in the last."""
    return max(0.0, min(1.0, q / rise, (1.0 - q) / fall))


def ease_out(q: float) -> float:
    """Return a fast start that comes to rest at 1."""
    return 1.0 - (1.0 - min(max(q, 0.0), 1.0)) ** 3


def ease_in(q: float) -> float:
    """Return a slow start."""
    return min(max(q, 0.0), 1.0) ** 2


def spring(q: float) -> float:
    """Return 0 to 1 with one overshoot of about a sixth and a small swing back."""
    if q <= 0.0:
        return 0.0
    if q >= 1.0:
        return 1.0
    return 1.0 - cos(2.6 * pi * q) * float((1.0 - q) ** 2.2)


def appear(t: float, start: float, end: float) -> float:
    """Return the scale of something that springs in at ``start`` and shrinks away by ``end``.

    ``start`` 0 with ``end`` 1 means that it is there all the time.
    """
    if start <= 0.0 and end >= 1.0:
        return 1.0
    if not start <= t <= end:
        return 0.0
    return spring((t - start) / _RISE) * (1.0 - ease_in((t - end + _FALL) / _FALL))


def progress(t: float, start: float, end: float) -> float:
    """Return the place of ``t`` between ``start`` and ``end``, 0 before and 1 after."""
    return min(max((t - start) / max(end - start, 1e-6), 0.0), 1.0)


@lru_cache(maxsize=64)
def scatter(seed: int, count: int, columns: int) -> NDArray[np.float64]:
    """Return fixed random numbers 0 to 1 (count, columns), the same for the same seed, read-only."""
    numbers = np.random.default_rng(seed).random((count, columns))
    numbers.setflags(write=False)
    return numbers
