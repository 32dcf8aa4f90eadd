from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.local import matte
from app.engines.local import topology as mesh
from app.engines.local.framing import frame
from tests.portraits import fixture
from tests.rigs import SMALL, face_of, rig_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.framing import Framed

    Plane = NDArray[np.float32]


def disc(size: int, centre: tuple[int, int], radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.circle(np.zeros((size, size), np.uint8), centre, radius, 255, -1, cv2.LINE_AA), np.uint8)


def cut(portrait: str) -> tuple[Framed, Plane, tuple[float, float]]:
    framed = frame(fixture(portrait), face_of(portrait).landmarks, SMALL)
    x, y = rig_of(portrait).face.centre
    middle = (float(x), float(y))
    return framed, matte.person_alpha(framed.pixels, framed.valid, framed.opinion, middle), middle


def test_the_person_is_cut_out(portrait: str) -> None:
    framed, alpha, middle = cut(portrait)
    assert alpha.dtype == np.float32
    assert alpha.shape == (SMALL, SMALL)
    assert 0 <= alpha.min() <= alpha.max() <= 1
    assert 0.3 < alpha.mean() < 0.65
    # The whole face but the very rim of its outline, none of the corners over the shoulders.
    outline = rig_of(portrait).face.points[list(mesh.OVAL)]
    oval = outline.mean(0) + 0.93 * (outline - outline.mean(0))
    face = cv2.fillPoly(np.zeros((SMALL, SMALL), np.uint8), [oval.round().astype(np.int32)], 1) > 0
    assert alpha[face].min() > 0.95
    assert alpha[:40, :40].max() == 0
    assert alpha[:40, -40:].max() == 0
    assert framed.valid[round(middle[1]), round(middle[0])] == 255


def test_edges_are_narrow(portrait: str) -> None:
    """Soft for hair, but no halo: few pixels are neither inside nor outside."""
    _, alpha, _ = cut(portrait)
    assert ((alpha > 0.05) & (alpha < 0.95)).mean() < 0.03


def test_nothing_outside_the_photo_belongs_to_the_person(portrait: str) -> None:
    framed, _, middle = cut(portrait)
    valid = framed.valid.copy()
    valid[:, : SMALL // 3] = 0
    assert matte.person_alpha(framed.pixels, valid, framed.opinion, middle)[:, : SMALL // 3].max() == 0


def test_a_given_alpha_is_used_where_it_cuts() -> None:
    person = disc(200, (100, 100), 60)
    alpha = matte.given_alpha(person, (100, 100))
    assert alpha is not None
    np.testing.assert_allclose(alpha, person / 255, atol=1e-6)


def test_a_second_look_is_heard_where_it_looked(portrait: str) -> None:
    """It shifts doubtful places; where it did not look the first opinion stands alone."""
    framed, _, middle = cut(portrait)
    unseen = np.full((SMALL, SMALL), -1, np.float32)
    alone = matte.person_alpha(framed.pixels, framed.valid, unseen, middle)
    nobody = matte.person_alpha(framed.pixels, framed.valid, np.zeros_like(unseen), middle)
    assert (alone > 0.5).mean() > 0.3
    assert nobody.mean() < alone.mean()


@pytest.mark.parametrize("stray", [0, 3])
def test_an_opaque_alpha_cuts_nothing(stray: int) -> None:
    opaque = np.full((100, 100), 255, np.uint8)
    opaque[:stray, :stray] = 0
    assert matte.given_alpha(opaque, (50, 50)) is None


def test_an_alpha_that_hides_the_face_is_no_cut_out() -> None:
    """A picture made transparent with its colours kept: the sticker would be empty."""
    assert matte.given_alpha(np.zeros((100, 100), np.uint8), (50, 50)) is None
    assert matte.given_alpha(disc(200, (150, 150), 30), (50, 50)) is None


def test_other_pieces_go() -> None:
    """A neighbour, and a neighbour that only a hair's breadth joins to the person."""
    both = np.maximum(disc(256, (90, 128), 50), disc(256, (200, 60), 25))
    alpha = matte.given_alpha(both, (90, 128))
    assert alpha is not None
    assert alpha[60, 200] == 0
    assert alpha[128, 90] == 1
    bridge = both.copy()
    cv2.line(bridge, (90, 128), (200, 60), 255, 2)
    bridged = matte.given_alpha(bridge, (90, 128))
    assert bridged is not None
    assert bridged[60, 200] == 0
    assert bridged[128, 90] == 1


@pytest.mark.parametrize("size", [256, 512])
def test_the_bust_is_open_at_the_top_and_round_below(size: int) -> None:
    bust = matte.bust(size)
    margin = round(matte.BUST_MARGIN * size)
    assert bust.dtype == np.float32
    assert (bust[: size // 2, margin + 2 : -margin - 2] == 1).all()
    assert (bust[:, : margin - 2] == 0).all()
    assert (bust[-margin + 2 :] == 0).all()
    assert bust[-margin - 8, margin + 8] == 0
    assert bust[-margin - 4, size // 2] == 1
    np.testing.assert_array_equal(bust, bust[:, ::-1])


def test_the_border_surrounds_the_cut_out_evenly() -> None:
    size = 256
    border = matte.sticker_border(disc(size, (128, 128), 60))
    assert border.dtype == np.uint8
    row = border[128].astype(int)
    assert (row[68:189] == 255).all()
    reach = int((row[188:] > 127).sum())
    assert 0.012 * size < reach < 0.05 * size
    assert abs(reach - int((row[:69] > 127).sum())) <= 1
    assert abs(reach - int((border[:69, 128] > 127).sum())) <= 1
    assert (np.diff(row[128:]) <= 0).all()


def test_the_border_ends_crisply() -> None:
    """From white to nothing in two pixels: a wider end glows grey on dark grounds."""
    size = 512
    border = matte.sticker_border(disc(size, (256, 256), 120))
    for line in (border[256], border[:, 256]):
        assert ((line > 12) & (line < 243)).sum() <= 4
    assert border.max() == 255
    assert border[0].max() == 0


def test_an_empty_cut_out_has_no_border() -> None:
    assert matte.sticker_border(np.zeros((256, 256), np.uint8)).max() == 0


def test_the_sticker_has_no_sharp_tips() -> None:
    """A shoulder that leaves the bust's curve at a sharp angle ends round; straight edges and hair stay."""
    size = 512
    alpha = np.zeros((size, size), np.uint8)
    slope = np.array([[60, 300], [452, 430], [512, 440], [512, 512], [0, 512], [0, 420]], np.int32)
    cv2.fillPoly(alpha, [slope], 255)
    cv2.line(alpha, (200, 250), (200, 320), 255, 3)
    cut = matte.sticker_cut(alpha)
    plain = np.minimum(alpha, np.rint(matte.bust(size) * 255).astype(np.uint8))
    assert (cut <= plain.astype(int) + 1).all()
    np.testing.assert_array_equal(cut[: size // 2 + 60], plain[: size // 2 + 60])
    # The tip gives way, all but the tip stays.
    tip = np.flatnonzero(plain.max(0) > 127)[-1]
    assert np.flatnonzero(cut.max(0) > 127)[-1] < tip - 2
    assert cut.astype(float).sum() > 0.985 * plain.sum()
    assert cut[470, 150:350].min() == 255


def test_edges_take_the_colours_inside() -> None:
    pixels = np.full((200, 200, 3), (30, 60, 220), np.uint8)
    person = disc(200, (100, 100), 60)
    share = person[..., None] / 255
    pixels = np.rint(pixels * (1 - share) + np.array([210, 150, 120]) * share).astype(np.uint8)
    colours = matte.edge_colours(pixels, (person / 255).astype(np.float32))
    assert np.abs(colours[person > 0].astype(int) - (210, 150, 120)).max() <= 2


def test_nothing_shows_through_the_person(portrait: str) -> None:
    """Shadows inside the outline, like an ear's, are no holes."""
    _, alpha, _ = cut(portrait)
    outside = (alpha < 0.5).astype(np.uint8)
    _, labels = cv2.connectedComponents(outside, connectivity=4)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    holes = (labels > 0) & ~np.isin(labels, rim)
    assert holes.sum() <= 4


@given(st.integers(0, 10_000), st.integers(20, 90), st.integers(20, 90))
@settings(max_examples=15)
def test_bleeding_keeps_what_is_known(seed: int, height: int, width: int) -> None:
    chance = np.random.default_rng(seed)
    pixels = chance.integers(0, 256, (height, width, 3), np.uint8)
    weight = (chance.random((height, width)) < 0.5).astype(np.float32)
    filled = matte.bleed(pixels, weight)
    assert filled.dtype == np.uint8
    np.testing.assert_array_equal(filled[weight == 1], pixels[weight == 1])


def test_bleeding_carries_colours_outward() -> None:
    pixels = np.zeros((120, 160, 3), np.uint8)
    pixels[:, :80], pixels[:, 80:] = (200, 40, 30), (20, 60, 210)
    weight = np.zeros((120, 160), np.float32)
    weight[40:80, 60:100] = 1
    filled = matte.bleed(pixels, weight).astype(int)
    assert filled[60, 45, 0] > filled[60, 45, 2] + 60
    assert filled[60, 115, 2] > filled[60, 115, 0] + 60


def test_bleeding_does_not_darken_far_away() -> None:
    weight = np.zeros((150, 400), np.float32)
    weight[60:70, 20:30] = 1
    filled = matte.bleed(np.full((150, 400, 3), 90, np.uint8), weight)
    assert np.abs(filled.astype(int) - 90).max() <= 1


def test_the_guided_filter_keeps_what_is_even() -> None:
    guide = np.random.default_rng(1).integers(0, 256, (64, 80, 3), np.uint8)
    even = np.full((64, 80), 0.4, np.float32)
    np.testing.assert_allclose(matte.guided_filter(guide, even, radius=6, regularisation=1e-3), 0.4, atol=1e-3)


def test_the_guided_filter_snaps_to_edges_of_the_picture() -> None:
    guide = np.zeros((96, 96, 3), np.uint8)
    guide[:, 48:] = (230, 200, 40)
    blurred = cv2.GaussianBlur((guide[..., 0] > 0).astype(np.float32), (0, 0), 6)
    snapped = matte.guided_filter(guide, np.asarray(blurred, np.float32), radius=12, regularisation=1e-4)
    assert blurred[48, 51] - blurred[48, 44] < 0.5
    assert snapped[48, 51] - snapped[48, 44] > 1.2 * (blurred[48, 51] - blurred[48, 44])
