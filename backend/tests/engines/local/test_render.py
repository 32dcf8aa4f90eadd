from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.engines.local.catalog import get_template, load_templates
from app.engines.local.compose import Puppet
from app.engines.local.errors import FontMissing
from app.engines.local.render import KEEP, REMOVE, Scene, frame_count, parse_background, render, still
from app.engines.local.rig import build_rig
from tests.portraits import fixture
from tests.rigs import ASTRONAUT, HOPPER, SMALL, face_of, rig_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from app.engines.local.compose import Posed
    from app.engines.local.rig import Rig

    Frame = NDArray[np.uint8]

LIVELY = ("laugh_tears", "crying", "party", "dizzy")


@cache
def loop(name: str, portrait: str = ASTRONAUT) -> tuple[Frame, ...]:
    return tuple(render(rig_of(portrait), get_template(name)))


def first(rig: Rig, name: str, **options: object) -> Frame:
    return next(render(rig, get_template(name), **options))  # type: ignore[arg-type]


def premultiplied(frame: Frame) -> NDArray[np.float64]:
    return np.asarray(frame[..., :3] * (frame[..., 3:] / 255.0), np.float64)


def steps_of(frames: tuple[Frame, ...]) -> NDArray[np.float64]:
    """Mean change from each frame to the next, the last one back to the first."""
    seen = [premultiplied(frame) for frame in frames]
    return np.array([np.abs(seen[i] - seen[i - 1]).mean() for i in range(len(seen))])


def test_frames_are_as_promised() -> None:
    template = get_template("wink")
    frames = loop("wink")
    assert len(frames) == template.frame_count == round(template.duration * template.fps)
    for frame in frames:
        assert frame.shape == (SMALL, SMALL, 4)
        assert frame.dtype == np.uint8
        assert frame.flags.c_contiguous
    assert any((frame != frames[0]).any() for frame in frames)


def test_frames_do_not_share_memory() -> None:
    frames = loop("wink")
    for one, other in pairwise(frames):
        assert not np.shares_memory(one, other)
        assert not np.shares_memory(one, rig_of(ASTRONAUT).sticker)


@pytest.mark.parametrize("fps", [1.0, 7.5, 60.0])
def test_another_frame_rate_keeps_the_duration(fps: float) -> None:
    template = get_template("yes")
    assert frame_count(template, fps) == max(2, round(template.duration * fps))
    counted: list[tuple[int, int]] = []
    frames = render(
        rig_of(HOPPER), template, fps=fps, size=64, progress=lambda done, total: counted.append((done, total))
    )
    next(frames)
    next(frames)
    assert counted == [(1, frame_count(template, fps))]


def test_the_same_moments_at_half_the_rate() -> None:
    template = get_template("shocked")
    full = loop("shocked")
    assert len(full) % 2 == 0
    half = tuple(render(rig_of(ASTRONAUT), template, fps=template.fps / 2))
    assert len(half) == len(full) // 2
    for slow, fast in zip(half, full[::2], strict=True):
        np.testing.assert_array_equal(slow, fast)


@pytest.mark.parametrize("fps", [0.0, 0.99, 60.5, -5.0, float("nan"), float("inf")])
def test_impossible_frame_rates_are_refused_at_once(fps: float) -> None:
    with pytest.raises(ValueError, match="fps must be 1 to 60"):
        render(rig_of(HOPPER), get_template("yes"), fps=fps)


@pytest.mark.parametrize("size", [0, 63, 1025, -4])
def test_impossible_sizes_are_refused_at_once(size: int) -> None:
    with pytest.raises(ValueError, match="size must be 64 to 1024"):
        render(rig_of(HOPPER), get_template("yes"), size=size)
    with pytest.raises(ValueError, match="size must be 64 to 1024"):
        still(rig_of(HOPPER), get_template("yes"), size=size)


@pytest.mark.parametrize("size", [64, 101, 240, 256, 400])
def test_other_output_sizes_show_the_same_picture(size: int) -> None:
    frame = first(rig_of(HOPPER), "yes", size=size)
    assert frame.shape == (size, size, 4)
    full = loop("yes", HOPPER)[0]
    assert abs(float((frame[..., 3] > 127).mean()) - float((full[..., 3] > 127).mean())) < 0.012
    assert np.abs(premultiplied(frame).mean((0, 1)) - premultiplied(full).mean((0, 1))).max() < 1.5


def test_removed_background_is_straight_alpha_with_a_white_border() -> None:
    for frame in loop("laugh_tears")[::9]:
        alpha = frame[..., 3]
        assert not alpha[:3, :3].any()
        assert (alpha == 255).mean() > 0.4
        # A soft edge of a white border is white all the way out, or it would darken on white and glow on black.
        soft = (alpha > 40) & (alpha < 215)
        edge = frame[soft][:, :3].astype(int)
        assert np.median(edge.min(1)) > 235
        assert not frame[alpha == 0].any()


def test_kept_and_coloured_backgrounds_are_opaque() -> None:
    rig = rig_of(ASTRONAUT)
    kept = first(rig, "love", background=KEEP, caption="")
    red = first(rig, "love", background=(200, 10, 20), caption="")
    bare = first(rig, "love", background=REMOVE, caption="")
    assert (kept[..., 3] == 255).all()
    assert (red[..., 3] == 255).all()
    outside = bare[..., 3] == 0
    assert outside.mean() > 0.1
    assert (red[outside][:, :3] == (200, 10, 20)).all()
    # Around the person the photo itself.
    corner = kept[:20, :20, :3].astype(int) - rig.background()[:20, :20]
    assert np.abs(corner).mean() < 12
    inside = (bare[..., 3] == 255) & (rig.person[..., 3] == 255)
    assert np.abs(red[inside].astype(int) - bare[inside]).max() <= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("keep", KEEP), (" Remove ", REMOVE), ("#ff8000", (255, 128, 0)), ("ff8000", (255, 128, 0)),
        ("#f80", (255, 136, 0)), ("white", (255, 255, 255)), ("RebeccaPurple", (102, 51, 153)),
        ("rgb(1,2,3)", (1, 2, 3)),
    ],
)  # fmt: skip
def test_backgrounds_are_read(text: str, expected: Scene | tuple[int, int, int]) -> None:
    assert parse_background(text) == expected


@pytest.mark.parametrize("text", ["", "transparentish", "#12", "#12345678", "rgba(1, 2, 3, 0)", "0", "keep it"])
def test_no_background_is_guessed(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_background(text)


def test_captions() -> None:
    rig, below = rig_of(HOPPER), slice(int(0.84 * SMALL), None)
    own = first(rig, "yes")
    none = first(rig, "yes", caption="")
    blank = first(rig, "yes", caption="  \n ")
    other = first(rig, "yes", caption="你好 abc")
    english = first(rig, "yes", lang="en")
    template = get_template("yes")
    np.testing.assert_array_equal(none, blank)
    np.testing.assert_array_equal(own, first(rig, "yes", caption=template.caption.text.zh))
    np.testing.assert_array_equal(english, first(rig, "yes", caption=template.caption.text.en))
    pictures = [own, none, other, english]
    for index, one in enumerate(pictures):
        for two in pictures[index + 1 :]:
            assert (one[below] != two[below]).any(2).mean() > 0.03
            # The caption leaves the face alone.
            np.testing.assert_array_equal(one[: SMALL // 2], two[: SMALL // 2])


def test_a_missing_font_is_told_before_any_frame(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIPIC_FONT", str(tmp_path / "none.ttf"))
    with pytest.raises(FontMissing):
        render(rig_of(HOPPER), get_template("yes"), caption="你好")
    assert first(rig_of(HOPPER), "yes", caption="").any()


def test_progress_counts_every_frame() -> None:
    told: list[tuple[int, int]] = []
    template = get_template("yes")
    count = sum(1 for _ in render(rig_of(HOPPER), template, size=64, progress=lambda *now: told.append(now)))
    assert told == [(done, count) for done in range(1, count + 1)]


def test_frames_are_made_as_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = 0
    pose = Puppet.pose

    def counted(puppet: Puppet, channels: Mapping[str, float]) -> Posed:
        nonlocal drawn
        drawn += 1
        return pose(puppet, channels)

    monkeypatch.setattr(Puppet, "pose", counted)
    frames = render(rig_of(HOPPER), get_template("yes"), size=64)
    assert drawn == 0
    next(frames)
    assert drawn == 1
    list(islice(frames, 2))
    assert drawn == 3


@pytest.mark.parametrize("name", LIVELY)
def test_the_same_bytes_every_time(name: str) -> None:
    again = render(rig_of(ASTRONAUT), get_template(name))
    for one, two in zip(loop(name), again, strict=True):
        np.testing.assert_array_equal(one, two)


def test_another_rig_of_the_same_photo_gives_the_same_bytes() -> None:
    rebuilt = build_rig(fixture(HOPPER), face_of(HOPPER), size=SMALL)
    unpickled = pickle.loads(pickle.dumps(rebuilt))
    expected = loop("party", HOPPER)[::8]
    for rig in (rebuilt, unpickled):
        frames = tuple(render(rig, get_template("party")))[::8]
        for one, two in zip(expected, frames, strict=True):
            np.testing.assert_array_equal(one, two)


def test_threads_that_share_a_rig_give_the_same_bytes() -> None:
    rig = rig_of(ASTRONAUT)

    def whole(name: str) -> tuple[Frame, ...]:
        return tuple(render(rig, get_template(name)))

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(whole, ["party", "crying", "party", "crying"]))
    for name, frames in zip(["party", "crying", "party", "crying"], results, strict=True):
        for one, two in zip(loop(name), frames, strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", ["laugh_tears", "crying", "shocked", "wink", "angry", "yes"])
def test_loops_close(name: str) -> None:
    """From the last frame to the first the picture changes no more than elsewhere in the loop."""
    steps = steps_of(loop(name))
    assert steps[0] <= 1.5 * steps[1:].max()
    assert steps.max() > 0.2


def test_a_still_is_a_frame_of_the_loop() -> None:
    template = get_template("wink")
    rig, frames = rig_of(ASTRONAUT), loop("wink")
    np.testing.assert_array_equal(still(rig, template), frames[round(template.poster * len(frames)) % len(frames)])
    np.testing.assert_array_equal(still(rig, template, t=0.0), frames[0])
    np.testing.assert_array_equal(still(rig, template, t=1.0), frames[0])
    small = still(rig, template, size=64, caption="", background=(0, 0, 0))
    assert small.shape == (64, 64, 4)
    assert (small[..., 3] == 255).all()


@pytest.mark.parametrize("portrait", [ASTRONAUT, HOPPER])
def test_every_template_renders_on_both_portraits(portrait: str) -> None:
    rest = rig_of(portrait).sticker
    for name, template in load_templates().items():
        frame = still(rig_of(portrait), template)
        assert frame.shape == rest.shape, name
        assert (frame != rest).any(2).mean() > 0.05, name
        assert (frame[..., 3] == 255).mean() > 0.3, name
