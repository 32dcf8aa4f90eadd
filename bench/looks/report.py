"""The measures as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import json
from collections import Counter
from typing import TYPE_CHECKING

from bench.looks.watch import LIMITS, REST_LIMITS
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.looks.run import PhotoNote
    from bench.looks.watch import Row
    from rich.console import Console

_HEADS = {
    "opening": "mouth",
    "corners": "corners",
    "eye_right": "eye R",
    "eye_left": "eye L",
    "brow_right": "brow R",
    "brow_left": "brow L",
}


def show(console: Console, rows: Sequence[Row]) -> None:
    """Every row, what broke a limit in red; movements in hundredths of a face height, asked → seen."""
    table = Table(title="asked → seen in 1/100 face height; shares in %", title_justify="left", row_styles=("", "dim"))
    table.add_column("photo")
    table.add_column("template")
    for head in ("face", *_HEADS.values(), "seam", "flicker", "stretch", "halo", "holes"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        broken = row.breaks
        cells = [_cell(f"{row.found}/{row.sampled}", "face" in broken)]
        for name in _HEADS:
            move = row.moves[name]
            said = f"{100 * move.asked:.0f} → {100 * move.seen:.0f}" if move.judged else "·"
            cells.append(_cell(said, name in broken))
        cells.append(_cell(f"{row.seam:.2f} {row.seam_person:.2f}", "seam" in broken))
        cells.append(_cell(f"{100 * row.flicker:.2f}", "flicker" in broken))
        cells.append(_cell(f"{row.stretch:.1f}", "stretch" in broken))
        cells.append(_cell(f"{100 * row.halo:+.1f}", "halo" in broken))
        cells.append(_cell(str(row.holes), "holes" in broken))
        table.add_row(row.photo, _cell(row.template, bool(broken)), *cells)
    console.print(table)


def _cell(text: str, wrong: bool) -> Text:
    return Text(f"{text} ✗" if wrong else text, style="bold red" if wrong else "")


def summary(console: Console, rows: Sequence[Row], notes: Sequence[PhotoNote]) -> None:
    """Photos with what they cost, then the rows that broke a limit, by name."""
    for note in notes:
        if note.refused:
            console.print(f"{note.photo}: left out: {note.refused}")
        else:
            console.print(
                f"{note.photo}: {note.seconds:.0f} s of work; at rest, soft pixels further than 2 px from the edge: "
                f"border {100 * note.border_halo:.1f} %, bare cut-out {100 * note.cutout_halo:.1f} %; "
                f"holes {note.holes} px",
                style="bold red" if note.breaks else "",
            )
    limits = ", ".join(f"{name} ≤ {limit:g}" for name, limit in LIMITS.items())
    at_rest = ", ".join(f"{name} ≤ {limit:g}" for name, limit in REST_LIMITS.items())
    console.print(
        f"Limits: face in every sampled frame, movements in the direction asked, {limits}; at rest {at_rest}."
    )
    console.print("Identity is not measured: the project has no network that tells people apart.")
    for note in notes:
        if note.breaks:
            console.print(f"  {note.photo} at rest: {', '.join(note.breaks)}")
    broken = [row for row in rows if row.breaks]
    counted = Counter(name for row in broken for name in row.breaks)
    console.print(
        f"{len(rows)} rows, {len(broken)} break a limit"
        + (": " + ", ".join(f"{name} {count}" for name, count in counted.most_common()) if broken else "")
    )
    for row in broken:
        console.print(f"  {row.photo} · {row.template}: {', '.join(row.breaks)}")


def write(folder: Path, rows: Sequence[Row], notes: Sequence[PhotoNote]) -> None:
    """``measures.csv`` and ``measures.json``."""
    flat = [row.flat() for row in rows]
    if flat:
        with (folder / "measures.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(flat[0]))
            writer.writeheader()
            writer.writerows(flat)
    content = {"limits": {**LIMITS, "at rest": REST_LIMITS}, "photos": [note.flat() for note in notes], "rows": flat}
    (folder / "measures.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
