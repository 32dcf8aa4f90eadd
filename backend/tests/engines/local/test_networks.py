from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engines.local import networks
from app.engines.local.errors import EngineError
from tests.portraits import fixture

MODELS = Path(networks.__file__).parent / "models"


class TestFiles:
    def test_every_model_is_the_one_that_is_documented(self) -> None:
        readme = (MODELS / "README.md").read_text(encoding="utf-8")
        assert {file.stem for file in MODELS.glob("*.tflite")} == set(networks.CHECKSUMS)
        for name, checksum in networks.CHECKSUMS.items():
            assert hashlib.sha256((MODELS / f"{name}.tflite").read_bytes()).hexdigest() == checksum
            assert checksum in readme

    @pytest.mark.parametrize("damage", ["cut short", "missing"])
    def test_damaged_model_is_refused_by_name(
        self, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if damage == "cut short":
            whole = (MODELS / "iris_landmark.tflite").read_bytes()
            (tmp_path / "iris_landmark.tflite").write_bytes(whole[:-1])
        monkeypatch.setattr(networks, "_MODELS", tmp_path)
        with pytest.raises(EngineError) as caught:
            networks._Network("iris_landmark")
        assert caught.value.code == "model_damaged"
        assert caught.value.params == {"file": "iris_landmark.tflite"}


class TestFaceCandidates:
    def test_one_face_with_key_points_inside_its_box(self) -> None:
        (candidate,) = networks.face_candidates(fixture("hopper.jpg"))
        assert candidate.score > 0.9
        x1, y1, x2, y2 = candidate.box
        assert 0 < x1 < x2 < 512
        assert 0 < y1 < y2 < 600
        eyes_nose_mouth = candidate.keypoints[:4]
        assert ((eyes_nose_mouth > (x1, y1)) & (eyes_nose_mouth < (x2, y2))).all()
        assert candidate.keypoints[0, 0] < candidate.keypoints[1, 0], "the right eye is on the picture's left"

    def test_shape_of_the_picture_does_not_move_the_face(self) -> None:
        image = fixture("astronaut.png")
        (square,) = networks.face_candidates(image)
        (wide,) = networks.face_candidates(np.ascontiguousarray(image[:333]))
        assert np.allclose(square.keypoints[:4], wide.keypoints[:4], atol=4)

    def test_nothing_in_a_flat_picture(self) -> None:
        assert networks.face_candidates(np.full((300, 200, 3), 128, np.uint8)) == []

    @pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (3000, 2, 3)])
    def test_any_size_is_taken(self, shape: tuple[int, int, int]) -> None:
        assert networks.face_candidates(np.zeros(shape, np.uint8)) == []


class TestSegmentation:
    @pytest.mark.parametrize("shape", [(512, 512), (300, 512), (100, 80), (1, 1)])
    def test_probability_for_any_size(self, shape: tuple[int, int]) -> None:
        probability = networks.segmentation(np.ascontiguousarray(fixture("astronaut.png")[: shape[0], : shape[1]]))
        assert probability.shape == (256, 256)
        assert probability.dtype == np.float32
        assert probability.min() >= 0
        assert probability.max() <= 1

    def test_person_against_background(self) -> None:
        probability = networks.segmentation(fixture("astronaut.png"))
        assert probability[64, 112] > 0.9, "face"
        assert probability[10, 20] < 0.1, "flag"


class TestContracts:
    @pytest.mark.parametrize(
        "picture",
        [
            np.zeros((8, 8), np.uint8),
            np.zeros((8, 8, 4), np.uint8),
            np.zeros((8, 8, 3), np.float32),
            np.zeros((0, 8, 3), np.uint8),
            [[1, 2, 3]],
        ],
    )
    def test_other_arrays_are_a_value_error(self, picture: Any) -> None:
        for run in (networks.face_candidates, networks.mesh, networks.iris, networks.segmentation):
            with pytest.raises(ValueError, match="picture"):
                run(picture)

    def test_crops_have_one_size(self) -> None:
        with pytest.raises(ValueError, match="192 x 192"):
            networks.mesh(np.zeros((64, 64, 3), np.uint8))
        with pytest.raises(ValueError, match="64 x 64"):
            networks.iris(np.zeros((192, 192, 3), np.uint8))

    def test_threads_share_a_network_without_mixing_answers(self) -> None:
        pictures = [np.ascontiguousarray(fixture("astronaut.png")[i : i + 256, 100:356]) for i in range(0, 64, 8)]
        alone = [networks.segmentation(picture) for picture in pictures]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(networks.segmentation, pictures))
        assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
