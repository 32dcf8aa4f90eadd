from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from app.engines.local import topology
from app.engines.local.crop import MeshCrop, crop_matrix, cut, to_picture
from app.engines.local.detect import Detection, Face, detect
from app.engines.local.networks import MESH_POINTS
from tests import portrait_edits as edits
from tests.portraits import fixture

if TYPE_CHECKING:
    from collections.abc import Callable

PHOTOS = ("astronaut.png", "hopper.jpg")


@cache
def found(name: str) -> Detection:
    return detect(fixture(name))


def face_of(name: str) -> Face:
    return found(name).faces[0]


def nearest(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.linalg.norm(first[:, :2] - second[:, :2], axis=1).mean())


@pytest.mark.parametrize("name", PHOTOS)
class TestPortrait:
    def test_one_face(self, name: str) -> None:
        detection = found(name)
        assert (detection.height, detection.width) == fixture(name).shape[:2]
        assert len(detection.faces) == 1
        assert not detection.unmeshed

    def test_confident_and_frontal(self, name: str) -> None:
        face = face_of(name)
        assert face.score > 0.9
        assert face.presence > 0.99
        assert abs(face.pose.yaw) < 5
        assert abs(face.pose.pitch) < 10
        assert abs(face.pose.roll) < 6

    def test_landmarks_lie_where_a_face_has_them(self, name: str) -> None:
        points = face_of(name).landmarks
        assert points.shape == (MESH_POINTS, 3)
        assert points.dtype == np.float64
        assert points[topology.FOREHEAD_TOP, 1] < points[topology.NOSE_TIP, 1] < points[topology.CHIN, 1]
        assert points[topology.EYE_OUTER_RIGHT, 0] < points[topology.NOSE_TIP, 0] < points[topology.EYE_OUTER_LEFT, 0]
        assert points[topology.NOSE_TIP, 2] < points[topology.SIDE_RIGHT, 2], "the nose is nearer than the ears"

    def test_irises_lie_in_the_open_eyes(self, name: str) -> None:
        face = face_of(name)
        for iris, side in ((face.iris_right, topology.Side.RIGHT), (face.iris_left, topology.Side.LEFT)):
            corners = face.landmarks[[topology.EYE_UPPER[side][0], topology.EYE_UPPER[side][-1]], :2]
            assert corners[0, 0] < iris.centre[0] < corners[1, 0]
            width = np.linalg.norm(corners[1] - corners[0])
            assert 0.12 < iris.radius / width < 0.32

    def test_boxes_are_whole_pixels_of_the_clouds_proportions(self, name: str) -> None:
        face = face_of(name)
        (x1, y1, x2, y2), (left, top, right, bottom) = face.box, face.extended_box
        assert all(isinstance(value, int) for value in (*face.box, *face.extended_box))
        assert abs((x2 - x1) - (y2 - y1)) <= 1
        assert right - left == bottom - top
        assert 2.15 < (right - left) / (x2 - x1) < 2.25
        assert abs((left + right) - (x1 + x2)) <= 2
        rise = ((y1 + y2) - (top + bottom)) / 2 / (y2 - y1)
        assert 0.04 < rise < 0.08

    def test_box_reaches_from_brows_to_chin(self, name: str) -> None:
        face = face_of(name)
        x1, y1, x2, y2 = face.box
        points = face.landmarks
        assert y1 < points[topology.GLABELLA, 1] < y2
        assert abs(y2 - points[topology.CHIN, 1]) <= 2
        assert x1 <= points[topology.MOUTH_RIGHT, 0] < points[topology.MOUTH_LEFT, 0] <= x2

    def test_same_picture_same_numbers(self, name: str) -> None:
        again = detect(fixture(name)).faces[0]
        assert np.array_equal(again.landmarks, face_of(name).landmarks)
        assert again.box == face_of(name).box
        assert again.iris_left.radius == face_of(name).iris_left.radius

    def test_mirrored_picture_mirrored_face(self, name: str) -> None:
        image, face = fixture(name), face_of(name)
        mirrored = detect(edits.mirrored(image)).faces[0]
        height = edits.face_height(face)
        width = image.shape[1]
        assert mirrored.pose.yaw == pytest.approx(-face.pose.yaw, abs=4)
        assert mirrored.pose.roll == pytest.approx(-face.pose.roll, abs=2)
        assert np.allclose((width - 1) - mirrored.iris_left.centre[0], face.iris_right.centre[0], atol=0.03 * height)
        pairs = [(33, 263), (61, 291), (159, 386), (145, 374), (10, 10), (152, 152), (1, 1)]
        for right, left in pairs:
            x, y = mirrored.landmarks[left, :2]
            assert np.hypot(width - 1 - x - face.landmarks[right, 0], y - face.landmarks[right, 1]) < 0.05 * height

    @pytest.mark.parametrize("degrees", [-25, 25])
    def test_roll_is_measured_clockwise(self, name: str, degrees: float) -> None:
        face = face_of(name)
        rolled = detect(edits.rolled(fixture(name), face, degrees)).faces[0]
        assert rolled.pose.roll - face.pose.roll == pytest.approx(degrees, abs=3)

    @pytest.mark.parametrize("factor", [0.5, 3.0])
    def test_size_of_the_picture_does_not_matter(self, name: str, factor: float) -> None:
        face = face_of(name)
        scaled = detect(edits.scaled(fixture(name), factor)).faces[0]
        assert nearest((scaled.landmarks + 0.5) / factor - 0.5, face.landmarks) < 0.02 * edits.face_height(face)


class TestSearch:
    def test_small_face_needs_the_tiles(self) -> None:
        small = edits.far_away(edits.scaled(fixture("hopper.jpg"), 0.5), 0.12, face_of("hopper.jpg"))
        (face,) = detect(small).faces
        assert edits.face_height(face) == pytest.approx(edits.face_height(face_of("hopper.jpg")) / 2, rel=0.06)

    def test_thorough_counts_the_small_ones_too(self) -> None:
        image = fixture("hopper.jpg").copy()
        child = edits.scaled(edits.close_up(image, face_of("hopper.jpg"), 0.3), 0.2)
        image[520 : 520 + child.shape[0], 20 : 20 + child.shape[1]] = child[:80]
        faces = detect(image, thorough=True).faces
        assert len(faces) == 2
        assert faces[0].box[2] - faces[0].box[0] > faces[1].box[2] - faces[1].box[0]
        assert nearest(faces[0].landmarks, face_of("hopper.jpg").landmarks) < 4

    @pytest.mark.parametrize("longest", [1400, 2016])
    def test_rivals_are_found_without_a_thorough_search(self, longest: int) -> None:
        """The smaller of the two is too small for a look at the whole, and more than half as wide as the other."""
        image = np.full((longest * 3 // 4, longest, 3), 128, np.uint8)
        for width, left in ((0.12, 0.1), (0.065, 0.6)):
            face = face_of("hopper.jpg")
            person = edits.scaled(fixture("hopper.jpg"), width * longest / (face.box[2] - face.box[0]))
            x, y = int(left * longest), 20
            person = person[: image.shape[0] - y, : longest - x]
            image[y : y + person.shape[0], x : x + person.shape[1]] = person
        assert len(detect(image, rival=0.5).faces) == 2
        assert len(detect(image).faces) == 1

    @pytest.mark.parametrize("margin", [0.02, -0.04])
    @pytest.mark.parametrize("name", PHOTOS)
    def test_face_that_overflows_the_picture(self, name: str, margin: float) -> None:
        tight = edits.close_up(fixture(name), face_of(name), margin)
        (face,) = detect(tight).faces
        assert edits.face_height(face) == pytest.approx(edits.face_height(face_of(name)), rel=0.1)

    @pytest.mark.parametrize("quarters", [1, 2, 3])
    @pytest.mark.parametrize("name", PHOTOS)
    def test_picture_on_its_side_or_head(self, name: str, quarters: int) -> None:
        face = detect(np.rot90(fixture(name), quarters).copy()).faces[0]
        turn = (face.pose.roll - face_of(name).pose.roll + 90 * quarters + 180) % 360 - 180
        assert abs(turn) < 8

    def test_extended_box_stays_square_at_the_edge(self) -> None:
        image = fixture("hopper.jpg")
        for crop in (image[:, 120:], image[100:], image[:420, :400], edits.close_up(image, face_of("hopper.jpg"), 0.1)):
            face = detect(np.ascontiguousarray(crop)).faces[0]
            left, top, right, bottom = face.extended_box
            assert right - left == bottom - top
            assert left >= 0
            assert top >= 0
            assert right <= crop.shape[1]
            assert bottom <= crop.shape[0]

    @pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 700), (64, 64)])
    def test_tiny_and_thin_pictures_hold_nothing(self, shape: tuple[int, int]) -> None:
        detection = detect(np.full((*shape, 3), 90, np.uint8), thorough=True)
        assert not detection.faces
        assert not detection.unmeshed

    def test_cat_has_no_face(self) -> None:
        assert not found("cat.png").faces

    def test_grey_picture_works(self) -> None:
        assert len(detect(edits.grey(fixture("astronaut.png"))).faces) == 1

    @pytest.mark.parametrize(
        "change",
        [
            lambda image: image.astype(np.float32),
            lambda image: image[:, :, 0],
            lambda image: np.dstack([image, image[:, :, :1]]),
            lambda image: image[:0],
        ],
    )
    def test_other_arrays_are_a_value_error(self, change: Callable[[np.ndarray], np.ndarray]) -> None:
        with pytest.raises(ValueError, match="picture"):
            detect(change(fixture("astronaut.png")))


class TestCrop:
    @pytest.mark.parametrize("side", [40.0, 300.0, 900.0])
    def test_points_go_there_and_back(self, side: float) -> None:
        crop = MeshCrop(np.array([120.5, 80.25]), side, 0.3)
        points = np.array([[10.0, 20.0], [150.0, 70.0]])
        matrix = crop_matrix(crop, 192)
        there = points @ matrix[:, :2].T + matrix[:, 2]
        assert np.allclose(to_picture(there, crop, 192), points)

    @pytest.mark.parametrize("reduction", [1, 2, 3, 5])
    def test_reduced_pictures_are_sampled_in_the_same_place(self, reduction: int) -> None:
        columns = np.linspace(0, 255, 640)
        ramp = np.repeat(np.tile(columns, (480, 1))[:, :, None], 3, axis=2).astype(np.uint8)
        crop = MeshCrop(np.array([310.0, 240.0]), 64.0 * reduction, 0.0)
        pixels = cut(ramp, crop, 64)
        middle = (pixels[32, 31, 0].astype(float) + pixels[32, 32, 0]) / 2
        assert middle == pytest.approx(columns[310], abs=1)

    def test_crop_beyond_the_picture_repeats_its_edge(self) -> None:
        image = np.full((20, 30, 3), 77, np.uint8)
        assert (cut(image, MeshCrop(np.array([500.0, -300.0]), 400.0, 1.0), 64) == 77).all()

    def test_large_faces_are_averaged_not_skipped(self) -> None:
        checks = (np.indices((800, 800)).sum(axis=0) % 2 * 255).astype(np.uint8)
        pixels = cut(cv2.merge([checks] * 3), MeshCrop(np.array([400.0, 400.0]), 640.0, 0.0), 64)
        assert np.ptp(pixels) < 8
