from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter

from app.engines.local.effects import Anchors, Layer, draw_effects
from app.engines.local.effects.drawing import PAINTERS
from app.engines.local.effects.specs import Effect, EffectSpec

SIZE = 192
KINDS = sorted(PAINTERS)
TIMES = (0.0, 0.11, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9)
_ADAPTER: TypeAdapter[EffectSpec] = TypeAdapter(Effect)


def _spec(kind: str, **fields: object) -> EffectSpec:
    return _ADAPTER.validate_python({"kind": kind, **fields})


def _anchors(tilt: float = 0.0) -> Anchors:
    """A face of landmarks laid out roughly as a frontal one, on a head that fills the middle of the canvas."""
    height = SIZE * 0.46
    middle = np.array([SIZE * 0.5, SIZE * 0.47])
    places = {
        10: (0, -0.5), 152: (0, 0.5), 33: (-0.24, -0.12), 263: (0.24, -0.12), 50: (-0.22, 0.08), 280: (0.22, 0.08),
        205: (-0.18, 0.14), 425: (0.18, 0.14), 61: (-0.14, 0.25), 291: (0.14, 0.25), 13: (0, 0.24), 14: (0, 0.27),
        98: (-0.06, 0.1), 327: (0.06, 0.1), 103: (-0.25, -0.42), 332: (0.25, -0.42), 54: (-0.3, -0.36),
        284: (0.3, -0.36), 234: (-0.38, -0.02), 454: (0.38, -0.02),
    }  # fmt: skip
    right = np.array([np.cos(tilt), np.sin(tilt)])
    down = np.array([-np.sin(tilt), np.cos(tilt)])
    points = np.zeros((468, 2))
    points[:] = middle
    for side, x in ((-1, -0.14), (1, 0.14)):
        lids = (33, 246, 161, 160, 159, 158, 157, 173, 133, 7, 163, 144, 145, 153, 154, 155)
        mirrored = (263, 466, 388, 387, 386, 385, 384, 398, 362, 249, 390, 373, 374, 380, 381, 382)
        points[list(lids if side < 0 else mirrored)] = middle + (x * right - 0.1 * down) * height
    for index, (x, y) in places.items():
        points[index] = middle + (x * right + y * down) * height
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    head = np.hypot((x - middle[0]) / (0.46 * height), (y - middle[1]) / (0.68 * height)) < 1.0
    alpha = np.where(head | (y > SIZE * 0.8), 255, 0).astype(np.uint8)
    return Anchors(points, right, down, height, SIZE, alpha)


ANCHORS = _anchors()


def _draw(spec: EffectSpec, t: float, strength: float = 1.0, anchors: Anchors = ANCHORS) -> np.ndarray:
    """All three layers, each on a canvas of its own."""
    layers = []
    for layer in Layer:
        canvas = np.zeros((SIZE, SIZE, 4), np.uint8)
        draw_effects(canvas, [spec], layer, anchors, t, {spec.channel: strength})
        layers.append(canvas)
    return np.stack(layers)


def test_every_kind_of_the_format_has_a_painter() -> None:
    schema = _ADAPTER.json_schema()
    assert sorted(schema["discriminator"]["mapping"]) == KINDS
    assert len(KINDS) >= 22


@pytest.mark.parametrize("kind", KINDS)
def test_draws_valid_colours_in_its_layers_only(kind: str) -> None:
    frames = [_draw(_spec(kind), t) for t in TIMES]
    drawn = np.max(frames, axis=0)
    for layer, canvas in zip(Layer, drawn, strict=True):
        assert canvas.any() == (layer in PAINTERS[kind].layers), layer
    for frame in frames:
        assert (frame[..., :3] <= frame[..., 3:]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_loops_and_moves(kind: str) -> None:
    spec = _spec(kind)
    start, end = _draw(spec, 0.0), _draw(spec, 1.0)
    assert np.array_equal(start, end)
    late = _draw(spec, 1.0 - 1e-5)
    # Focus lines change from picture to picture all the time, also here.
    assert kind == "focus_lines" or np.abs(late.astype(int) - start).mean() < 0.02
    assert any(not np.array_equal(_draw(spec, t), start) for t in TIMES)


@pytest.mark.parametrize("kind", KINDS)
def test_is_deterministic_and_off_without_strength(kind: str) -> None:
    spec = _spec(kind)
    assert np.array_equal(_draw(spec, 0.4), _draw(_spec(kind), 0.4))
    assert not _draw(spec, 0.4, 0.0).any()
    _draw(spec, 0.4, 1.3)


@pytest.mark.parametrize("kind", KINDS)
def test_survives_odd_faces_and_times(kind: str) -> None:
    tilted = _anchors(0.5)
    outside = Anchors(tilted.points - 400.0, tilted.right, tilted.down, tilted.face_height, SIZE, tilted.alpha)
    for t in (0.07, 0.5, 0.93):
        _draw(_spec(kind, size=3.0), t, 0.05, tilted)
        _draw(_spec(kind, size=0.3), t, 1.0, outside)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if Layer.SKIN in PAINTERS[kind].layers])
def test_skin_is_kept_to_the_person(kind: str) -> None:
    canvas = np.zeros((SIZE, SIZE, 4), np.uint8)
    draw_effects(canvas, [_spec(kind, size=3.0)], Layer.SKIN, ANCHORS, 0.5, {})
    assert canvas.any()
    assert not canvas[ANCHORS.alpha == 0].any()


@pytest.mark.parametrize("kind", ["hearts", "confetti", "twinkles", "coins"])
def test_seed_changes_the_layout(kind: str) -> None:
    assert not np.array_equal(_draw(_spec(kind, seed=1), 0.3), _draw(_spec(kind, seed=2), 0.3))


def test_names_separate_two_of_a_kind() -> None:
    effects = [_spec("mark", text="!"), _spec("mark", text="?", side="right", name="doubt")]
    canvas = np.zeros((SIZE, SIZE, 4), np.uint8)
    draw_effects(canvas, effects, Layer.FRONT, ANCHORS, 0.5, {"mark": 0.0, "fx.doubt": 1.0})
    assert canvas[:, : SIZE // 3].any()
    assert not canvas[:, -SIZE // 3 :].any()


def test_always_there_with_the_whole_loop_as_its_time() -> None:
    for kind in ("crown", "sunglasses", "thumbs_up", "mark", "bulb", "soul", "kiss_marks"):
        spec = _spec(kind, start=0.0, end=1.0)
        assert all(_draw(spec, t).any() for t in (0.0, 0.5, 0.999)), kind
