"""``check``: can this photo be used, why not, and what helps."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.cells import cell_len

from app.cli import language
from app.cli.failure import USAGE, engine_error_lines
from app.cli.options import MAX_FACES, chosen_lang, chosen_whole
from app.cli.texts import text

# How a measure is held against its threshold, where it is not a ceiling.
_SENSES = {
    "face_height": "at_least",
    "brightness": "at_least",
    "sharpness": "at_least",
    "presence": "at_least",
    "eye_opening": "at_least",
    "lens_lightness": "at_least",
    "yaw": "within",
    "pitch": "within",
    "roll": "within",
}

if TYPE_CHECKING:
    from app.cli.inspection import Inspected
    from app.cli.language import Lang
    from app.engines.local.errors import PhotoRefused


def command(
    photo: Annotated[str, typer.Argument(metavar="metavar.photo", help="help.photo", show_default=False)],
    face: Annotated[str | None, typer.Option("--face", metavar="metavar.number", help="help.face")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.json")] = False,
    lang: Annotated[str | None, typer.Option("--lang", metavar="metavar.lang", help="help.lang")] = None,
) -> int:
    """See ``help.check`` in texts."""
    from app.cli.inspection import inspect_photo
    from app.engines.local.errors import PhotoRefused

    spoken = chosen_lang(lang, language.from_environment(os.environ))
    number = chosen_whole("--face", face, 1, MAX_FACES)
    try:
        seen = inspect_photo(photo, number)
    except PhotoRefused as error:
        if not as_json:
            raise
        print(json.dumps(_unreadable(error, spoken), ensure_ascii=False, indent=2))
        return USAGE
    if as_json:
        print(json.dumps(_as_data(seen, spoken), ensure_ascii=False, indent=2))
    else:
        _print_verdict(seen, spoken)
    return 0 if seen.verdict.passed else USAGE


def _as_data(seen: Inspected, lang: Lang) -> dict[str, object]:
    from app.engines.local.messages import text as engine_text

    verdict = seen.verdict
    reasons = []
    for reason in verdict.reasons:
        message = engine_text(reason.code, lang, measure=reason.measure, threshold=reason.threshold)
        reasons.append(
            {
                "code": reason.code,
                "severity": reason.severity,
                "measure": reason.measure,
                "threshold": reason.threshold,
                "sentence": message.sentence,
                "hint": message.hint,
            }
        )
    return {
        "passed": verdict.passed,
        "width": seen.detection.width,
        "height": seen.detection.height,
        "face_bbox": verdict.face_bbox,
        "ext_bbox": verdict.ext_bbox,
        "faces": [face.box for face in seen.detection.faces],
        "reasons": reasons,
        "measures": verdict.measures,
    }


def _unreadable(error: PhotoRefused, lang: Lang) -> dict[str, object]:
    [(sentence, hint)] = engine_error_lines(error, lang)
    reason = {"code": error.code, "severity": "refuse", "sentence": sentence, "hint": hint, **error.params}
    return {"passed": False, "reasons": [reason]}


def _print_verdict(seen: Inspected, lang: Lang) -> None:
    from app.engines.local.messages import text as engine_text

    verdict = seen.verdict
    print(text(lang, "usable" if verdict.passed else "refused"))
    for reason in verdict.reasons:
        message = engine_text(reason.code, lang, measure=reason.measure, threshold=reason.threshold)
        figures = ""
        if reason.measure is not None and reason.threshold is not None:
            limit = text(lang, "limit", measure=f"{reason.measure:.3g}", threshold=f"{reason.threshold:.3g}")
            figures = f"（{limit}）" if lang == "zh" else f" ({limit})"
        print(f"{'✗' if reason.severity == 'refuse' else '!'} {message.sentence}{figures}")
        if message.hint:
            print(f"  {message.hint}")
    if len(seen.detection.faces) > 1:
        print(text(lang, "faces_found"))
        for number, face in enumerate(seen.detection.faces, 1):
            print(f"  {number}  {list(face.box)}")
    if verdict.measures:
        print(text(lang, "measures"))
        labels = {name: text(lang, f"measure.{name}") for name in verdict.measures}
        width = max(cell_len(label) for label in labels.values())
        for name, value in verdict.measures.items():
            gap = " " * (width - cell_len(labels[name]))
            figure = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
            print(f"  {labels[name]}{gap}  {figure:>6}  {_limit(name, lang)}".rstrip())


def _limit(measure: str, lang: Lang) -> str:
    """What the gate asks of a measure, in words; "" where it asks nothing of the figure alone."""
    from app.engines.local.gates import THRESHOLDS

    if measure == "people":
        return text(lang, "at_most", limit="1")
    limit = getattr(THRESHOLDS, measure, None)
    if limit is None:
        return ""
    return text(lang, _SENSES.get(measure, "at_most"), limit=f"{limit:g}")
