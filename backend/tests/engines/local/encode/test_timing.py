from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.local.encode.timing import centiseconds, rational


@pytest.mark.parametrize(
    ("fps", "delays"), [(25, [4, 4, 4, 4]), (50, [2, 2, 2, 2]), (10, [10] * 4), (30, [3, 4, 3, 3])]
)
def test_known_rates(fps: float, delays: list[int]) -> None:
    assert list(islice(centiseconds(fps), 4)) == delays


@given(st.floats(1, 50))
def test_no_drift_and_never_too_short_for_viewers(fps: float) -> None:
    delays = list(islice(centiseconds(fps), 200))
    assert min(delays) >= 2
    for number, moment in enumerate(accumulate(delays), 1):
        assert abs(moment - number * 100 / rational(fps)) <= Fraction(1, 2)


def test_rates_are_small_fractions() -> None:
    assert rational(12.5) == Fraction(25, 2)
    assert rational(29.97) == Fraction(2997, 100)
