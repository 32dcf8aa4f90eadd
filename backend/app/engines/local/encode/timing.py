"""Frame rates as the containers want them."""

from __future__ import annotations

from fractions import Fraction
from itertools import count, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

GIF_FASTEST = 50
"""Frames a second; browsers play delays under 2/100 s as 10/100 s."""


def rational(fps: float) -> Fraction:
    """Give the frame rate as a small fraction: 25, 12.5 = 25/2, 29.97 = 2997/100."""
    return Fraction(fps).limit_denominator(1000)


def centiseconds(fps: float) -> Iterator[int]:
    """Yield GIF delays without end, in 1/100 s, whose sum never strays more than half a unit: 3, 4, 3, 3, 4… at 30."""
    rate = rational(fps)
    moments = (int(frame * 100 / rate + Fraction(1, 2)) for frame in count())
    for start, end in pairwise(moments):
        yield end - start
