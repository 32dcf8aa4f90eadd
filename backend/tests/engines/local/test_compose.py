from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.local import topology as mesh
from app.engines.local.channels import CHANNELS
from app.engines.local.compose import Puppet
from tests.rigs import ASTRONAUT, PORTRAITS, expressed, posed, rig_of

if TYPE_CHECKING:
    from app.engines.local.rig import Rig

PLAIN = settings(max_examples=15)
EXPRESSIVE = {
    "jaw": 0.7, "smile": 0.5, "brow": 0.6, "lid_left": 0.8, "gaze.x": 0.4, "tongue.out": 0.5, "head.yaw": 9.0,
    "head.roll": -7.0, "body.turn": 4.0, "body.stretch_y": 0.05, "shade.smile": 0.8,
}  # fmt: skip


@st.composite
def frames(draw: st.DrawFn) -> dict[str, float]:
    """Up to eight channels at legal values."""
    names = draw(st.lists(st.sampled_from(sorted(CHANNELS)), max_size=8, unique=True))
    return {name: draw(st.floats(CHANNELS[name].low, CHANNELS[name].high)) for name in names}


@pytest.mark.parametrize("size", [256, 384, 512])
def test_no_channels_give_the_rest_picture_exactly(portrait: str, size: int) -> None:
    rig = rig_of(portrait, size)
    for channels in ({}, dict.fromkeys(CHANNELS, 0.0)):
        np.testing.assert_array_equal(posed(rig, channels).canvas, rig.sticker)
        np.testing.assert_array_equal(posed(rig, channels, bordered=False).canvas, rig.person)
        anchors = posed(rig, channels).anchors
        np.testing.assert_allclose(anchors.points, rig.face.points)
        np.testing.assert_allclose([anchors.right, anchors.down], [rig.face.right, rig.face.down])


@pytest.mark.parametrize("name", PORTRAITS)
@given(frames())
@PLAIN
def test_any_legal_frame_is_a_valid_premultiplied_picture(name: str, channels: dict[str, float]) -> None:
    rig = rig_of(name)
    for bordered in (True, False):
        canvas = posed(rig, channels, bordered=bordered).canvas
        assert canvas.shape == (rig.size, rig.size, 4)
        assert canvas.dtype == np.uint8
        # Rounding of blended layers may leave colour one or two levels over alpha.
        assert (canvas[..., :3].astype(int) - canvas[..., 3:]).max() <= 3


def test_the_rig_stays_as_it_was(rig: Rig) -> None:
    before = [picture.copy() for picture in (rig.sticker, rig.person, rig.photo)]
    posed(rig, EXPRESSIVE)
    posed(rig, {**EXPRESSIVE, "neutral": 1.0, "close": 1.0}, bordered=False)
    for picture, copy in zip((rig.sticker, rig.person, rig.photo), before, strict=True):
        np.testing.assert_array_equal(picture, copy)


def test_a_frame_does_not_depend_on_those_before(rig: Rig) -> None:
    """A puppet keeps what held poses share; nothing of it may leak into another pose."""
    others = [{}, {"jaw": 1.0}, {"neutral": 1.0, "close": 1.0}, {"neutral": 0.4}, {"head.roll": 10.0}]
    fresh = posed(rig, EXPRESSIVE).canvas
    puppet = Puppet(rig, bordered=True)
    for channels in others:
        puppet.pose(channels)
        canvas = puppet.pose(EXPRESSIVE).canvas
        np.testing.assert_array_equal(canvas, fresh)
        np.testing.assert_array_equal(puppet.pose(channels).canvas, posed(rig, channels).canvas)


def test_anchors_follow_expression_head_and_body(rig: Rig) -> None:
    face = rig.face
    jaw = posed(rig, {"jaw": 0.8}).anchors
    np.testing.assert_allclose(jaw.points, expressed(rig, {"jaw": 0.8}).points)
    chin = jaw.points[mesh.CHIN] - posed(rig, {}).anchors.points[mesh.CHIN]
    assert chin @ jaw.down > 0.08 * face.height
    assert jaw.face_height == face.height
    assert jaw.size == rig.size

    tilted = posed(rig, {"head.roll": 10.0, "body.turn": 5.0}).anchors
    assert tilted.tilt - posed(rig, {}).anchors.tilt == pytest.approx(15, abs=0.01)
    np.testing.assert_allclose(tilted.right @ tilted.down, 0, atol=1e-12)
    eyes = tilted.points[mesh.EYE_OUTER_LEFT] - tilted.points[mesh.EYE_OUTER_RIGHT]
    angle = np.degrees(np.arctan2(eyes @ tilted.down, eyes @ tilted.right))
    assert angle == pytest.approx(0, abs=1.5)

    shifted = posed(rig, {"body.x": 0.1, "body.y": -0.05}).anchors
    moves = shifted.points - face.points
    np.testing.assert_allclose(moves, np.tile([0.1 * face.height, -0.05 * face.height], (468, 1)), atol=1e-6)


def test_a_shifted_sticker_is_the_same_picture_elsewhere(rig: Rig) -> None:
    step = 8
    channels = {"body.x": step / rig.face.height, "body.y": -step / rig.face.height}
    canvas = posed(rig, channels).canvas
    inner = slice(16, -16)
    moved = np.roll(rig.sticker, (-step, step), (0, 1))
    assert np.abs(canvas[inner, inner].astype(int) - moved[inner, inner]).max() <= 4


def test_anchors_know_the_persons_own_alpha(rig: Rig) -> None:
    with_border = posed(rig, {"head.yaw": 8.0}).anchors.alpha
    own = posed(rig, {"head.yaw": 8.0}, alpha_needed=True).anchors.alpha
    assert own.shape == (rig.size, rig.size)
    assert own.dtype == np.uint8
    assert (own <= with_border).all()
    assert int(own.astype(int).sum()) < 0.97 * int(with_border.astype(int).sum())


def test_a_paired_channel_is_its_two_sides(rig: Rig) -> None:
    for unit in ("smile", "brow", "lid", "squint", "widen", "furrow"):
        together = posed(rig, {unit: 0.6}).canvas
        apart = posed(rig, {f"{unit}_left": 0.6, f"{unit}_right": 0.6}).canvas
        np.testing.assert_array_equal(together, apart)


def test_one_side_leaves_the_other(rig: Rig) -> None:
    middle = round(float(rig.face.points[mesh.NOSE_BRIDGE, 0]))
    for side, other in (("left", slice(0, middle - 12)), ("right", slice(middle + 12, None))):
        for unit in ("lid", "brow"):
            canvas = posed(rig, {f"{unit}_{side}": 0.9}).canvas
            change = np.abs(canvas[:, other].astype(int) - rig.sticker[:, other])
            assert change.max() < 40
            assert change.mean() < 0.05


def test_expressions_stay_in_the_face() -> None:
    """Hair, ears and clothes are still while only the face plays."""
    rig = rig_of(ASTRONAUT)
    canvas = posed(rig, {"jaw": 1.0, "smile": 1.0, "brow": 1.0, "lid": 0.7, "gaze.x": 0.5, "furrow": 0.3}).canvas
    rows, columns = np.nonzero((canvas != rig.sticker).any(2))
    face = rig.face
    assert rows.min() > face.points[mesh.FOREHEAD_TOP, 1] - 0.20 * face.height
    assert rows.max() < face.points[mesh.CHIN, 1] + 0.55 * face.height
    assert columns.min() > face.points[mesh.SIDE_RIGHT, 0] - 0.35 * face.height
    assert columns.max() < face.points[mesh.SIDE_LEFT, 0] + 0.35 * face.height


def test_a_face_moved_off_the_canvas_is_no_error(rig: Rig) -> None:
    far = {**EXPRESSIVE, "body.x": 3.0, "body.y": -3.0}
    assert not posed(rig, far).canvas.any()
    near = posed(rig, {**EXPRESSIVE, "body.x": 0.9}).canvas
    assert near.any()
