"""What was measured as tables for people and figures for machines, and the marks that targets are kept by."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from bench.api.pipeline import Journeys, Peaks
from bench.api.racing import percentile
from rich.table import Table

if TYPE_CHECKING:
    from bench.api.racing import Race
    from rich.console import Console

READS = ("profile", "balance", "task", "history")


@dataclass
class Measured:
    """All that one run found out; what was left out is empty or 0."""

    races: list[Race] = field(default_factory=list)
    crowds: list[Race] = field(default_factory=list)
    journeys: Journeys = field(default_factory=Journeys)
    peaks: Peaks = field(default_factory=Peaks)


@dataclass(frozen=True)
class Verdict:
    """A target: measured, what it must be, what it should be, and whether it is."""

    what: str
    measured: str
    must: str
    aim: str
    kept: bool
    aimed: bool


def at_least(what: str, value: float, must: float, aim: float) -> Verdict:
    """More is better."""
    return Verdict(what, f"{value:.2f}", f"≥ {must:g}", f"≥ {aim:g}", value >= must, value >= aim)


def at_most(what: str, value: float, must: float, aim: float, digits: int = 0) -> Verdict:
    """Less is better."""
    return Verdict(what, f"{value:.{digits}f}", f"≤ {must:g}", f"≤ {aim:g}", value <= must, value <= aim)


def verdicts(found: Measured) -> list[Verdict]:
    """A row for each target whose figure was measured."""
    rows = []
    reads = [race.ratio for race in found.races if race.name in READS]
    creates = [race.ratio for race in found.races if race.name == "create"]
    if reads:
        rows.append(at_least("reads over their floor, the worst", min(reads), 0.5, 0.6))
    if creates:
        rows.append(at_least("create over its floor, the worst", min(creates), 0.4, 0.6))
    if found.races or found.crowds:
        sides = [race.service for race in [*found.races, *found.crowds]]
        rows.append(at_most("errors of the service", sum(side.errors for side in sides), 0, 0))
    if found.crowds:
        connections = max(race.connections for race in found.crowds)
        worst = max(race.spread for race in found.crowds)
        rows.append(at_most(f"{connections} connections: p99 over p50, the worst", worst, 20, 5, digits=1))
    journeys, peaks = found.journeys, found.peaks
    if journeys.claims:
        rows.append(at_most("create to claimed, p50, ms", statistics.median(journeys.claims), 20, 15, digits=1))
    if journeys.uploads:
        rows.append(
            at_most("upload of 12 megapixels to its answer, p50, ms", statistics.median(journeys.uploads), 200, 150)
        )
    if journeys.worker_per_minute:
        gain = journeys.worker_per_minute / journeys.core_per_minute
        rows.append(at_least("stickers a minute, a worker on two cores over one core", gain, 1.6, 1.8))
    if peaks.backend:
        rows.append(at_most("peak memory of a backend process, MB", peaks.backend, 120, 100))
    if peaks.worker_parent:
        rows.append(at_most("peak memory of the worker's parent, MB", peaks.worker_parent, 150, 120))
    return rows


def show(console: Console, found: Measured) -> bool:
    """Print all tables; whether every *must* is kept."""
    if found.races:
        console.print(_races(found.races))
    if found.crowds:
        console.print(_crowds(found.crowds))
    if found.journeys.uploads or found.journeys.worker_per_minute:
        console.print(_journeys(found.journeys, found.peaks))
    targets = Table(title="targets", title_justify="left")
    for column in ("", "measured", "must", "aim"):
        targets.add_column(column)
    rows = verdicts(found)
    for row in rows:
        marks = [f"{text} {'✓' if good else '✗'}" for text, good in ((row.must, row.kept), (row.aim, row.aimed))]
        targets.add_row(row.what, row.measured, *marks)
    console.print(targets)
    return all(row.kept for row in rows)


def as_figures(found: Measured) -> dict[str, Any]:
    """For machines."""
    return {
        "races": [
            {
                "name": race.name,
                "connections": race.connections,
                "ratio": round(race.ratio, 3),
                "service": race.service.figures(),
                "floor": race.floor.figures(),
            }
            for race in found.races
        ],
        "crowds": [
            {"name": race.name, "connections": race.connections, "service": race.service.figures()}
            for race in found.crowds
        ],
        "journeys": asdict(found.journeys),
        "peaks_mb": asdict(found.peaks),
        "targets": [asdict(row) for row in verdicts(found)],
    }


def _races(races: list[Race]) -> Table:
    table = Table(title="two server processes each, closed loop, medians of the rounds", title_justify="left")
    table.add_column("request")
    columns = ("connections", "service /s", "floor /s", "ratio", "p50 ms", "p99 ms", "floor p50", "floor p99")
    for column in columns:
        table.add_column(column, justify="right")
    for race in races:
        sides = [f"{side.milliseconds(share):.2f}" for side in (race.service, race.floor) for share in (0.5, 0.99)]
        rates = [f"{side.rate:.0f}" for side in (race.service, race.floor)]
        table.add_row(race.name, str(race.connections), *rates, f"{race.ratio:.2f}", *sides)
    return table


def _crowds(crowds: list[Race]) -> Table:
    table = Table(title="a crowd", title_justify="left")
    table.add_column("request")
    for column in ("connections", "/s", "p50 ms", "p99 ms", "p99 / p50", "errors"):
        table.add_column(column, justify="right")
    for race in crowds:
        side = race.service
        table.add_row(
            *(race.name, str(race.connections), f"{side.rate:.0f}", f"{side.milliseconds(0.5):.1f}"),
            *(f"{side.milliseconds(0.99):.1f}", f"{race.spread:.1f}", str(side.errors)),
        )
    return table


def _journeys(journeys: Journeys, peaks: Peaks) -> Table:
    table = Table(title="through the worker", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("")
    if journeys.uploads:
        rest = statistics.median(journeys.uploads) - journeys.engine_prepares
        table.add_row("upload to answer, ms", *_spread(journeys.uploads))
        table.add_row(
            "  of it the engine", f"{journeys.engine_prepares:.0f}", "decode, turn, store, detect: alone on one core"
        )
        table.add_row("  of it the way", f"{rest:.0f}", "receive, store, queue, fetch, answer")
    if journeys.claims:
        table.add_row("create to claimed, ms", *_spread(journeys.claims))
    if journeys.worker_per_minute:
        table.add_row("stickers a minute, worker", f"{journeys.worker_per_minute:.1f}", "two renders at once")
        table.add_row("stickers a minute, one core", f"{journeys.core_per_minute:.1f}", "the engine alone, pinned")
    if peaks.worker_child:
        table.add_row(
            "peak of a worker's child, MB", f"{peaks.worker_child:.0f}", "fork server or renderer, the largest"
        )
    return table


def _spread(values: list[float]) -> tuple[str, str]:
    return f"{statistics.median(values):.1f}", f"p50 of {len(values)}; p95 {percentile(values, 0.95):.1f}"
