import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.local.easing import Easing, ease


@pytest.mark.parametrize("easing", Easing)
def test_starts_at_nothing_and_ends_at_all(easing: Easing) -> None:
    assert ease(easing, np.array([0.0, 1.0])) == pytest.approx([0.0, 1.0], abs=1e-9)


@pytest.mark.parametrize("easing", Easing)
def test_is_continuous_and_bounded(easing: Easing) -> None:
    way = ease(easing, np.linspace(0.0, 1.0, 20_001))
    assert np.abs(np.diff(way)).max() < 2e-3
    assert way.min() > -0.35
    assert way.max() < 1.6


@pytest.mark.parametrize("easing", [Easing.LINEAR, Easing.IN, Easing.OUT, Easing.IN_OUT, Easing.HOLD])
def test_plain_easings_never_turn_back(easing: Easing) -> None:
    assert np.diff(ease(easing, np.linspace(0.0, 1.0, 501))).min() >= 0.0


@pytest.mark.parametrize("easing", [Easing.BACK, Easing.ELASTIC, Easing.SWING])
def test_lively_easings_shoot_past_the_goal(easing: Easing) -> None:
    assert ease(easing, np.linspace(0.0, 1.0, 501)).max() > 1.04


@pytest.mark.parametrize("easing", [Easing.ANTICIPATE, Easing.SWING])
def test_anticipation_goes_the_wrong_way_first(easing: Easing) -> None:
    assert ease(easing, np.linspace(0.0, 1.0, 501)).min() < -0.04


@given(st.sampled_from(list(Easing)), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_each_value_stands_alone(easing: Easing, progress: list[float]) -> None:
    together = ease(easing, np.array(progress))
    alone = [float(ease(easing, np.array([p]))[0]) for p in progress]
    assert together == pytest.approx(alone, abs=1e-12)
