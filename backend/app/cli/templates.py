"""``templates``: list them, draw them all, validate a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import language
from app.cli.failure import USAGE, Failure
from app.cli.options import chosen_lang
from app.cli.targets import choose_sheet, spare_photo, written_path
from app.cli.texts import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.cli.language import Lang
    from app.engines.local.template import Template

SAMPLE = Path(__file__).parents[2] / "tests" / "fixtures" / "astronaut.png"
_NARROWEST = 100


def command(
    photo: Annotated[str | None, typer.Argument(metavar="metavar.photo", help="help.photo")] = None,
    sheet: Annotated[bool, typer.Option("--sheet", help="help.sheet")] = False,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="metavar.file", help="help.sheet_output")
    ] = None,
    validate: Annotated[str | None, typer.Option("--validate", metavar="metavar.file", help="help.validate")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.json")] = False,
    lang: Annotated[str | None, typer.Option("--lang", metavar="metavar.lang", help="help.lang")] = None,
) -> int:
    """See ``help.templates`` in texts."""
    from app.engines.local.catalog import load_template_file, load_templates

    spoken = chosen_lang(lang, language.from_environment(os.environ))
    if validate is not None:
        found = load_template_file(written_path(validate))
        print(text(spoken, "valid", path=validate, name=getattr(found.name, spoken), id=found.id))
        return 0
    if photo is not None and not sheet:
        raise Failure("photo_without_sheet")
    if sheet:
        return _draw_all(photo, output, spoken, "zh" if lang is None else spoken)
    if as_json:
        print(json.dumps([_facts(template) for template in load_templates().values()], ensure_ascii=False, indent=2))
    else:
        _print_table(load_templates().values(), spoken)
    return 0


def _facts(template: Template) -> dict[str, object]:
    return {
        "id": template.id,
        "driven_id": template.driven_id,
        "name": {"zh": template.name.zh, "en": template.name.en},
        "category": template.category.value,
        "emotion": template.emotion,
        "duration_seconds": template.duration,
        "fps": template.fps,
        "caption": {"zh": template.caption.text.zh, "en": template.caption.text.en},
    }


def _print_table(templates: Iterable[Template], lang: Lang) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from app.engines.local.template import CATEGORY_NAMES

    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, _NARROWEST))  # piped: nothing is cut off
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("name", "other_name", "id", "category"):
        table.add_column(text(lang, f"column.{name}"))
    table.add_column(text(lang, "column.duration"), justify="right")
    count = 0
    for template in templates:
        names = (template.name.zh, template.name.en) if lang == "zh" else (template.name.en, template.name.zh)
        category = CATEGORY_NAMES[template.category][0 if lang == "zh" else 1]
        length = text(lang, "seconds", value=f"{template.duration:.1f}")
        table.add_row(*(Text(cell) for cell in (*names, template.id, category, length)))
        count += 1
    console.print(table)
    print(text(lang, "templates_total", count=count))


def _draw_all(photo: str | None, output: str | None, lang: Lang, caption_lang: Lang) -> int:
    from app.cli.inspection import inspect_photo, tell_reasons
    from app.cli.make import write_sheet
    from app.cli.rendering import Job, render_all
    from app.cli.report import progress_bars, tell_outcome
    from app.engines.local.catalog import load_templates
    from app.engines.local.render import REMOVE
    from app.engines.local.rig import build_rig

    if photo is None and not SAMPLE.is_file():
        raise Failure("sheet_needs_photo")
    target = choose_sheet(output)
    if photo is not None:
        spare_photo(written_path(photo), target)
    seen = inspect_photo(photo if photo is not None else str(SAMPLE), None)
    tell_reasons(seen, lang)
    if not seen.verdict.passed or seen.face is None:
        return USAGE
    templates = list(load_templates().values())
    rig = build_rig(seen.photo.pixels, seen.face, alpha=seen.photo.alpha)
    jobs = [Job(template, None, REMOVE, lang=caption_lang) for template in templates]
    with progress_bars(templates, lang) as advance:
        outcomes = render_all(rig, jobs, advance)
    for outcome in outcomes:
        tell_outcome(outcome, lang)
    write_sheet(outcomes, target, lang)
    return USAGE if any(outcome.error for outcome in outcomes) else 0
