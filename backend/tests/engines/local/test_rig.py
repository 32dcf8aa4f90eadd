from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from app.engines.local import shading
from app.engines.local import topology as mesh
from app.engines.local.detect import detect
from app.engines.local.rig import MAX_SIZE, MIN_SIZE, build_rig
from app.engines.local.topology import Side
from tests.portraits import fixture
from tests.rigs import ASTRONAUT, HOPPER, PORTRAITS, SMALL, face_of, posed, rig_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.detect import Face
    from app.engines.local.rig import Rig

    Pixels = NDArray[np.uint8]

LIVELY = {"jaw": 0.8, "lid": 0.6, "smile": 0.4, "head.yaw": 10.0, "neutral": 0.5, "shade.flush": 0.5}


def arrays(value: object, path: str = "rig") -> dict[str, NDArray[np.generic]]:
    """Every array inside a rig, by where it is."""
    if isinstance(value, np.ndarray):
        return {path: value}
    if isinstance(value, dict):
        parts = [(f"{path}[{key}]", part) for key, part in value.items()]
    elif hasattr(value, "__slots__"):
        parts = [(f"{path}.{name}", getattr(value, name)) for name in value.__slots__]
    else:
        parts = []
    return {name: array for where, part in parts for name, array in arrays(part, where).items()}


def sound(rig: Rig) -> None:
    """What holds for the rig of any photo."""
    size = rig.size
    assert rig.sticker.shape == rig.person.shape == (size, size, 4)
    assert rig.background().shape == (size, size, 3)
    for picture in (rig.sticker, rig.person):
        assert picture.dtype == np.uint8
        assert (picture[..., :3] <= picture[..., 3:]).all()
    for name, array in arrays(rig).items():
        assert np.isfinite(array).all(), name
    assert set(rig.upper.fields) == set(rig.lower.fields)
    assert set(rig.eyes) == set(Side)
    assert set(rig.shades) == set(shading.SHADES)
    assert 0 <= rig.spectacles <= 1
    x, y = rig.face.centre.round().astype(int)
    assert rig.person[y, x, 3] == 255
    canvas = posed(rig, LIVELY).canvas
    assert (canvas[..., :3].astype(int) - canvas[..., 3:]).max() <= 3
    assert (canvas != rig.sticker).any()


def test_the_portraits_make_sound_rigs(rig: Rig) -> None:
    sound(rig)
    # The bust leaves a margin; the bare person reaches the lower edge.
    assert not rig.sticker[:, :2, 3].any()
    assert not rig.sticker[:, -2:, 3].any()
    assert rig.person[-1, :, 3].any()


def test_the_sticker_is_the_person_with_a_white_border(rig: Rig) -> None:
    border = (rig.sticker[..., 3] == 255) & (rig.person[..., 3] == 0)
    assert border.mean() > 0.02
    assert rig.sticker[border].min() >= 250
    inside = (rig.person[..., 3] == 255) & (rig.sticker[..., 3] == 255)
    # Below, the bust cuts the person.
    inside[int(0.7 * rig.size) :] = False
    inside[:, : rig.size // 12] = inside[:, -rig.size // 12 :] = False
    np.testing.assert_allclose(rig.sticker[inside].astype(int), rig.person[inside].astype(int), atol=1)


def test_spectacles_are_seen_where_they_are() -> None:
    assert rig_of(ASTRONAUT).spectacles < 0.2
    assert rig_of(HOPPER).spectacles > 0.8
    assert rig_of(HOPPER, 512).spectacles == pytest.approx(rig_of(HOPPER).spectacles, abs=0.15)


def test_two_rigs_of_a_photo_are_equal(portrait: str) -> None:
    again = arrays(build_rig(fixture(portrait), face_of(portrait), size=SMALL))
    first = arrays(rig_of(portrait))
    assert first.keys() == again.keys()
    assert len(first) > 80
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name], err_msg=name)


def test_a_rig_survives_pickling(rig: Rig) -> None:
    copy = pickle.loads(pickle.dumps(rig))
    assert arrays(copy).keys() == arrays(rig).keys()
    np.testing.assert_array_equal(posed(copy, LIVELY).canvas, posed(rig, LIVELY).canvas)


@pytest.mark.parametrize("size", [MIN_SIZE, 384, MAX_SIZE])
def test_any_canvas_from_256_to_1024(size: int) -> None:
    rig = build_rig(fixture(HOPPER), face_of(HOPPER), size=size)
    sound(rig)
    assert rig.face.height / size == pytest.approx(rig_of(HOPPER).face.height / SMALL, rel=1e-6)


@pytest.mark.parametrize("size", [0, MIN_SIZE - 128, 500, MAX_SIZE + 128])
def test_other_canvases_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="size must be 256 to 1024"):
        build_rig(fixture(HOPPER), face_of(HOPPER), size=size)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((300, 300), np.uint8),
        np.zeros((300, 300, 4), np.uint8),
        np.zeros((300, 300, 3), np.float32),
        np.zeros((300, 300, 3), np.uint16),
    ],
    ids=["grey", "rgba", "float", "16 bit"],
)
def test_only_rgb_bytes_are_taken(image: Pixels) -> None:
    with pytest.raises(ValueError, match="image must be RGB u8"):
        build_rig(image, face_of(HOPPER))


@pytest.mark.parametrize(
    "alpha",
    [
        np.zeros((512, 512), np.float32),
        np.zeros((512, 511), np.uint8),
        np.zeros((512, 512, 1), np.uint8),
    ],
    ids=["float", "other size", "third axis"],
)
def test_alpha_must_match_the_photo(alpha: Pixels) -> None:
    with pytest.raises(ValueError, match="alpha must be u8"):
        build_rig(fixture(ASTRONAUT), face_of(ASTRONAUT), alpha=alpha)


def test_a_given_alpha_is_the_cut_out() -> None:
    image, face = fixture(ASTRONAUT), face_of(ASTRONAUT)
    x, y = face.landmarks[mesh.NOSE_TIP, :2].round().astype(int)
    alpha = np.zeros(image.shape[:2], np.uint8)
    cv2.circle(alpha, (int(x), int(y)), 90, 255, -1, cv2.LINE_AA)
    rig = build_rig(image, face, alpha=alpha, size=SMALL)
    sound(rig)
    scale = rig.face.height / float(np.linalg.norm(face.landmarks[10, :2] - face.landmarks[152, :2]))
    assert (rig.person[..., 3] > 127).sum() == pytest.approx(np.pi * (90 * scale) ** 2, rel=0.03)


def test_an_opaque_alpha_is_ignored() -> None:
    image, face = fixture(ASTRONAUT), face_of(ASTRONAUT)
    opaque = build_rig(image, face, alpha=np.full(image.shape[:2], 255, np.uint8), size=SMALL)
    np.testing.assert_array_equal(opaque.person, rig_of(ASTRONAUT).person)


def largest(image: Pixels) -> Face:
    return detect(image).faces[0]


@pytest.mark.parametrize("edge", ["left", "right", "top", "bottom"])
def test_a_face_at_the_photos_edge(edge: str) -> None:
    image, points = fixture(ASTRONAUT), face_of(ASTRONAUT).landmarks[:, :2]
    (x0, y0), (x1, y1) = points.min(0).astype(int), points.max(0).astype(int)
    cut = {
        "left": image[:, x0 - 2 :],
        "right": image[:, : x1 + 3],
        "top": image[y0 - 2 :],
        "bottom": image[: y1 + 3],
    }[edge]
    cut = np.ascontiguousarray(cut)
    sound(build_rig(cut, largest(cut), size=SMALL))


@pytest.mark.parametrize("scale", [0.24, 7.0])
def test_very_small_and_very_large_photos(scale: float) -> None:
    image = fixture(HOPPER)
    side = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(image, side, interpolation=way), np.uint8)
    rig = build_rig(resized, largest(resized), size=SMALL)
    sound(rig)
    # The same face at the same place as from the photo itself.
    np.testing.assert_allclose(rig.face.points, rig_of(HOPPER).face.points, atol=0.035 * SMALL)


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_mirrored_photo_makes_a_mirrored_rig(name: str) -> None:
    mirrored = np.ascontiguousarray(fixture(name)[:, ::-1])
    rig, plain = build_rig(mirrored, largest(mirrored), size=SMALL), rig_of(name)
    sound(rig)
    assert rig.face.height == pytest.approx(plain.face.height, rel=0.04)
    assert abs(rig.spectacles - plain.spectacles) < 0.3
    assert rig.face.toothy == plain.face.toothy
    alike = np.abs(rig.person[..., 3].astype(int) - plain.person[:, ::-1, 3])
    assert (alike > 127).mean() < 0.03


def test_grey_and_dark_photos_make_rigs() -> None:
    image, face = fixture(ASTRONAUT), face_of(ASTRONAUT)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    sound(build_rig(np.asarray(grey, np.uint8), face, size=SMALL))
    sound(build_rig((image * 0.25).astype(np.uint8), face, size=SMALL))
