"""Easings: how a curve travels from one key to the next.

Each maps progress 0..1 (any float64 array) to a share of the way, with f(0) = 0 and f(1) = 1; some pass 1 on the
way, which is what makes a face look alive. All are continuous, so a curve made of them never tears.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

_BACK_OVERSHOOT = 1.9
_ELASTIC_DECAY = 6.5
_ELASTIC_SWINGS = 2.25
_SNAP_SHARE = 0.12


class Easing(StrEnum):
    """The easings a template may name."""

    LINEAR = "linear"
    IN = "in"
    OUT = "out"
    IN_OUT = "in_out"
    BACK = "back"
    ELASTIC = "elastic"
    BOUNCE = "bounce"
    ANTICIPATE = "anticipate"
    SWING = "swing"
    HOLD = "hold"


def _linear(p: Samples) -> Samples:
    return p


def _in(p: Samples) -> Samples:
    return p**3


def _out(p: Samples) -> Samples:
    return 1.0 - (1.0 - p) ** 3


def _in_out(p: Samples) -> Samples:
    return p * p * (3.0 - 2.0 * p)


def _back(p: Samples) -> Samples:
    u = p - 1.0
    return 1.0 + u * u * ((_BACK_OVERSHOOT + 1.0) * u + _BACK_OVERSHOOT)


def _anticipate(p: Samples) -> Samples:
    return p * p * ((_BACK_OVERSHOOT + 1.0) * p - _BACK_OVERSHOOT)


def _swing(p: Samples) -> Samples:
    """Draw back first, then shoot past the goal and settle."""
    first = 0.5 * _anticipate(np.minimum(2.0 * p, 1.0))
    second = 0.5 + 0.5 * _back(np.maximum(2.0 * p - 1.0, 0.0))
    return np.where(p < 0.5, first, second)


def _elastic(p: Samples) -> Samples:
    ring = np.exp(-_ELASTIC_DECAY * p) * np.cos(2.0 * np.pi * _ELASTIC_SWINGS * p)
    # exp never reaches 0: the small rest at p = 1 is spread over the way so that the end is exact
    return 1.0 - ring * (1.0 - p)


def _bounce(p: Samples) -> Samples:
    fall, rate = 7.5625, 2.75
    starts = np.array([0.0, 1.5, 2.25, 2.625]) / rate
    floors = np.array([0.0, 0.75, 0.9375, 0.984375])
    step = np.searchsorted(np.array([1.0, 2.0, 2.5]) / rate, p, side="right")
    return np.asarray(fall * (p - starts[step]) ** 2 + floors[step])


def _hold(p: Samples) -> Samples:
    """Stay, then snap: a true step would tear the curve, so the last eighth carries the change."""
    return _in_out(np.clip((p - (1.0 - _SNAP_SHARE)) / _SNAP_SHARE, 0.0, 1.0))


_CURVES: dict[Easing, Callable[[Samples], Samples]] = {
    Easing.LINEAR: _linear,
    Easing.IN: _in,
    Easing.OUT: _out,
    Easing.IN_OUT: _in_out,
    Easing.BACK: _back,
    Easing.ELASTIC: _elastic,
    Easing.BOUNCE: _bounce,
    Easing.ANTICIPATE: _anticipate,
    Easing.SWING: _swing,
    Easing.HOLD: _hold,
}


def ease(easing: Easing, progress: Samples) -> Samples:
    """Shares of the way, float64 like ``progress``, for progress values in 0..1."""
    return _CURVES[easing](progress)
