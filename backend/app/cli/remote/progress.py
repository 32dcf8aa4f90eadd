"""What a person sees meanwhile: the upload, and a bar a sticker. On stderr, and only where a person sees it."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from app.cli.texts import text

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.progress import Progress, TaskID

    from app.cli.language import Lang
    from app.cli.remote.answers import RemoteTask


class Display:
    """Bars while it is open. Without a terminal it is silent, but for what one has to wait for."""

    def __init__(self, lang: Lang) -> None:
        self._lang = lang
        self._stack = ExitStack()
        self._bars: Progress | None = None
        self._rows: dict[int, TaskID] = {}
        self._upload: TaskID | None = None
        self._inspection: TaskID | None = None
        self._whole: TaskID | None = None
        self._count = 0
        self._told = ""

    def __enter__(self) -> Self:
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal:
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

            self._bars = self._stack.enter_context(
                Progress(
                    TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), console=console, transient=True
                )
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def waiting(self, why: str, seconds: float) -> None:
        """Say that we wait for the service; the same thing is said once."""
        sentence = text(self._lang, why, seconds=round(seconds))
        if why == self._told:
            return
        self._told = why
        if self._bars is None:
            print(sentence, file=sys.stderr)
        else:
            self._bars.console.print(sentence, markup=False, highlight=False)

    def uploading(self, sent: int, size: int) -> None:
        """Show how much of the photo has gone; what follows is the service looking at it."""
        if self._bars is None:
            return
        if self._upload is None:
            self._upload = self._bars.add_task(text(self._lang, "uploading"), total=size)
        self._bars.update(self._upload, completed=sent, visible=sent < size)
        if sent >= size and self._inspection is None:
            self._inspection = self._bars.add_task(text(self._lang, "inspecting"), total=None)

    def uploaded(self, count: int) -> None:
        """From now on ``count`` stickers are made."""
        if self._bars is None:
            return
        if self._inspection is not None:
            self._bars.update(self._inspection, visible=False)
        self._count = count
        self._whole = self._bars.add_task(text(self._lang, "all"), total=count, visible=count > 1)

    def changed(self, index: int, name: str, task: RemoteTask) -> None:
        """Show how far a sticker is. Of several, those that wait have no row, so that fifty do not fill the screen."""
        if self._bars is None:
            return
        waits = task.status == "pending"
        if index not in self._rows:
            if waits and self._count > 1:
                return
            self._rows[index] = self._bars.add_task(name, total=None)
        self._bars.update(
            self._rows[index],
            description=text(self._lang, "queued", name=name) if waits else name,
            completed=task.progress,
            # A bar without a total only moves: nothing is known yet of one that waits.
            total=None if waits else 100,
            visible=not task.ended,
        )

    def ended(self) -> None:
        """One more is over, whichever way."""
        if self._bars is not None and self._whole is not None:
            self._bars.advance(self._whole)
