"""Progress while stickers are made, and what is said when they are done."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.cli.failure import engine_error_lines, tell
from app.cli.sizes import human_bytes
from app.cli.texts import text
from app.engines.local.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rich.progress import TaskID

    from app.cli.language import Lang
    from app.cli.rendering import Outcome
    from app.engines.local.template import Template


@contextmanager
def progress_bars(templates: Sequence[Template], lang: Lang) -> Iterator[Callable[[int, int, int], None]]:
    """A bar a sticker, on stderr and only where a person sees it; yields what takes (index, frames done, frames)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _index, _done, _of: None
        return
    names = [getattr(template.name, lang) for template in templates]
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    ) as bars:
        rows: dict[int, TaskID] = {}
        whole = bars.add_task(text(lang, "all"), total=len(names), visible=len(names) > 1)

        def advance(index: int, done: int, of: int) -> None:
            if index not in rows:  # a row appears when its work begins, so that fifty do not fill the screen
                rows[index] = bars.add_task(names[index], total=of)
            bars.update(rows[index], completed=done, visible=done < of)
            if done == of:
                bars.advance(whole)

        yield advance


def tell_outcome(outcome: Outcome, lang: Lang) -> None:
    """One line about one sticker: the file on stdout, or why there is none on stderr."""
    if outcome.encoded is not None:
        made = outcome.encoded
        size = human_bytes(made.bytes)
        facts = {"width": made.width, "height": made.height, "frames": made.frames, "seconds": f"{made.seconds:.2f}"}
        print(text(lang, "made", path=made.path, size=size, **facts))
    elif outcome.error is not None:
        name = getattr(outcome.template.name, lang)
        for sentence, hint in _why(outcome.error, lang):
            tell(text(lang, "failed", template=name, sentence=sentence), hint)


def tell_sheet(path: Path, width: int, height: int, size: int, lang: Lang) -> None:
    """One line about a contact sheet."""
    print(text(lang, "sheet_made", path=path, width=width, height=height, size=human_bytes(size)))


def tell_total(outcomes: Sequence[Outcome], seconds: float, lang: Lang) -> None:
    """The last line: how many, how long."""
    failed = sum(outcome.error is not None for outcome in outcomes)
    sys.stdout.flush()
    if failed < len(outcomes):
        print(text(lang, "total", count=len(outcomes) - failed, seconds=f"{seconds:.1f}"))
    if failed:
        tell(text(lang, "some_failed", count=failed))


def _why(error: Exception, lang: Lang) -> list[tuple[str, str]]:
    from concurrent.futures.process import BrokenProcessPool

    if isinstance(error, EngineError):
        return engine_error_lines(error, lang)
    if isinstance(error, BrokenProcessPool):
        return [(text(lang, "worker_died"), "")]
    return [(str(error), "")]
