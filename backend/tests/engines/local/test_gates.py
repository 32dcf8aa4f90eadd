from __future__ import annotations

from dataclasses import fields
from functools import cache

import numpy as np
import pytest

from app.engines.local import gates, measures, messages, networks
from app.engines.local.detect import Detection, detect
from app.engines.local.topology import Side
from tests import portrait_edits as edits
from tests.portraits import Variant, bad_variants, faceless, fixture, good_variants

pytestmark = pytest.mark.long(14)

PHOTOS = ("astronaut.png", "hopper.jpg")


@cache
def found(name: str) -> Detection:
    return detect(fixture(name))


@cache
def variants() -> dict[str, Variant]:
    made = {}
    for name in PHOTOS:
        image, face = fixture(name), found(name).faces[0]
        for variant in (*good_variants(image, face), *bad_variants(image, face)):
            made[f"{name} {variant.name}"] = variant
    return made | {variant.name: variant for variant in faceless()}


@cache
def verdicts() -> dict[str, gates.Verdict]:
    return {name: judged(variant.image) for name, variant in variants().items()}


def codes(verdict: gates.Verdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


def judged(image: np.ndarray, face_index: int | None = None) -> gates.Verdict:
    return gates.check(image, detect(image), face_index)


class TestVariants:
    def test_good_ones_pass(self) -> None:
        wrong = {name: verdicts()[name].reasons for name, variant in variants().items() if not variant.refused}
        assert {name: reasons for name, reasons in wrong.items() if not verdicts()[name].passed} == {}

    def test_bad_ones_are_refused_for_their_reason(self) -> None:
        bad = {name: variant for name, variant in variants().items() if variant.refused}
        assert [name for name in bad if verdicts()[name].passed] == []
        assert {n: verdicts()[n].reasons for n, v in bad.items() if not codes(verdicts()[n]) & v.refused} == {}

    @pytest.mark.parametrize("name", PHOTOS)
    def test_dark_lenses_only_warn(self, name: str) -> None:
        verdict = verdicts()[f"{name} dark lenses"]
        assert verdict.passed
        (reason,) = verdict.reasons
        assert reason.code == "dark_lenses"
        assert reason.severity == "warn"

    def test_every_gate_fires_on_some_variant(self) -> None:
        fired = set().union(*(codes(verdict) for verdict in verdicts().values()))
        assert fired == set(messages._GATES) - {"no_such_face", "other_faces"}


class TestVerdict:
    def test_passed_photo_has_boxes_and_all_measures(self) -> None:
        verdict = gates.check(fixture("hopper.jpg"), found("hopper.jpg"))
        assert verdict.passed
        assert verdict.reasons == ()
        assert verdict.face_bbox == found("hopper.jpg").faces[0].box
        assert verdict.ext_bbox == found("hopper.jpg").faces[0].extended_box
        named = {field.name for field in fields(gates.Thresholds)}
        assert named - {"rival_width"} <= set(verdict.measures)
        assert all(np.isfinite(value) for value in verdict.measures.values())

    def test_measure_and_threshold_explain_each_refusal(self) -> None:
        verdict = judged(variants()["hopper.jpg tiny"].image)
        (reason,) = (reason for reason in verdict.reasons if reason.code == "too_small")
        assert reason.measure is not None
        assert reason.threshold == gates.THRESHOLDS.face_height
        assert reason.measure < reason.threshold

    def test_several_reasons_are_told_at_once(self) -> None:
        small = edits.scaled(variants()["hopper.jpg roll +45"].image, 0.3)
        assert {"too_small", "head_tilted"} <= codes(judged(small))

    def test_refused_photo_without_a_face_has_no_boxes(self) -> None:
        verdict = judged(fixture("cat.png"))
        assert codes(verdict) == {"no_face"}
        assert verdict.face_bbox is None
        assert verdict.ext_bbox is None

    def test_same_photo_same_verdict(self) -> None:
        image = variants()["astronaut.png blue mask"].image
        assert judged(image) == judged(image)

    def test_covered_face_without_a_mesh(self) -> None:
        detection = Detection(512, 600, (), ((0.8, (100, 100, 300, 300)),))
        assert codes(gates.check(fixture("hopper.jpg"), detection)) == {"face_covered"}

    def test_masked_companion_counts_as_a_person(self) -> None:
        face = found("hopper.jpg").faces[0]
        detection = Detection(512, 600, (face,), ((0.9, (0, 100, 170, 270)),))
        assert "several_faces" in codes(gates.check(fixture("hopper.jpg"), detection))

    def test_small_passers_by_do_not_count(self) -> None:
        face = found("hopper.jpg").faces[0]
        detection = Detection(512, 600, (face,), ((0.9, (0, 100, 40, 140)),))
        assert gates.check(fixture("hopper.jpg"), detection).passed


class TestChosenFace:
    def test_others_are_no_reason_then(self) -> None:
        image = variants()["hopper.jpg two people"].image
        assert "several_faces" in codes(judged(image))
        for index in (0, 1):
            verdict = judged(image, index)
            assert verdict.passed, verdict.reasons
            assert verdict.face_bbox == detect(image).faces[index].box

    @pytest.mark.parametrize("index", [1, 7, -1])
    def test_face_that_is_not_there(self, index: int) -> None:
        verdict = gates.check(fixture("hopper.jpg"), found("hopper.jpg"), index)
        assert not verdict.passed
        assert verdict.reasons == (gates.Reason("no_such_face", "refuse", index + 1, 1),)

    def test_chosen_face_must_be_usable_itself(self) -> None:
        face = found("astronaut.png").faces[0]
        asleep = edits.close_up(edits.closed_eyes(fixture("astronaut.png"), face), face, 0.8)
        image = edits.side_by_side(fixture("hopper.jpg"), edits.scaled(asleep, 2))
        faces = detect(image).faces
        assert len(faces) == 2
        (sleeper,) = (index for index in (0, 1) if faces[index].box[0] > fixture("hopper.jpg").shape[1] * 0.6)
        assert codes(judged(image, sleeper)) == {"eyes_closed"}
        assert judged(image, 1 - sleeper).passed


class TestCost:
    def test_hopeless_photos_do_not_reach_the_slow_gate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hopeless = [variants()[f"hopper.jpg {name}"].image for name in ("tiny", "roll +45", "blurred", "closed eyes")]
        detections = [detect(image) for image in hopeless]

        def forbidden(crop: networks.Pixels) -> tuple[networks.Points, float]:
            raise AssertionError("the mesh network was run again")

        monkeypatch.setattr(networks, "mesh", forbidden)
        for image, detection in zip(hopeless, detections, strict=True):
            assert not gates.check(image, detection).passed

    def test_detection_of_another_picture_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="512 x 600"):
            gates.check(fixture("astronaut.png"), found("hopper.jpg"))


class TestMeasures:
    def test_sharpness_falls_with_every_blur(self) -> None:
        image, face = fixture("hopper.jpg"), found("hopper.jpg").faces[0]
        figures = [measures.sharpness(edits.gaussian_blur(image, face, s), face) for s in (0.003, 0.01, 0.02, 0.04)]
        assert figures == sorted(figures, reverse=True)

    def test_flat_picture_has_no_sharpness(self) -> None:
        face = found("hopper.jpg").faces[0]
        assert measures.sharpness(np.full((600, 512, 3), 90, np.uint8), face) == 0

    def test_wink_closes_one_eye(self) -> None:
        face = detect(variants()["astronaut.png wink"].image).faces[0]
        openings = measures.eye_openings(face)
        assert openings[Side.LEFT] < gates.THRESHOLDS.eye_opening < openings[Side.RIGHT]

    def test_face_inside_does_not_leave_the_picture(self) -> None:
        assert measures.outside(fixture("hopper.jpg"), found("hopper.jpg").faces[0]) == (0.0, 0.0)


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_in_the_dark_is_refused_for_that_alone(name: str) -> None:
    dark = (fixture(name) * 0.12).astype(np.uint8)
    verdict = judged(dark)
    if verdict.face_bbox is not None:  # in deeper dark no face is found at all
        assert codes(verdict) == {"too_dark"}
    assert codes(judged((fixture(name) * 0.5).astype(np.uint8))) == set()


def test_smaller_faces_are_told_but_do_not_refuse() -> None:
    large, small = fixture("hopper.jpg"), edits.scaled(fixture("astronaut.png"), 0.5)
    pair = np.full((len(large), large.shape[1] + small.shape[1], 3), 128, np.uint8)
    pair[:, : large.shape[1]] = large
    pair[: len(small), large.shape[1] :] = small
    verdict = gates.check(pair, detect(pair, thorough=True))
    assert verdict.passed
    assert {(reason.code, reason.severity) for reason in verdict.reasons} == {("other_faces", "warn")}
