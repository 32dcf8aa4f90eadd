"""Sampling a template: every channel as an array over the frames of one loop.

All curves are functions of the share t of the loop alone, so the frame rate decides only where they are looked
at; frame ``n`` of ``n`` would be frame 0 again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.engines.local.channels import EFFECT_PREFIX, SIDES, channel
from app.engines.local.easing import Easing, ease
from app.engines.local.template import Shape, curve_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from app.engines.local.template import Hold, Key, Template

    Samples = NDArray[np.float64]

_LID_CLOSES, _LID_SHUT, _LID_OPENS = 0.08, 0.04, 0.14
"""Seconds of a blink; opening is slower than closing, as in life."""
_BREATH_SECONDS = 2.4


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A sampled loop: ``times`` are shares of the loop, each channel an array of the same length.

    A channel that the template leaves alone is absent: it is at rest (0), or, for ``fx.`` strengths, at 1.
    """

    times: Samples
    channels: Mapping[str, Samples]

    @property
    def frame_count(self) -> int:
        """Frames of the loop."""
        return len(self.times)

    def frame(self, index: int) -> dict[str, float]:
        """The value of each channel at one frame; any index is legal, the loop goes round."""
        place = index % len(self.times)
        return {name: float(values[place]) for name, values in self.channels.items()}


def sample_keys(keys: tuple[Key, ...], times: Samples) -> Samples:
    """A curve at ``times`` (each 0..1); ``keys`` run from 0 to 1."""
    t = np.array([key.t for key in keys])
    values = np.array([key.value for key in keys])
    segment = np.clip(np.searchsorted(t, times, side="right") - 1, 0, len(keys) - 2)
    progress = np.clip((times - t[segment]) / (t[segment + 1] - t[segment]), 0.0, 1.0)
    easings = [key.easing for key in keys[1:]]
    for easing in dict.fromkeys(easings):
        if easing is not Easing.LINEAR:
            chosen = np.array([other is easing for other in easings])[segment]
            progress[chosen] = ease(easing, progress[chosen])
    return np.asarray(values[segment] + (values[segment + 1] - values[segment]) * progress)


def sample_track(track: float | tuple[Key, ...] | Hold, times: Samples) -> Samples:
    """Any form of a track at ``times`` (each 0..1)."""
    if isinstance(track, (int, float)):
        return np.full(len(times), float(track))
    return sample_keys(curve_keys(track), times)


def _triangle(turn: Samples) -> Samples:
    return 1.0 - 4.0 * np.abs((turn + 0.25) % 1.0 - 0.5)


def _square(turn: Samples) -> Samples:
    """Two poses with a quick change between them; soft, because a jump of a face looks like a dropped frame."""
    return np.asarray(np.tanh(3.0 * np.sin(2.0 * np.pi * turn)) / np.tanh(3.0))


def _hop(turn: Samples) -> Samples:
    return np.asarray(np.abs(np.sin(np.pi * turn)))


def _pulse(turn: Samples) -> Samples:
    return np.asarray(np.sin(np.pi * turn) ** 8)


def _shake(turn: Samples) -> Samples:
    """An uneven tremble: two swings of which the second is twice as fast."""
    return np.asarray(0.65 * np.sin(2.0 * np.pi * turn) + 0.35 * np.sin(4.0 * np.pi * turn + 1.0))


_SHAPES: dict[Shape, Callable[[Samples], Samples]] = {
    Shape.SINE: lambda turn: np.asarray(np.sin(2.0 * np.pi * turn)),
    Shape.TRIANGLE: _triangle,
    Shape.SQUARE: _square,
    Shape.HOP: _hop,
    Shape.PULSE: _pulse,
    Shape.SHAKE: _shake,
}


def oscillate(shape: Shape, cycles: int, phase: float, times: Samples) -> Samples:
    """A swing in -1..1 (``hop`` and ``pulse``: 0..1) that makes ``cycles`` whole cycles while t goes from 0 to 1."""
    return _SHAPES[shape](cycles * times + phase)


def blink_weight(moments: Iterable[float], duration: float, times: Samples) -> Samples:
    """How far blinks at the ``moments`` shut the lids, 0..1; they may lie across the seam of the loop."""
    shut = np.zeros(len(times))
    for moment in moments:
        seconds = ((times - moment + 0.5) % 1.0 - 0.5) * duration
        before = np.clip((seconds + _LID_SHUT / 2 + _LID_CLOSES) / _LID_CLOSES, 0.0, 1.0)
        after = np.clip((_LID_SHUT / 2 + _LID_OPENS - seconds) / _LID_OPENS, 0.0, 1.0)
        shut = np.maximum(shut, ease(Easing.IN_OUT, np.minimum(before, after)))
    return shut


def _breathe(amount: float, duration: float, times: Samples) -> dict[str, Samples]:
    cycles = max(1, round(duration / _BREATH_SECONDS))
    turn = 2.0 * np.pi * cycles * times
    return {
        "head.y": 0.0035 * amount * np.sin(turn),
        "head.roll": 0.3 * amount * np.sin(2.0 * np.pi * times + 1.0),
        "body.stretch_y": 0.003 * amount * np.sin(turn + 0.8),
    }


def sample(template: Template, frame_count: int | None = None) -> Motion:
    """One loop of ``template`` in ``frame_count`` frames (its own number when ``None``).

    Tracks, swings and breathing of a channel add up; blinks shut the lids at least so far. Every channel is
    kept within its range, a one-sided channel together with the channel of both sides.
    """
    count = template.frame_count if frame_count is None else frame_count
    if count < 1:
        raise ValueError(f"a loop has at least one frame, not {count}")
    times = np.arange(count) / count
    total: dict[str, Samples] = {name: sample_track(track, times) for name, track in template.tracks.items()}

    def add(name: str, values: Samples) -> None:
        total[name] = total[name] + values if name in total else values

    for swing in template.oscillators:
        rest = 1.0 if swing.channel.startswith(EFFECT_PREFIX) and swing.channel not in total else 0.0
        wave = oscillate(swing.shape, swing.cycles, swing.phase, times)
        add(swing.channel, rest + swing.amplitude * sample_track(swing.envelope, times) * wave)
    if template.breathing > 0.0:
        for name, values in _breathe(template.breathing, template.duration, times).items():
            add(name, values)
    if template.blink:
        shut = blink_weight(template.blink, template.duration, times)
        total["lid"] = np.maximum(total.get("lid", 0.0), shut)
    return Motion(times, _within_range(total))


def _within_range(total: Mapping[str, Samples]) -> dict[str, Samples]:
    kept: dict[str, Samples] = {}
    for name, values in total.items():
        known = channel(name)
        if known is not None:
            kept[name] = np.clip(values, known.low, known.high)
    for name, values in kept.items():
        base, _, side = name.rpartition("_")
        both = channel(base)
        if side in SIDES and both is not None:
            common = kept.get(base, 0.0)
            kept[name] = np.asarray(np.clip(common + values, both.low, both.high) - common)
    return kept
