"""Pairs of contours that open and close: lids and lips."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]


def parted(upper: Points, lower: Points, down: Points, softness: float) -> tuple[Points, Points]:
    """Keep an upper contour above its lower one, without a kink where they meet.

    ``upper`` and ``lower`` (n, 2) px pair up point by point and share their ends; ``down`` is the unit vector from
    one to the other; ``softness`` px is how early the curves begin to give way.
    """
    gap = (lower - upper) @ down
    taper = np.sin(np.linspace(0, np.pi, len(gap))) * softness
    # A cubic from slope 0 where they meet to slope 1 where they are free.
    way = np.clip(gap / np.maximum(taper, 1e-6), 0, 1)
    kept = np.where(way < 1, np.maximum(taper, 0) * way * way * (2 - way), gap)
    shift = ((kept - gap) / 2)[:, None] * down
    return upper - shift, lower + shift


@cache
def taper_of(count: int, ends: float = 0.0, power: float = 1.0) -> Points:
    """(n,) weights along a contour: 1 in its middle, falling to its corners as a sine that starts at ``ends`` rad."""
    weights: Points = np.sin(np.linspace(ends, np.pi - ends, count)) ** power
    weights.setflags(write=False)
    return weights
