"""Opening a photo and hearing the gates, the same for every command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.cli.failure import tell
from app.cli.targets import written_path
from app.cli.texts import text

if TYPE_CHECKING:
    from app.cli.language import Lang
    from app.engines.local.detect import Detection, Face
    from app.engines.local.gates import Verdict
    from app.engines.local.photo import Photo


@dataclass(frozen=True, slots=True, eq=False)
class Inspected:
    """A photo, the faces in it, and what the gates say of the one that is meant."""

    photo: Photo
    detection: Detection
    verdict: Verdict
    face: Face | None


def inspect_photo(path: str, face_number: int | None) -> Inspected:
    """Load, detect and judge; ``face_number`` counts from 1, the largest face.

    Raises PhotoRefused for a file that is no usable picture. That there is no face of that number is a verdict.
    """
    from app.engines.local.detect import detect  # heavy: `--help` must not wait for it
    from app.engines.local.gates import check
    from app.engines.local.photo import load_photo

    photo = load_photo(written_path(path))
    detection = detect(photo.pixels, thorough=True)
    faces = detection.faces
    verdict = check(photo.pixels, detection, None if face_number is None else face_number - 1)
    meant = faces[(face_number or 1) - 1 :]
    return Inspected(photo, detection, verdict, meant[0] if meant else None)


def tell_reasons(seen: Inspected, lang: Lang) -> None:
    """Print on stderr why a photo is refused, or what to expect of one that is not."""
    from app.engines.local.messages import text as engine_text

    if not seen.verdict.passed:
        tell(text(lang, "refused"))
    for reason in seen.verdict.reasons:
        message = engine_text(reason.code, lang, measure=reason.measure, threshold=reason.threshold)
        mark = "✗" if reason.severity == "refuse" else "!"
        tell(f"{mark} {message.sentence}", message.hint)
        if reason.code in ("several_faces", "other_faces") and len(seen.detection.faces) > 1:
            choose = text(lang, "choose_face", count=len(seen.detection.faces))
            tell(f"  {choose}")


def tell_replaced(caption: str, lang: Lang) -> None:
    """Print on stderr which characters of a caption the font lacks, once each."""
    from app.engines.local.font import find_font
    from app.engines.local.lettering import clean

    replaced = dict.fromkeys(clean(caption, find_font(), float("inf")).replaced)
    if replaced:
        tell(text(lang, "caption_replaced", characters=" ".join(replaced)))
