from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.local.contours import parted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

PLAIN = settings(max_examples=40)
gaps = st.lists(st.floats(-20, 20, allow_subnormal=False), min_size=1, max_size=20)
angles = st.floats(-np.pi, np.pi)


def contours(inner: list[float], angle: float) -> tuple[Points, Points, Points]:
    """Two contours that share their ends, ``inner`` px apart between them, and the way down."""
    right = np.array([np.cos(angle), np.sin(angle)])
    down = np.array([-right[1], right[0]])
    gap = np.array([0.0, *inner, 0.0])
    x = np.linspace(0, 60, len(gap))[:, None] * right
    return x - gap[:, None] / 2 * down, x + gap[:, None] / 2 * down, down


@given(gaps, angles, st.floats(0, 8))
@PLAIN
def test_contours_never_cross_and_keep_their_ends(inner: list[float], angle: float, softness: float) -> None:
    upper, lower, down = contours(inner, angle)
    top, bottom = parted(upper, lower, down, softness)
    assert ((bottom - top) @ down >= -1e-9).all()
    np.testing.assert_allclose(top[[0, -1]], upper[[0, -1]], atol=1e-6)
    np.testing.assert_allclose(bottom[[0, -1]], lower[[0, -1]], atol=1e-6)


@given(gaps, angles, st.floats(0, 8))
@PLAIN
def test_both_give_way_alike_and_only_up_and_down(inner: list[float], angle: float, softness: float) -> None:
    upper, lower, down = contours(inner, angle)
    right = np.array([down[1], -down[0]])
    top, bottom = parted(upper, lower, down, softness)
    np.testing.assert_allclose(top + bottom, upper + lower, atol=1e-9)
    np.testing.assert_allclose((top - upper) @ right, 0, atol=1e-9)


@given(st.lists(st.floats(10, 30), min_size=1, max_size=20), st.floats(0, 4))
@PLAIN
def test_contours_far_apart_stay(inner: list[float], softness: float) -> None:
    upper, lower, down = contours(inner, 0.0)
    top, _ = parted(upper, lower, down, softness)
    np.testing.assert_allclose(top, upper, atol=1e-9)


def test_a_smaller_gap_stays_smaller() -> None:
    kept = []
    for gap in np.arange(-10, 20, 0.25):
        upper, lower, down = contours([gap], 0.0)
        top, bottom = parted(upper, lower, down, 5.0)
        kept.append(float(((bottom - top) @ down)[1]))
    assert kept[0] == 0
    assert (np.diff(kept) >= -1e-9).all()
    # No kink: the gap opens gradually once the curves part.
    assert np.abs(np.diff(kept, 2)).max() < 0.25 * 0.25


def test_crossed_contours_meet() -> None:
    upper, lower, down = contours([-3.0, -8.0, -3.0], 0.3)
    top, bottom = parted(upper, lower, down, 1.0)
    np.testing.assert_allclose(top, bottom, atol=1e-9)
