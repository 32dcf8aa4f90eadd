"""Looks bench: every template on every photo, as contact sheets to look at and as measures. See README.md here.

./aipic bench looks [FOLDER_OR_PHOTO ...] [-t TEMPLATE ...] [-o OUT] [--strict]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "backend")]

import cv2  # noqa: E402
from bench.looks import report, sheets  # noqa: E402
from bench.looks.watch import REST_LIMITS, Row, Watcher  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: E402

from app.engines.local import build_rig, check, detect, get_template, load_photo, load_templates  # noqa: E402
from app.engines.local.errors import EngineError  # noqa: E402
from app.engines.local.messages import text  # noqa: E402

PHOTOS = ROOT / "backend" / "tests" / "fixtures"
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic", ".heif"}
PROCESSES = 2
THUMBNAIL = 176


@dataclass(frozen=True, slots=True)
class PhotoNote:
    """What there is to say of one photo: why it was left out, or its cost and its cut-out at rest."""

    photo: str
    refused: str = ""
    seconds: float = 0.0
    border_halo: float = 0.0
    cutout_halo: float = 0.0
    holes: int = 0

    @property
    def breaks(self) -> tuple[str, ...]:
        """Names of the limits that the photo at rest breaks."""
        return tuple(name for name, limit in REST_LIMITS.items() if getattr(self, name) > limit)

    def flat(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Page:
    """What a process hands back of one page of templates: rows, and PNGs for the sheets over all photos."""

    photo: str
    rows: tuple[Row, ...]
    strips: dict[str, bytes]
    thumbnails: dict[str, bytes]
    rest: tuple[float, float, int]
    """Halo of the border and of the bare cut-out, and holes, of the photo at rest."""


def moments(poster: float) -> tuple[float, ...]:
    """Shares of the loop that the sheets show."""
    return 0.0, 0.25, poster, 0.75


@cache
def watcher(path: Path) -> Watcher:
    """A photo's rig in this process."""
    photo = load_photo(path)
    return Watcher(build_rig(photo.pixels, detect(photo.pixels).faces[0], alpha=photo.alpha))


def refusal(path: Path) -> str:
    """Why a photo cannot be used, in one sentence; empty when it can."""
    try:
        photo = load_photo(path)
    except EngineError as problem:
        return text(problem.code, "en", **problem.params).sentence
    verdict = check(photo.pixels, detect(photo.pixels))
    refusals = [reason for reason in verdict.reasons if reason.severity == "refuse"]
    told = [text(r.code, "en", measure=r.measure, threshold=r.threshold).sentence for r in refusals]
    return " ".join(told)


def make_page(path: Path, label: str, names: tuple[str, ...], target: Path) -> Page:
    """Render, measure and draw some templates on one photo; runs in a process of its own."""
    cv2.setNumThreads(1)
    watch = watcher(path)
    rows, drawn, strips, thumbnails = [], [], {}, {}
    for name in names:
        start = time.perf_counter()
        template = get_template(name)
        shown = moments(template.poster)
        seam, frames = watch.seam(template, shown)
        measured = watch.person(template)
        row = Row(photo=label, template=template.id, seam=seam, seconds=time.perf_counter() - start, **measured)
        rows.append(row)
        title = f"{template.id}   t = {', '.join(f'{moment:.2f}' for moment in shown)}   {' '.join(row.breaks)}"
        drawn.append(sheets.labelled(sheets.full_row(frames), title, wrong=bool(row.breaks)))
        strips[template.id] = sheets.packed(sheets.labelled(sheets.strip(frames), label, wrong=bool(row.breaks)))
        small = sheets.on_ground(sheets.shrunk(frames[2], THUMBNAIL), sheets.GROUNDS["white"])
        thumbnails[template.id] = sheets.packed(small)
    sheets.save(sheets.stacked(drawn), target)
    return Page(label, tuple(rows), strips, thumbnails, (watch.border_halo, watch.cutout_halo, watch.rest_holes))


def photos_of(places: list[Path]) -> dict[str, Path]:
    """Label to file, folders opened; two files of one name get a number."""
    files = []
    for place in places:
        listed = sorted(place.iterdir()) if place.is_dir() else [place]
        files += [file for file in listed if file.suffix.lower() in SUFFIXES or file == place]
    labels: dict[str, Path] = {}
    for file in files:
        label, number = file.stem, 2
        while label in labels:
            label, number = f"{file.stem}-{number}", number + 1
        labels[label] = file
    return labels


def bench(console: Console, photos: dict[str, Path], names: list[str], out: Path) -> tuple[list[Row], list[PhotoNote]]:
    """Run all pages in two processes and write all sheets but those that :func:`make_page` wrote."""
    notes, jobs = [], []
    per_page = sheets.TEMPLATES_PER_PAGE
    for label, path in photos.items():
        refused = refusal(path)
        if refused:
            console.print(f"{label}: {refused}")
            notes.append(PhotoNote(label, refused))
            continue
        for number, start in enumerate(range(0, len(names), per_page), 1):
            target = out / "photos" / f"{label}-{number:02}.png"
            jobs.append((path, label, tuple(names[start : start + per_page]), target))
    pages = _run(console, jobs)
    place = {name: index for index, name in enumerate(names)}
    order = {label: index for index, label in enumerate(photos)}
    rows = [row for page in pages for row in page.rows]
    rows.sort(key=lambda row: (order[row.photo], place.get(row.template, 0)))
    by_photo: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        by_photo[page.photo].append(page)
    for label in sorted(by_photo, key=order.__getitem__):
        mine = by_photo[label]
        cells = {name: png for page in mine for name, png in page.thumbnails.items()}
        tiles = {name: sheets.unpacked(cells[name]) for name in sorted(cells, key=lambda name: place.get(name, 0))}
        sheets.save(sheets.overview(tiles), out / "photos" / f"{label}-all.png")
        seconds = sum(row.seconds for page in mine for row in page.rows)
        notes.append(PhotoNote(label, "", seconds, *mine[0].rest))
    _template_sheets(pages, order, out)
    return rows, sorted(notes, key=lambda note: order[note.photo])


def _run(console: Console, jobs: list[tuple[Path, str, tuple[str, ...], Path]]) -> list[Page]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # Started afresh, not forked: a process that was forked while OpenCV's threads ran may hang.
    with (
        Progress(*columns, console=console) as progress,
        ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool,
    ):
        task = progress.add_task("stickers", total=sum(len(names) for _, _, names, _ in jobs))
        waiting = [pool.submit(make_page, *job) for job in jobs]
        pages = []
        for done in as_completed(waiting):
            page = done.result()
            pages.append(page)
            progress.update(task, advance=len(page.rows), description=f"stickers ({page.photo})")
    return pages


def _template_sheets(pages: list[Page], order: dict[str, int], out: Path) -> None:
    strips: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for page in pages:
        for name, png in page.strips.items():
            strips[name].append((order[page.photo], png))
    per_page = sheets.PHOTOS_PER_PAGE
    for name, found in strips.items():
        found.sort()
        for number, start in enumerate(range(0, len(found), per_page), 1):
            rows = [sheets.unpacked(png) for _, png in found[start : start + per_page]]
            suffix = f"-{number}" if len(found) > per_page else ""
            sheets.save(sheets.stacked(rows), out / "templates" / f"{name}{suffix}.png")


def main() -> int:
    """Read the options and run; 1 only with ``--strict`` and a broken limit, 2 when nothing could be used."""
    parser = argparse.ArgumentParser(
        prog="aipic bench looks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="*", type=Path, help="photos or folders (default: the portraits of the tests)")
    parser.add_argument("-t", "--template", action="append", help="only this template; may be given several times")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "out", help="folder to write")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a limit is broken")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    missing = [str(place) for place in options.photos if not place.exists()]
    if missing:
        parser.error(f"there is no {', '.join(missing)}")
    try:
        chosen = [get_template(name) for name in options.template] if options.template else None
    except EngineError as problem:
        parser.error(f"{problem.code}: {problem.params.get('got', problem.params.get('file'))}")
    # A template from a file keeps its path, since the processes look it up again.
    paths = options.template or []
    names = [t.id for t in load_templates().values()] if chosen is None else [
        name if name.lower().endswith((".yaml", ".yml")) else template.id
        for name, template in zip(paths, chosen, strict=True)
    ]  # fmt: skip
    console = Console()
    start = time.perf_counter()
    options.output.mkdir(parents=True, exist_ok=True)
    rows, notes = bench(console, photos_of(options.photos or [PHOTOS]), names, options.output)
    if not rows:
        console.print("No photo could be used.")
        return 2
    wide = Console(width=max(console.width, 170))
    report.show(wide, rows)
    report.summary(wide, rows, notes)
    report.write(options.output, rows, notes)
    used = sum(not note.refused for note in notes)
    spent = time.perf_counter() - start
    console.print(f"{spent:.0f} s, {spent / used:.0f} s a photo. Look at: {options.output}")
    broken = any(row.breaks for row in rows) or any(note.breaks for note in notes)
    return 1 if options.strict and broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
