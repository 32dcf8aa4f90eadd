"""What is found, on one screen: labels and values in two columns, lists below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from app.cli.texts import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from app.cli.language import Lang
    from app.points.models import LedgerEntry


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """One line a pair; the values stand below each other, whatever is wide."""
    width = max(cell_len(label) for label, _ in pairs)
    for label, value in pairs:
        print(f"  {label}{' ' * (width - cell_len(label))}  {value}".rstrip())


def print_columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Rows whose cells stand below each other; the columns in ``right`` end together instead."""
    if not rows:
        return
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = []
        for column, cell in enumerate(row):
            gap = " " * (widths[column] - cell_len(cell))
            cells.append(gap + cell if column in right else cell + gap)
        print(("  " + "  ".join(cells)).rstrip())


def print_entries(entries: Sequence[LedgerEntry], lang: Lang) -> None:
    """Movements of points."""
    rows = [
        (
            spoken_time(entry.created_at),
            text(lang, f"kind.{entry.kind}"),
            f"{entry.amount:+d}",
            f"→ {entry.balance_after}",
            entry.reference,
            entry.note or "",
        )
        for entry in entries
    ]
    print_columns(rows, right=(2,))


def spoken_time(moment: datetime | None) -> str:
    """In UTC, to the second, as it stands in the logs."""
    from datetime import UTC

    return "—" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def spoken_span(span: timedelta, lang: Lang) -> str:
    """``0.35 s``, ``12 s``, ``3 min 5 s``, ``2 h 10 min``, ``5 d 3 h``."""
    seconds = abs(span.total_seconds())
    if seconds < 60:
        return text(lang, "span.seconds", seconds=f"{seconds:.2g}" if seconds < 10 else f"{seconds:.0f}")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return text(lang, "span.minutes", minutes=minutes, seconds=rest)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return text(lang, "span.hours", hours=hours, minutes=minutes)
    return text(lang, "span.days", days=hours // 24, hours=hours % 24)


def json_time(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z, as the API writes it."""
    from datetime import UTC

    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def entry_as_data(entry: LedgerEntry) -> dict[str, object]:
    """A movement of points for ``--json``."""
    return {
        "id": str(entry.id),
        "type": str(entry.kind),
        "amount": entry.amount,
        "balance_after": entry.balance_after,
        "reference": entry.reference,
        "note": entry.note,
        "created_at": json_time(entry.created_at),
    }
