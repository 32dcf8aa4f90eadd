from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.local.catalog import load_templates
from app.engines.local.channels import channel
from app.engines.local.easing import Easing
from app.engines.local.motion import blink_weight, oscillate, sample, sample_keys
from app.engines.local.template import Hold, Key, Shape, Template

NAMES = list(load_templates())


def template(**fields: object) -> Template:
    plain: dict[str, object] = {
        "id": "test",
        "emotion": "test",
        "name": {"zh": "测试", "en": "Test"},
        "duration": 2.0,
        "tracks": {},
        "breathing": 0,
        "caption": {"text": {"zh": "测试", "en": "Test"}},
    }
    return Template.model_validate(plain | fields)


@st.composite
def curves(draw: st.DrawFn) -> tuple[Key, ...]:
    inner = sorted(draw(st.sets(st.integers(1, 99), max_size=6)))
    times = [0.0, *(t / 100 for t in inner), 1.0]
    values = draw(st.lists(st.floats(-5, 5), min_size=len(times) - 1, max_size=len(times) - 1))
    easings = draw(st.lists(st.sampled_from(list(Easing)), min_size=len(times), max_size=len(times)))
    return tuple(Key(t, v, e) for t, v, e in zip(times, [*values, values[0]], easings, strict=True))


class TestCurves:
    @given(curves())
    def test_pass_through_their_keys(self, keys: tuple[Key, ...]) -> None:
        times = np.array([key.t for key in keys])
        assert sample_keys(keys, times) == pytest.approx([key.value for key in keys], abs=1e-9)

    @given(curves())
    def test_stay_near_their_keys(self, keys: tuple[Key, ...]) -> None:
        values = [key.value for key in keys]
        reach = max(values) - min(values)
        curve = sample_keys(keys, np.linspace(0, 1, 400, endpoint=False))
        assert curve.min() >= min(values) - 0.65 * reach - 1e-9
        assert curve.max() <= max(values) + 0.65 * reach + 1e-9

    @given(curves())
    def test_do_not_jump(self, keys: tuple[Key, ...]) -> None:
        steepest = max(abs(b.value - a.value) / (b.t - a.t) for a, b in pairwise(keys))
        curve = sample_keys(keys, np.arange(4001) / 4000)
        assert np.abs(np.diff(curve)).max() <= 30 * steepest / 4000 + 1e-9

    @given(curves(), st.integers(2, 60), st.integers(2, 4))
    def test_do_not_depend_on_the_frame_rate(self, keys: tuple[Key, ...], count: int, factor: int) -> None:
        few = sample_keys(keys, np.arange(count) / count)
        many = sample_keys(keys, np.arange(count * factor) / (count * factor))
        assert few == pytest.approx(many[::factor], abs=1e-9)


class TestHold:
    def test_is_the_curve_it_says(self) -> None:
        hold = Hold.model_validate({"hold": 2.0, "from": 0.1, "to": 0.3, "until": 0.7, "end": 0.9, "base": 0.5})
        times = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
        assert sample_keys(hold.keys(), times) == pytest.approx([0.5, 0.5, 2.0, 2.0, 2.0, 0.5, 0.5])

    def test_windup_goes_the_other_way_first(self) -> None:
        hold = Hold.model_validate({"hold": 1.0, "from": 0.1, "to": 0.3, "until": 0.7, "windup": 0.2})
        assert sample_keys(hold.keys(), np.linspace(0, 0.3, 100)).min() == pytest.approx(-0.2, abs=0.01)


class TestOscillators:
    @given(st.sampled_from(list(Shape)), st.integers(1, 12), st.floats(-1, 1))
    def test_close_and_stay_within_one(self, shape: Shape, cycles: int, phase: float) -> None:
        wave = oscillate(shape, cycles, phase, np.linspace(0, 1, 1201))
        assert wave[0] == pytest.approx(wave[-1], abs=1e-6)
        assert np.abs(wave).max() <= 1.0 + 1e-9

    @pytest.mark.parametrize("shape", [Shape.HOP, Shape.PULSE])
    def test_hops_and_pulses_have_one_side(self, shape: Shape) -> None:
        assert oscillate(shape, 3, 0.0, np.linspace(0, 1, 301)).min() >= 0.0

    def test_envelope_scales(self) -> None:
        swing = {"channel": "head.yaw", "amplitude": 10, "cycles": 5, "envelope": [[0, 0], [0.5, 1], [1, 0]]}
        yaw = np.abs(sample(template(oscillators=[swing]), 200).channels["head.yaw"])
        assert yaw[:10].max() < 0.4
        assert 9.5 < yaw[90:110].max() <= 10

    def test_effect_strength_swings_about_one(self) -> None:
        swing = {"channel": "fx.tears", "amplitude": 0.4, "cycles": 2}
        strength = sample(template(oscillators=[swing], effects=[{"kind": "tears"}])).channels["fx.tears"]
        assert strength.max() == 1.0
        assert strength.min() == pytest.approx(0.6, abs=0.01)


class TestBlink:
    def test_shuts_at_its_moment_and_nowhere_else(self) -> None:
        times = np.arange(200) / 200
        shut = blink_weight([0.5], 2.0, times)
        assert shut[100] == 1.0
        assert shut[:80].max() == 0.0
        assert shut[125:].max() == 0.0

    def test_may_lie_across_the_seam(self) -> None:
        shut = blink_weight([0.0], 2.0, np.arange(100) / 100)
        assert shut[0] == 1.0
        assert shut[1] > 0.0
        assert shut[-1] > 0.0

    def test_does_not_open_lids_that_are_shut(self) -> None:
        lid = sample(template(tracks={"lid": 0.8}, blink=[0.5]), 50).channels["lid"]
        assert lid.min() == pytest.approx(0.8)
        assert lid.max() == 1.0


class TestSample:
    def test_adds_both_sides_and_one_side_within_the_range(self) -> None:
        channels = sample(template(tracks={"lid": 0.7, "lid_left": 0.8, "lid_right": -0.2}), 4).channels
        assert channels["lid"] + channels["lid_left"] == pytest.approx(np.ones(4))
        assert channels["lid"] + channels["lid_right"] == pytest.approx(np.full(4, 0.5))

    def test_keeps_overshoot_within_the_range(self) -> None:
        rise = {"hold": 1.0, "from": 0.1, "to": 0.3, "until": 0.8, "ease": "elastic"}
        assert sample(template(tracks={"lid": rise}), 400).channels["lid"].max() == 1.0

    def test_breathes_by_default(self) -> None:
        assert np.ptp(sample(template(breathing=1)).channels["head.y"]) > 0.004

    def test_takes_its_own_frame_count(self) -> None:
        assert sample(template(duration=1.2, fps=20)).frame_count == 24

    def test_refuses_a_loop_of_nothing(self) -> None:
        with pytest.raises(ValueError, match="at least one frame"):
            sample(template(), 0)

    def test_frame_goes_round(self) -> None:
        motion = sample(template(tracks={"smile": [[0, 0], [0.5, 1], [1, 0]]}), 10)
        assert motion.frame(13) == motion.frame(3)


@pytest.mark.parametrize("name", NAMES)
class TestShippedTemplates:
    def test_loop_closes(self, name: str) -> None:
        shown = load_templates()[name]
        fine = 4000
        for channel_name, values in sample(shown, fine).channels.items():
            inner = np.abs(np.diff(values))
            assert abs(values[0] - values[-1]) <= inner.max() + 1e-9, channel_name

    def test_seam_is_no_larger_than_the_largest_step_inside(self, name: str) -> None:
        for channel_name, values in sample(load_templates()[name]).channels.items():
            inner = np.abs(np.diff(values))
            assert abs(values[0] - values[-1]) <= inner.max() + 1e-9, channel_name

    def test_stays_in_range(self, name: str) -> None:
        for channel_name, values in sample(load_templates()[name], 300).channels.items():
            known = channel(channel_name)
            assert known is not None
            assert np.isfinite(values).all()
            assert known.low - 1e-9 <= values.min(), channel_name
            assert values.max() <= known.high + 1e-9, channel_name

    def test_same_at_common_times(self, name: str) -> None:
        shown = load_templates()[name]
        once, thrice = sample(shown, 40).channels, sample(shown, 120).channels
        for channel_name, values in once.items():
            assert values == pytest.approx(thrice[channel_name][::3], abs=1e-9), channel_name


@settings(max_examples=40)
@given(st.sampled_from(NAMES), st.integers(2, 90))
def test_any_frame_count_is_sampled_alike(name: str, count: int) -> None:
    motion = sample(load_templates()[name], count)
    again = sample(load_templates()[name], count)
    assert motion.frame_count == count
    assert all(len(values) == count for values in motion.channels.values())
    assert all((values == again.channels[key]).all() for key, values in motion.channels.items())
