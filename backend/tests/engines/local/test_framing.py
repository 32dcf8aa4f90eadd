from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from app.engines.local import topology as mesh
from app.engines.local.framing import FACE_AT, HAIR_MARGIN, SIDE_IN_FACES, frame
from tests.portraits import fixture
from tests.rigs import ASTRONAUT, HOPPER, face_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.framing import Framed

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]


def face_at(centre: tuple[float, float], height: float) -> Points:
    """Landmarks of which only the forehead and the chin matter: framing looks at no others."""
    landmarks = np.zeros((468, 3))
    landmarks[:, :2] = centre
    landmarks[mesh.FOREHEAD_TOP, 1] -= height / 2
    landmarks[mesh.CHIN, 1] += height / 2
    return landmarks


def spot(framed: Framed) -> Points:
    """The middle of what is bright on the canvas."""
    weight = framed.pixels[..., 0].astype(np.float64)
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]]
    return np.asarray(np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum(), np.float64)


def test_the_matrix_is_a_scale_and_a_shift(portrait: str) -> None:
    framed = frame(fixture(portrait), face_of(portrait).landmarks, 256)
    matrix = framed.matrix
    assert matrix.shape == (2, 3)
    assert matrix[0, 0] == matrix[1, 1] > 0
    assert matrix[0, 1] == matrix[1, 0] == 0
    assert framed.pixels.shape == (256, 256, 3)
    assert framed.valid.shape == (256, 256)
    assert framed.alpha is None
    assert framed.opinion.shape == (256, 256)
    assert framed.opinion.dtype == np.float32
    # The first look is wider than the canvas and sees a person in its middle, nobody in the upper corners.
    assert framed.opinion[100:150, 110:146].min() > 0.8
    assert np.abs(framed.opinion[10:40, 10:40]).max() < 0.2


def test_the_face_stands_where_it_should(portrait: str) -> None:
    landmarks = face_of(portrait).landmarks
    framed = frame(fixture(portrait), landmarks, 400)
    forehead, chin = landmarks[mesh.FOREHEAD_TOP, :2], landmarks[mesh.CHIN, :2]
    middle = (forehead + chin) / 2
    placed = framed.matrix[:, :2] @ middle + framed.matrix[:, 2]
    np.testing.assert_allclose(placed / 400, FACE_AT, atol=0.015)
    height = np.linalg.norm(forehead - chin) * framed.matrix[0, 0]
    assert height <= 400 / SIDE_IN_FACES + 1e-6


def test_tall_headgear_makes_room() -> None:
    """The cap reaches higher than hair: the canvas covers more, the same free space stays above."""
    landmarks = face_of(HOPPER).landmarks
    height = np.linalg.norm(landmarks[mesh.FOREHEAD_TOP, :2] - landmarks[mesh.CHIN, :2])
    framed = frame(fixture(HOPPER), landmarks, 256)
    assert framed.matrix[0, 0] * height / 256 < 0.9 / SIDE_IN_FACES
    above = framed.pixels[: int(256 * HAIR_MARGIN * 0.6), 110:146]
    # Only the flat blue and the flag of the background, not the white top of the cap.
    assert above.mean() < 150


@pytest.mark.parametrize("place", [(200.0, 180.0), (230.25, 150.75), (171.5, 211.0)])
@pytest.mark.parametrize("size", [256, 480, 1000])
def test_points_land_where_the_matrix_says(place: tuple[float, float], size: int) -> None:
    """Averaging down and sampling up leave no shift: within a sixth of a pixel."""
    photo = np.zeros((400, 400, 3), np.uint8)
    fixed = (round(place[0] * 16), round(place[1] * 16))
    cv2.circle(photo, fixed, 9 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    framed = frame(photo, face_at((200, 190), 150), size)
    expected = framed.matrix[:, :2] @ np.array(place) + framed.matrix[:, 2]
    np.testing.assert_allclose(spot(framed), expected, atol=max(1 / 6, size / 1500))


def test_a_large_photo_is_averaged_not_skipped() -> None:
    """A fine checkerboard turns grey; picking single pixels would leave stripes."""
    y, x = np.mgrid[:2400, :2400]
    board = np.repeat((((x + y) % 2) * 255).astype(np.uint8)[..., None], 3, axis=2)
    framed = frame(board, face_at((1200, 1128), 1000), 256)
    inner = framed.pixels[8:-8, 8:-8].astype(int)
    assert np.abs(inner - 127).max() <= 3


def test_a_small_photo_is_enlarged() -> None:
    ramp = np.repeat(np.linspace(20, 220, 60).astype(np.uint8)[None, :, None], 70, axis=0).repeat(3, axis=2)
    framed = frame(ramp, face_at((30, 33), 28), 256)
    row = framed.pixels[128, :, 0].astype(int)
    assert (np.diff(row[20:-20]) >= 0).all()


def test_what_lies_outside_the_photo_is_marked_and_carried_on() -> None:
    photo = np.full((300, 300, 3), (10, 120, 200), np.uint8)
    framed = frame(photo, face_at((40, 150), 150), 256)
    scale, shift = framed.matrix[0, 0], framed.matrix[0, 2]
    edge = round(-0.5 * scale + shift)
    assert not framed.valid[128, : edge - 1].any()
    assert framed.valid[128, edge + 2 : 200].all()
    assert (framed.pixels == (10, 120, 200)).all()


def test_alpha_follows_the_picture_and_ends_with_the_photo() -> None:
    photo = np.full((300, 300, 3), 128, np.uint8)
    alpha = np.zeros((300, 300), np.uint8)
    alpha[100:200, 60:140] = 255
    framed = frame(photo, face_at((100, 150), 120), 256, alpha)
    assert framed.alpha is not None
    inside = framed.matrix[:, :2] @ np.array([[100.0], [150.0]]) + framed.matrix[:, 2:]
    column, row = inside.ravel().round().astype(int)
    assert framed.alpha[row, column] == 255
    assert framed.alpha[4, 4] == 0
    opaque = frame(photo, face_at((10, 150), 120), 256, np.full((300, 300), 255, np.uint8))
    assert opaque.alpha is not None
    assert opaque.alpha[128, 2] == 0


def test_sharpening_keeps_flat_skin_and_brightness() -> None:
    landmarks = face_of(ASTRONAUT).landmarks
    framed = frame(fixture(ASTRONAUT), landmarks, 256)
    plain = cv2.warpAffine(fixture(ASTRONAUT), framed.matrix, (256, 256), borderMode=cv2.BORDER_REPLICATE)
    assert abs(float(framed.pixels.mean()) - float(plain.mean())) < 1.5
