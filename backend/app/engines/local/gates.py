"""Is this photo usable, and if not, why: the gates, cheap ones first.

The limits were set with ``bench/gates``: some forty variants each of four portraits of different age, sex and skin.
Four more were looked at afterwards, and the limits of eyes, pitch, lip jitter and the detector's score were moved for
them, so no photo is left on which these are untried. "Good" and "bad" below are the worst good variant and the best
bad one of all eight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from app.engines.local import measures
from app.engines.local.networks import Pixels, require_picture

if TYPE_CHECKING:
    from app.engines.local.detect import Box, Detection, Face

Severity = Literal["refuse", "warn"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The limits of the gates."""

    rival_width: float = 0.5
    """Another face counts as a person when it is wider than this share of the largest: passers-by are cut away."""
    face_height: float = 90.0
    """Forehead to chin in px. A sticker shows it at about 250 px: below 90 the enlargement looks painted."""
    yaw: float = 25.0
    """Degrees. The engine's depth looks right to about 20, and the measure wavers by 3."""
    pitch: float = 27.0
    """Degrees. Laughing heads at 21 to 25 are good; at 30 the mouth or the forehead is foreshortened too much."""
    roll: float = 30.0
    """Degrees. Landmarks stay good far beyond it, but a sticker with such a tilt looks like a mistake."""
    outside_share: float = 0.03
    """Share of the outline beyond the picture: one point of 36, since the mesh wavers by about a pixel."""
    outside_reach: float = 0.02
    """Face heights by which that one point may lie beyond it."""
    brightness: float = 50.0
    """Of 255, the brightest twentieth of the face. Good photos read 187 to 218; at a fifth of their light, 37 to 43,
    the colours are gone, at half of it, 93 to 109, they are not."""
    sharpness: float = 0.25
    """Good .27 (a face of 100 px), bad .23 (enlarged from 30 px); a blur of 1.5 % of the face reads .12 to .20."""
    eye_opening: float = 0.155
    """Lid distance over width, of the eye that is wider open, so that a wink passes. Good .16 (a squinting laugh) and
    .18, bad .15 (asleep, in a real photo) and .12 (painted lids)."""
    presence: float = 0.8
    """The mesh network's belief in a face: good .99, masks .6 to 1. A weak gate, but free."""
    lips_jitter: float = 2.5
    """Percent of the eyes' distance. Good 1.95, hands 3.2, masks 3.4. A hand over an open mouth, 2.0, is missed."""
    eye_jitter: float = 3.3
    """Percent of the eyes' distance. Good 2.5, half covered 4.4."""
    outline_jitter: float = 4.6
    """Percent of the eyes' distance. Good 3.8, half covered 5.5."""
    lens_lightness: float = 0.35
    """Lightness under the eyes over that of the skin. Good .67, dark lenses .10."""


THRESHOLDS: Final = Thresholds()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a photo is refused, or what to expect of it: ``messages.text(code, lang)`` has the sentence.

    ``measure`` broke ``threshold``; both are None where nothing is measured.
    """

    code: str
    severity: Severity
    measure: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``passed`` unless a reason refuses. Boxes are those of the face that was judged, None when there is none.

    ``measures`` holds every figure that was taken; gates behind the first refusing stage take none.
    """

    passed: bool
    reasons: tuple[Reason, ...]
    face_bbox: Box | None
    ext_bbox: Box | None
    measures: dict[str, float]


def check(image: Pixels, detection: Detection, face_index: int | None = None) -> Verdict:
    """Judge the largest face of a picture (RGB uint8), or the one that a person chose by its index from 0.

    Once a face is chosen, others in the picture are no reason to refuse. The slow look for masks and hands comes
    last, and only when nothing else refuses. Raises ``ValueError`` for a picture that ``detection`` is not of.
    """
    require_picture(image)
    if image.shape[:2] != (detection.height, detection.width):
        raise ValueError(
            f"the detection is of a picture of {detection.width} x {detection.height} px, "
            f"this one has {image.shape[1]} x {image.shape[0]}"
        )
    return _Inspection(image, detection).verdict(face_index)


class _Inspection:
    """One photo on its way through the gates."""

    def __init__(self, image: Pixels, detection: Detection) -> None:
        self.image = image
        self.detection = detection
        self.reasons: list[Reason] = []
        self.measures: dict[str, float] = {"faces": float(len(detection.faces))}

    def verdict(self, face_index: int | None) -> Verdict:
        face = self._chosen(face_index)
        if face is None:
            return self._closed(None)
        for stage in (self._size_and_pose, self._picture_quality, self._coverings):
            if any(reason.code == "too_dark" for reason in self.reasons):
                break  # nothing else can be told of it
            stage(face)
            if self._refused():
                break
        return self._closed(face)

    def _chosen(self, face_index: int | None) -> Face | None:
        faces = self.detection.faces
        if not faces:
            self._refuse("face_covered" if self.detection.unmeshed else "no_face")
            return None
        if face_index is None:
            # In the dark the detector finds people who are not there: light comes first.
            self._light(faces[0])
            if not self._refused():
                self._count_people()
            return faces[0]
        if not 0 <= face_index < len(faces):
            self._refuse("no_such_face", face_index + 1, len(faces))
            return None
        self._light(faces[face_index])
        return faces[face_index]

    def _count_people(self) -> None:
        widths = [face.box[2] - face.box[0] for face in self.detection.faces]
        widths += [box[2] - box[0] for _, box in self.detection.unmeshed]
        largest = max(self.detection.faces[0].box[2] - self.detection.faces[0].box[0], 1)
        rivals = sum(width > THRESHOLDS.rival_width * largest for width in widths)
        self.measures["people"] = float(rivals)
        if rivals > 1:
            self._refuse("several_faces", rivals, 1)
        elif len(self.detection.faces) > 1:
            self.reasons.append(Reason("other_faces", "warn", len(self.detection.faces) - 1))

    def _light(self, face: Face) -> None:
        self._at_least("too_dark", "brightness", measures.brightness(self.image, face), THRESHOLDS.brightness)

    def _size_and_pose(self, face: Face) -> None:
        share, reach = measures.outside(self.image, face)
        pose = face.pose
        self._at_least("too_small", "face_height", measures.face_height(face), THRESHOLDS.face_height)
        self._within("head_turned", "yaw", pose.yaw, THRESHOLDS.yaw)
        self._within("head_nodded", "pitch", pose.pitch, THRESHOLDS.pitch)
        self._within("head_tilted", "roll", pose.roll, THRESHOLDS.roll)
        self.measures["outside_share"], self.measures["outside_reach"] = share, reach
        if share > THRESHOLDS.outside_share:
            self._refuse("cut_off", share, THRESHOLDS.outside_share)
        elif reach > THRESHOLDS.outside_reach:
            self._refuse("cut_off", reach, THRESHOLDS.outside_reach)

    def _picture_quality(self, face: Face) -> None:
        self._at_least("blurred", "sharpness", measures.sharpness(self.image, face), THRESHOLDS.sharpness)
        self._at_least("face_covered", "presence", face.presence, THRESHOLDS.presence)
        opening = max(measures.eye_openings(face).values())
        lightness = measures.lens_lightness(self.image, face)
        self.measures["eye_opening"], self.measures["lens_lightness"] = opening, lightness
        if lightness < THRESHOLDS.lens_lightness:  # nobody can tell whether eyes are closed behind them
            self.reasons.append(Reason("dark_lenses", "warn", lightness, THRESHOLDS.lens_lightness))
        elif opening < THRESHOLDS.eye_opening:
            self._refuse("eyes_closed", opening, THRESHOLDS.eye_opening)

    def _coverings(self, face: Face) -> None:
        jitter = measures.jitter(self.image, face)
        self.measures["eye_jitter"], self.measures["outline_jitter"] = jitter.eye, jitter.outline
        self._within("mouth_covered", "lips_jitter", jitter.lips, THRESHOLDS.lips_jitter)
        if jitter.eye > THRESHOLDS.eye_jitter:
            self._refuse("face_covered", jitter.eye, THRESHOLDS.eye_jitter)
        elif jitter.outline > THRESHOLDS.outline_jitter:
            self._refuse("face_covered", jitter.outline, THRESHOLDS.outline_jitter)

    def _at_least(self, code: str, name: str, value: float, limit: float) -> None:
        self.measures[name] = value
        if value < limit:
            self._refuse(code, value, limit)

    def _within(self, code: str, name: str, value: float, limit: float) -> None:
        self.measures[name] = value
        if abs(value) > limit:
            self._refuse(code, value, limit)

    def _refuse(self, code: str, measure: float | None = None, threshold: float | None = None) -> None:
        self.reasons.append(Reason(code, "refuse", measure, threshold))

    def _refused(self) -> bool:
        return any(reason.severity == "refuse" for reason in self.reasons)

    def _closed(self, face: Face | None) -> Verdict:
        return Verdict(
            passed=not self._refused(),
            reasons=tuple(self.reasons),
            face_bbox=face.box if face else None,
            ext_bbox=face.extended_box if face else None,
            measures=self.measures,
        )
