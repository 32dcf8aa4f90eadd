"""What is said when everything is over."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from app.cli.failure import USAGE, Failure, tell, tell_failure
from app.cli.sizes import human_bytes
from app.cli.texts import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from app.cli.language import Lang
    from app.cli.remote.answers import Verdict
    from app.cli.remote.ordering import Order


def tell_verdict(verdict: Verdict, lang: Lang) -> None:
    """What is wrong with the photo, or what to expect of it; on stderr."""
    if not verdict.passed:
        tell(text(lang, "refused"))
    for refuses, sentence in verdict.reasons:
        tell(f"{'✗' if refuses else '!'} {sentence}")


def _tell_order(order: Order, lang: Lang) -> None:
    result = order.result
    if result is not None:
        facts = {"width": result.width, "height": result.height, "seconds": f"{result.seconds:.2f}"}
        print(text(lang, "made_there", path=order.target, size=human_bytes(order.size), **facts))
    elif order.error is not None:
        sentence = text(lang, order.error.code, **order.error.params)
        tell_failure(Failure("failed", template=order.style.name, sentence=sentence), lang)


def _write_sheet(orders: Sequence[Order], path: Path, lang: Lang) -> None:
    posters = [order for order in orders if order.poster is not None and order.result is not None]
    if not posters:
        return
    from app.cli.remote.sheet import write_sheet  # loads what draws, for those who want a sheet

    width, height, size = write_sheet([(order.poster or b"", order.style) for order in posters], path)
    print(text(lang, "sheet_made", path=path, width=width, height=height, size=human_bytes(size)))


def tell_orders(orders: Sequence[Order], sheet: Path | None, seconds: float, left: int | None, lang: Lang) -> int:
    """A line a sticker, the sheet, and the last lines: how many, how long, points left. Returns the exit code."""
    for order in orders:
        _tell_order(order, lang)
    if sheet is not None:
        _write_sheet(orders, sheet, lang)
    failed = sum(order.result is None for order in orders)
    sys.stdout.flush()
    if failed < len(orders):
        print(text(lang, "total", count=len(orders) - failed, seconds=f"{seconds:.1f}"))
    if left is not None:
        print(text(lang, "points_left", points=left))
    if failed:
        sys.stdout.flush()
        tell(text(lang, "some_failed", count=failed))
    return USAGE if failed else 0
