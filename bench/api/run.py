"""The service over HTTP beside the least it could cost, measured in the same run. See README.md here."""

from __future__ import annotations

import argparse
import asyncio
import json
import pickle
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "backend")]

from bench.api import pipeline, report, seeding  # noqa: E402
from bench.api.racing import LoadProcess, Track  # noqa: E402
from bench.api.stage import BACKEND, Stage, StageBroken  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: E402

if TYPE_CHECKING:
    from bench.api.seeding import Cast
    from bench.api.stage import Program

PARTS = ("races", "crowd", "worker")
CONNECTIONS = (1, 16, 64)
CROWD = 200
STICKERS = ("wink", "love", "angry", "laugh_tears", "dagong_kaixin", "crying", "kiss", "shocked")
_MOST_READS = 20_000
_MOST_CREATES = 2_000


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    rounds: int
    seconds: float
    crowd_seconds: float
    uploads: int
    claims: int
    stickers: int


WHOLE = Effort(rounds=6, seconds=0.5, crowd_seconds=3.0, uploads=15, claims=30, stickers=32)
QUICK = Effort(rounds=2, seconds=0.15, crowd_seconds=0.5, uploads=3, claims=5, stickers=6)


class Bench:
    """One run: the installation, and a line that tells how far it is."""

    def __init__(self, stage: Stage, cast: Cast, effort: Effort, progress: Progress) -> None:
        self._stage = stage
        self._cast = cast
        self._effort = effort
        self._progress = progress
        self._line = progress.add_task("", total=None)
        self._track: Track
        self.found = report.Measured()

    def race(self, names: list[str], connections: list[int]) -> None:
        """Each request at each number of connections, service and floor in turn."""
        effort = self._effort
        kinds = [name for name in [*report.READS, "create"] if name in names]
        self._tell("races", len(kinds) * len(connections) * effort.rounds)
        for name in kinds:
            requests = self._cast.creates() if name == "create" else [self._cast.reads()[name]]
            most = _MOST_CREATES if name == "create" else _MOST_READS
            for number in connections:
                race = self._track.race(
                    requests,
                    number,
                    rounds=effort.rounds,
                    seconds=effort.seconds,
                    most=most,
                    after_round=self._step,
                )
                if race.floor.errors:
                    raise StageBroken(f"the floor of {name} answers with errors")
                self.found.races.append(race)
        self._stage.forget_work()

    def crowd(self) -> None:
        """More connections than the service can serve at once."""
        self._tell("crowd", 2)
        for name in ("task", "profile"):
            request = self._cast.reads()[name]
            seconds = self._effort.crowd_seconds
            self.found.crowds.append(self._track.crowd([request], CROWD, seconds=seconds, most=_MOST_READS))
            self._step()

    def work(self, service: Program) -> None:
        """Uploads, claims and stickers through a real worker."""
        effort, stage, found = self._effort, self._stage, self.found.journeys
        person = self._cast.buyers[0]
        upload = stage.folder / "upload.jpg"
        pipeline.make_upload(upload)
        caller = pipeline.Caller(service.port)
        worker = stage.start_worker(**pipeline.QUICK_STICKERS)
        self._tell("uploads", effort.uploads + 1)
        answers = pipeline.time_uploads(caller, person, upload.read_bytes(), effort.uploads, self._step)
        found.uploads = [spent for _, spent in answers]
        photo_id = answers[0][0]["photo_id"]
        self._tell("claims", effort.claims + 1)
        found.claims = pipeline.time_claims(
            stage, lambda: caller.create(person, photo_id, STICKERS[0]), effort.claims, self._step
        )
        self.found.peaks.see_worker(worker)
        stage.stop(worker)
        stickers = [STICKERS[number % len(STICKERS)] for number in range(effort.stickers)]
        tasks = pipeline.queue_stickers(caller, person, photo_id, stickers)
        caller.close()
        settings = stage.settings
        key = stage.sql(f"SELECT key FROM photos WHERE id = '{photo_id}'")
        plan: dict[str, Any] = {
            "photo": str(settings.MEDIA_ROOT / key),
            "upload": str(upload),
            "templates": list(STICKERS),
        }
        plan |= {"formats": settings.EMOJI_FORMATS, "size": settings.EMOJI_SIZE}
        self._tell("stickers on one core", None)
        before = pipeline.single_core(**plan, runs=effort.uploads)
        self._tell("stickers by a worker", len(tasks))
        worker = stage.start_worker()
        found.worker_per_minute = pipeline.time_queue(stage, tasks, self._reach)
        self.found.peaks.see_worker(worker)
        stage.stop(worker)
        # Before and after, so that a machine that gets slower or faster meanwhile does so for both.
        self._tell("stickers on one core", None)
        after = pipeline.single_core(**plan, runs=0)
        found.engine_prepares = before["prepare_ms"]
        found.core_per_minute = 2 * len(STICKERS) * 60 / (before["seconds"] + after["seconds"])

    def run(self, parts: list[str], names: list[str], connections: list[int]) -> None:
        """The chosen parts, one after the other."""
        self._tell("starting", None)
        service = self._stage.start_service()
        if {"races", "crowd"} & set(parts):
            traces = self._stage.folder / "traces"
            self._record(traces)
            floor = self._stage.start_floor(traces)
            with LoadProcess() as load:
                self._track = Track(load, service, floor)
                if "races" in parts:
                    self.race(names, connections)
                if "crowd" in parts:
                    self.crowd()
            self._stage.stop(floor)
        if "worker" in parts:
            self.work(service)
        self.found.peaks.see_backend(service)

    def _record(self, traces: Path) -> None:
        plan = self._stage.folder / "plan"
        plan.write_bytes(pickle.dumps([*self._cast.reads().values(), self._cast.creates()[0]]))
        path = f"{ROOT}:{BACKEND}"
        self._stage.run("record", "-m", "bench.api.tracing", str(plan), str(traces), PYTHONPATH=path, METRICS_PORT="0")

    def _tell(self, what: str, total: int | None) -> None:
        self._progress.reset(self._line, description=what, total=total)

    def _step(self) -> None:
        self._progress.advance(self._line)

    def _reach(self, done: int) -> None:
        self._progress.update(self._line, completed=done)


def main() -> int:
    """Measure; exit 1 when a *must* is missed."""
    parser = argparse.ArgumentParser(prog="aipic bench api", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short: for a first look, not for figures")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="only these (default all)")
    requests = [*report.READS, "create"]
    parser.add_argument("--requests", nargs="+", choices=requests, default=requests, help="only these races")
    parser.add_argument("--connections", nargs="+", type=int, default=list(CONNECTIONS), help="default 1 16 64")
    parser.add_argument("--rounds", type=int, help=f"rounds of each race (default {WHOLE.rounds})")
    parser.add_argument("--seconds", type=float, help=f"seconds of each burst (default {WHOLE.seconds})")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and data, and say where it is")
    parser.add_argument("--json", action="store_true", help="figures for machines")
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else WHOLE
    changes = {name: getattr(arguments, name) for name in ("rounds", "seconds") if getattr(arguments, name)}
    effort = Effort(**{**effort.__dict__, **changes})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # in order, as for Ctrl-C
    folder = Path(tempfile.mkdtemp(prefix="aipic-bench-"))
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress, Stage(folder) as stage:
            cast = asyncio.run(seeding.seed(stage.settings, max(arguments.connections)))
            stage.sql("VACUUM ANALYZE")
            bench = Bench(stage, cast, effort, progress)
            bench.run(arguments.parts, arguments.requests, arguments.connections)
    except KeyboardInterrupt:
        return 130
    except StageBroken as error:
        console.print(str(error), markup=False, soft_wrap=True)
        return 1
    finally:
        if arguments.keep:
            console.print(str(folder), markup=False)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        print(json.dumps(report.as_figures(bench.found), indent=2))
        return 0 if all(row.kept for row in report.verdicts(bench.found)) else 1
    return 0 if report.show(Console(width=110), bench.found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
