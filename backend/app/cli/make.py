"""``make``: one photo to stickers."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import language
from app.cli.failure import USAGE, Failure
from app.cli.options import (
    MAX_FACES,
    chosen_background,
    chosen_caption,
    chosen_lang,
    chosen_number,
    chosen_templates,
    chosen_whole,
)
from app.cli.targets import choose_targets, spare_photo, written_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.cli.language import Lang
    from app.cli.rendering import Outcome

DEFAULT_SIDE = 512
"""Pixels a side of a sticker when nothing else is asked for."""
SIDES = (64, 1024)
RATES = (1, 60)


def command(
    photo: Annotated[str, typer.Argument(metavar="metavar.photo", help="help.photo", show_default=False)],
    template: Annotated[
        list[str] | None, typer.Option("--template", "-t", metavar="metavar.name", help="help.template")
    ] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="metavar.path", help="help.output")] = None,
    format_name: Annotated[
        str | None, typer.Option("--format", "-f", metavar="metavar.format", help="help.format")
    ] = None,
    caption: Annotated[str | None, typer.Option("--caption", metavar="metavar.text", help="help.caption")] = None,
    no_caption: Annotated[bool, typer.Option("--no-caption", help="help.no_caption")] = False,
    background: Annotated[
        str, typer.Option("--background", "-b", metavar="metavar.background", help="help.background")
    ] = "remove",
    size: Annotated[str | None, typer.Option("--size", metavar="metavar.number", help="help.size")] = None,
    fps: Annotated[str | None, typer.Option("--fps", metavar="metavar.number", help="help.fps")] = None,
    face: Annotated[str | None, typer.Option("--face", metavar="metavar.number", help="help.face")] = None,
    server: Annotated[str | None, typer.Option("--server", metavar="metavar.server", help="help.server")] = None,
    lang: Annotated[str | None, typer.Option("--lang", metavar="metavar.lang", help="help.lang")] = None,
) -> int:
    """See ``help.make`` in texts."""
    started = time.perf_counter()
    spoken = chosen_lang(lang, language.from_environment(os.environ))
    words = chosen_caption(caption, no_caption)
    if server is not None:
        _refuse_local(
            {
                "--background": background if background != "remove" else None,
                "--size": size,
                "--fps": fps,
                "--face": face,
            }
        )
        from app.cli.remote.making import Wishes, make_there

        wishes = Wishes(photo, template or [], output, format_name, words, spoken, spoken if lang else "zh")
        return make_there(server, wishes)
    side = chosen_whole("--size", size, *SIDES) or DEFAULT_SIDE
    rate = chosen_number("--fps", fps, *RATES)
    number = chosen_whole("--face", face, 1, MAX_FACES)
    ground = chosen_background(background)
    templates = chosen_templates(template or [])

    from app.cli.inspection import inspect_photo, tell_reasons, tell_replaced  # after the cheap checks
    from app.cli.rendering import Job, render_all
    from app.cli.report import progress_bars, tell_outcome, tell_total
    from app.engines.local.rig import build_rig, rig_size

    seen = inspect_photo(photo, number)
    tell_reasons(seen, spoken)
    if not seen.verdict.passed or seen.face is None:
        return USAGE
    if words:
        tell_replaced(words, spoken)
    targets = choose_targets(Path(photo), [chosen.id for chosen in templates], output, format_name)
    spare_photo(written_path(photo), *targets.stickers, targets.sheet)
    rig = build_rig(seen.photo.pixels, seen.face, alpha=seen.photo.alpha, size=rig_size(side))
    jobs = [
        Job(chosen, target, ground, caption=words, lang=spoken if lang else "zh", fps=rate, size=side)
        for chosen, target in zip(templates, targets.stickers, strict=True)
    ]
    with progress_bars(templates, spoken) as advance:
        outcomes = render_all(rig, jobs, advance)
    for outcome in outcomes:
        tell_outcome(outcome, spoken)
    if targets.sheet is not None:
        write_sheet(outcomes, targets.sheet, spoken)
    tell_total(outcomes, time.perf_counter() - started, spoken)
    return USAGE if any(outcome.error for outcome in outcomes) else 0


def _refuse_local(options: Mapping[str, str | None]) -> None:
    """A service draws as its operator has set it; an option that would have no effect there is no option."""
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise Failure("only_local", options=", ".join(given))


def write_sheet(outcomes: Sequence[Outcome], path: Path, lang: Lang) -> None:
    """Put the key frames of all that succeeded on one sheet."""
    from app.cli.report import tell_sheet
    from app.cli.sheet import Cell, draw_sheet, save_sheet

    cells = [
        Cell(outcome.poster, getattr(outcome.template.name, lang), outcome.template.id)
        for outcome in outcomes
        if outcome.poster is not None
    ]
    if cells:
        page = draw_sheet(cells)
        tell_sheet(path, *page.size, save_sheet(page, path), lang)
