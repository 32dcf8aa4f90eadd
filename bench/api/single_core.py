"""What the engine does alone on one core: the worker's own functions, called in this process, without a service.

A program: a plan as JSON on standard input, figures as JSON on standard output. It is the yardstick for a worker on
two cores, and tells which part of an upload is the engine's.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "backend"))

from app.engines.base import GenerateRequest, PrepareRequest
from app.engines.local.generating import generate
from app.engines.local.preparing import prepare
from app.engines.local.warming import warm
from app.engines.records import to_record

_NICENESS = 5
"""A worker's renderers stand back behind everything else; in company the yardstick must, too."""


def pin() -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _ignored(share: float) -> None:
    """Nobody wants to know."""


def stickers(photo: Path, templates: list[str], formats: tuple[Any, ...], size: int) -> float:
    """Make one of each template; seconds in all."""
    os.nice(_NICENESS)
    start = time.perf_counter()
    for driven_id in templates:
        with tempfile.TemporaryDirectory() as folder:
            request = GenerateRequest(photo, driven_id, Path(folder), lang="zh", formats=formats, size=size)
            generate(to_record(request), _ignored)
    return time.perf_counter() - start


def preparations(upload: Path, runs: int) -> float:
    """Median milliseconds from an upload's file to a stored photo that was looked at."""
    spans = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            prepare(to_record(PrepareRequest(upload, Path(folder))), _ignored)
            spans.append((time.perf_counter() - start) * 1e3)
    return statistics.median(spans) if spans else 0.0


def main() -> None:
    """Read the plan, print the figures."""
    plan = json.load(sys.stdin)
    pin()
    warm()
    figures = {
        "prepare_ms": preparations(Path(plan["upload"]), plan["runs"]),
        "seconds": stickers(Path(plan["photo"]), plan["templates"], tuple(plan["formats"]), int(plan["size"])),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
