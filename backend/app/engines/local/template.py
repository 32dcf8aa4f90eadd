"""The declarative format of a sticker: what a template file may say, and the rules that keep it a clean loop.

Everything is frozen and refuses unknown fields. Times are shares of the loop, 0..1; values are in the unit of
their channel (:mod:`channels`). Rules are told as codes with parameters, see :mod:`template_messages`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from app.engines.local.caption import LONGEST, CaptionStyle
from app.engines.local.channels import CHANNELS, EFFECT_PREFIX, channel, nearest
from app.engines.local.easing import Easing
from app.engines.local.effects.specs import Effect  # noqa: TC001 - pydantic needs it at run time

MAX_KEYS = 64
FRAMES_PER_CYCLE = 2.5
"""Fewer frames than this in a swing cannot show it."""


class Category(StrEnum):
    """Shelves of the template list; the first three are those of the cloud's own templates."""

    KIDS = "kids"
    WORK = "work"
    CLASSIC = "classic"
    JOY = "joy"
    LOVE = "love"
    MOOD = "mood"
    REPLY = "reply"
    FUN = "fun"
    CUSTOM = "custom"


CATEGORY_NAMES: dict[Category, tuple[str, str]] = {
    Category.KIDS: ("萌娃", "Little ones"),
    Category.WORK: ("打工", "At work"),
    Category.CLASSIC: ("经典", "Classics"),
    Category.JOY: ("开心", "Joy"),
    Category.LOVE: ("心动", "Love"),
    Category.MOOD: ("情绪", "Moods"),
    Category.REPLY: ("回应", "Replies"),
    Category.FUN: ("搞怪", "Fun"),
    Category.CUSTOM: ("自制", "Home-made"),
}
"""Names of the shelves in Chinese and English."""


class Shape(StrEnum):
    """Forms of a swing; see :mod:`motion` for their curves."""

    SINE = "sine"
    TRIANGLE = "triangle"
    SQUARE = "square"
    HOP = "hop"
    PULSE = "pulse"
    SHAKE = "shake"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Key(NamedTuple):
    """A point of a curve: at share ``t`` of the loop it has ``value``; ``easing`` is how it got there."""

    t: Share
    value: float
    easing: Easing = Easing.IN_OUT


def _key_shape(given: object) -> object:
    if not isinstance(given, (list, tuple)) or not 2 <= len(given) <= 3:
        raise PydanticCustomError("key_shape", "a key is [time, value] or [time, value, easing]")
    return given


def _keys_in_order(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    for index in range(1, len(keys)):
        if keys[index].t <= keys[index - 1].t:
            raise PydanticCustomError(
                "keys_unordered",
                "key at {now} does not come after the one at {before}",
                {"now": keys[index].t, "before": keys[index - 1].t, "at": (index,)},
            )
    if keys[0].t != 0.0:
        raise PydanticCustomError("keys_first_time", "first key at {now}", {"now": keys[0].t, "at": (0,)})
    last = len(keys) - 1
    if keys[last].t != 1.0:
        raise PydanticCustomError("keys_last_time", "last key at {now}", {"now": keys[last].t, "at": (last,)})
    if keys[0].value != keys[last].value:
        raise PydanticCustomError(
            "loop_open",
            "starts at {first}, ends at {last}",
            {"first": keys[0].value, "last": keys[last].value, "at": (last,)},
        )
    return keys


Keys = Annotated[
    tuple[Annotated[Key, BeforeValidator(_key_shape)], ...],
    Field(min_length=2, max_length=MAX_KEYS),
    AfterValidator(_keys_in_order),
]


class Hold(_Model):
    """Rise, hold, fall: ``base`` until ``from``, ``hold`` from ``to`` until ``until``, ``base`` again at ``end``.

    ``windup`` is a share of the way in the opposite direction, taken just before the rise (anticipation).
    """

    hold: float
    from_: Share = Field(alias="from")
    to: Share
    until: Share
    end: Share = 1.0
    base: float = 0.0
    ease: Easing = Easing.BACK
    ease_out: Easing = Easing.IN_OUT
    windup: Annotated[float, Field(ge=0.0, le=0.5)] = 0.0

    @model_validator(mode="after")
    def _times_in_order(self) -> Self:
        if not self.from_ < self.to <= self.until < self.end:
            raise PydanticCustomError(
                "hold_order",
                "times must rise",
                {"from_": self.from_, "to": self.to, "until": self.until, "end": self.end},
            )
        return self

    def keys(self) -> tuple[Key, ...]:
        """The same curve as a list of keys."""
        keys = [Key(0.0, self.base)]
        if self.from_ > 0.0:
            keys.append(Key(self.from_, self.base, Easing.LINEAR))
        if self.windup > 0.0:
            middle = self.from_ + 0.4 * (self.to - self.from_)
            keys.append(Key(middle, self.base - self.windup * (self.hold - self.base)))
        keys.append(Key(self.to, self.hold, self.ease))
        if self.until > self.to:
            keys.append(Key(self.until, self.hold, Easing.LINEAR))
        keys.append(Key(self.end, self.base, self.ease_out))
        if self.end < 1.0:
            keys.append(Key(1.0, self.base, Easing.LINEAR))
        return tuple(keys)


def _track_kind(given: object) -> str:
    if isinstance(given, (dict, Hold)):
        return "<hold>"
    return "<keys>" if isinstance(given, (list, tuple)) else "<constant>"


Track = Annotated[
    Annotated[float, Tag("<constant>")] | Annotated[Keys, Tag("<keys>")] | Annotated[Hold, Tag("<hold>")],
    Discriminator(_track_kind),
]
"""A curve: a constant, a list of keys, or the shorthand for rise, hold and fall."""


def curve_keys(track: float | tuple[Key, ...] | Hold) -> tuple[Key, ...]:
    """Any form of a track as keys from t = 0 to t = 1."""
    if isinstance(track, Hold):
        return track.keys()
    return track if isinstance(track, tuple) else (Key(0.0, track), Key(1.0, track))


def _known_channel(name: str) -> str:
    if channel(name) is None:
        suggestion = nearest(name, CHANNELS)
        raise PydanticCustomError("unknown_channel", "no channel {got}", {"got": name, "suggestion": suggestion})
    return name


ChannelName = Annotated[str, AfterValidator(_known_channel)]


class Oscillator(_Model):
    """A swing of one channel with a whole number of cycles in the loop, so that it closes."""

    channel: ChannelName
    amplitude: float
    cycles: Annotated[int, Field(ge=1, le=40)]
    phase: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.0
    shape: Shape = Shape.SINE
    envelope: Track = 1.0


class Name(_Model):
    """A name in Chinese and in English."""

    zh: Annotated[str, Field(min_length=1, max_length=20)]
    en: Annotated[str, Field(min_length=1, max_length=40)]


CaptionWords = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class CaptionText(_Model):
    """The words under the face, in Chinese and in English."""

    zh: CaptionWords
    en: CaptionWords


class CaptionLine(_Model):
    """The words under the face and their look."""

    text: CaptionText
    style: CaptionStyle = CaptionStyle()


class Template(_Model):
    """One animated sticker: how a face moves through a loop, what is drawn on it and what it says."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    driven_id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")] | None = None
    category: Category = Category.CUSTOM
    emotion: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,29}$")]
    name: Name
    duration: Annotated[float, Field(ge=0.4, le=6.0)]
    fps: Annotated[int, Field(ge=5, le=50)] = 25
    poster: Share = 0.5
    tracks: dict[ChannelName, Track]
    oscillators: tuple[Oscillator, ...] = ()
    blink: tuple[Share, ...] = ()
    breathing: Annotated[float, Field(ge=0.0, le=2.0)] = 1.0
    effects: tuple[Effect, ...] = ()
    caption: CaptionLine

    @property
    def frame_count(self) -> int:
        """Frames of one loop at the template's own frame rate."""
        return self.frames_at(self.fps)

    def frames_at(self, fps: float) -> int:
        """Frames of one loop at another frame rate; at least 2."""
        return max(2, round(self.duration * fps))

    @model_validator(mode="after")
    def _values_in_range(self) -> Self:
        for name, track in self.tracks.items():
            for index, value, fields in _values(track):
                _bounded(name, value, ("tracks", name, *((index,) if index is not None else fields)))
        for position, swing in enumerate(self.oscillators):
            _bounded(swing.channel, swing.amplitude, ("oscillators", position, "amplitude"), size=True)
            most = int(self.frame_count / FRAMES_PER_CYCLE)
            if swing.cycles > most:
                at = ("oscillators", position, "cycles")
                raise PydanticCustomError("cycles_too_fast", "at most {most}", {"most": most, "at": at})
            for index, value, fields in _values(swing.envelope):
                at = ("oscillators", position, "envelope", *((index,) if index is not None else fields))
                if not -1.0 <= value <= 1.0:
                    raise PydanticCustomError(
                        "out_of_range", "{got} not in range", {"got": value, "low": -1.0, "high": 1.0, "at": at}
                    )
        return self

    @model_validator(mode="after")
    def _strengths_have_effects(self) -> Self:
        driven = {effect.channel for effect in self.effects}
        used: list[tuple[str, tuple[str | int, ...]]] = [(name, ("tracks", name)) for name in self.tracks]
        used += [(swing.channel, ("oscillators", index, "channel")) for index, swing in enumerate(self.oscillators)]
        for name, at in used:
            if name.startswith(EFFECT_PREFIX) and name.removeprefix(EFFECT_PREFIX) not in driven:
                suggestion = nearest(name.removeprefix(EFFECT_PREFIX), driven)
                raise PydanticCustomError(
                    "strength_without_effect",
                    "no effect for {got}",
                    {"got": name, "suggestion": suggestion and EFFECT_PREFIX + suggestion, "at": at},
                )
        return self


def _values(track: float | tuple[Key, ...] | Hold) -> list[tuple[int | None, float, tuple[str, ...]]]:
    """Every stated value of a track with its place: index of the key, or names of the field."""
    if isinstance(track, Hold):
        return [(None, track.hold, ("hold",)), (None, track.base, ("base",))]
    if isinstance(track, tuple):
        return [(index, key.value, ()) for index, key in enumerate(track)]
    return [(None, track, ())]


def _bounded(name: str, value: float, at: tuple[Any, ...], *, size: bool = False) -> None:
    known = channel(name)
    if known is None:  # pragma: no cover - names were checked before
        return
    low, high = (-max(known.high, -known.low), max(known.high, -known.low)) if size else (known.low, known.high)
    if not low <= value <= high:
        raise PydanticCustomError(
            "out_of_range", "{got} not in range", {"got": value, "low": low, "high": high, "at": at}
        )
