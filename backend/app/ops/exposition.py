"""The page that Prometheus reads: measures of all processes of this server, and what is read right now."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import REGISTRY, CollectorRegistry, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from app.core.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from app.ops.measurements import Measurements, Meter

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LIVE_GAUGE: Final = re.compile(r"gauge_live[a-z]*_(\d+)\.db")


def shared_directory() -> Path | None:
    """Where the processes of this server write their measures; None in a process that is alone."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None


# One more line for each counter, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Exposition:
    """Makes the page. With ``directory`` it adds up what all processes that share it have written there."""

    def __init__(self, meter: Meter, directory: Path | None) -> None:
        self._meter = meter
        self._directory = directory

    async def render(self) -> bytes:
        """The page as text."""
        measurements = await self._meter.read()
        return await asyncio.to_thread(self._write, measurements)

    def close(self) -> None:
        """Take this process's gauges out: nothing runs in it any more."""
        if self._directory is not None:
            mark_process_dead(os.getpid(), str(self._directory))  # type: ignore[no-untyped-call]

    def _write(self, measurements: Measurements) -> bytes:
        own = CollectorRegistry()
        own.register(_Readings(measurements))
        if self._directory is None:
            return generate_latest(REGISTRY) + generate_latest(own)
        _remove_dead(self._directory)
        shared = CollectorRegistry()
        MultiProcessCollector(shared, str(self._directory))  # type: ignore[no-untyped-call]
        return generate_latest(shared) + generate_latest(own)


class _Readings(Collector):
    """A reading as metrics."""

    def __init__(self, measurements: Measurements) -> None:
        self._measurements = measurements

    def collect(self) -> Iterator[Metric]:
        """All of it."""
        build = GaugeMetricFamily("aipic_build_info", "The version that runs.", labels=["version", "python"])
        build.add_metric([VERSION, platform.python_version()], 1)
        yield build
        read = self._measurements
        up = GaugeMetricFamily("aipic_component_up", "Whether it answered this scrape.", labels=["component"])
        up.add_metric(["redis"], read.lanes is not None)
        up.add_metric(["database"], read.tasks is not None)
        yield up
        yield from self._lanes()
        yield from self._stored()

    def _lanes(self) -> Iterator[Metric]:
        if self._measurements.lanes is None:
            return
        jobs = GaugeMetricFamily("aipic_queue_jobs", "Jobs in the queue.", labels=["lane", "state"])
        oldest = GaugeMetricFamily(
            "aipic_queue_oldest_seconds", "How long the oldest waiting job has waited.", labels=["lane"]
        )
        workers = GaugeMetricFamily("aipic_workers", "Workers alive.", labels=["lane"])
        for lane, state in self._measurements.lanes.items():
            jobs.add_metric([lane, "waiting"], state.waiting)
            jobs.add_metric([lane, "running"], state.running)
            jobs.add_metric([lane, "scheduled"], state.scheduled)
            oldest.add_metric([lane], state.oldest_seconds)
            workers.add_metric([lane], state.workers)
        yield from (jobs, oldest, workers)

    def _stored(self) -> Iterator[Metric]:
        if self._measurements.tasks is None:
            return
        tasks = GaugeMetricFamily("aipic_tasks_open", "Tasks that have not ended.", labels=["status"])
        oldest = GaugeMetricFamily("aipic_tasks_oldest_seconds", "The age of the oldest of them.", labels=["status"])
        for status, state in self._measurements.tasks.items():
            tasks.add_metric([status], state.count)
            oldest.add_metric([status], state.oldest_seconds)
        yield from (tasks, oldest)
        if self._measurements.refunds is not None:
            count, points = self._measurements.refunds
            yield CounterMetricFamily("aipic_refunds", "Refunds in the ledger.", value=count)
            yield CounterMetricFamily("aipic_refunded_points", "Points given back by them.", value=points)


def _remove_dead(directory: Path) -> None:
    """Take out the gauges of processes that were killed and could not do it themselves."""
    for path in directory.glob("gauge_live*.db"):
        match = _LIVE_GAUGE.fullmatch(path.name)
        if match is None:
            continue
        try:
            os.kill(int(match[1]), 0)
        except ProcessLookupError:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        except OSError:
            continue
