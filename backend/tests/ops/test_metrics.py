from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app.core.database import Database
from app.core.settings import Settings
from app.jobs.job import JobName, Lane
from app.jobs.queue import Queue
from app.ops.embedded.ports import free_port
from app.ops.exposition import Exposition
from app.ops.measurements import Meter
from app.ops.metrics import metrics_server
from tests.core.small_app import talk

pytestmark = [pytest.mark.anyio, pytest.mark.long(14)]
BACKEND = Path(__file__).parents[2]
SOMETHING = JobName("tests.something", Lane.RENDER)


class Page:
    """What Prometheus makes of the page."""

    def __init__(self, content: str) -> None:
        self.samples = [sample for family in text_string_to_metric_families(content) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The one sample of this name with these labels among its own."""
        found = [
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        ]
        assert len(found) == 1, (name, labels, found)
        return found[0]

    def total(self, name: str, **labels: str) -> float:
        return sum(
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        )


async def scrape(port: int) -> Page:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Page(answer.text)


@pytest.fixture
async def port(settings: Settings, database: Database, queue: Queue) -> AsyncIterator[int]:
    async with metrics_server(settings, database, queue, port=free_port()) as opened:
        assert opened is not None
        yield opened


class TestPage:
    async def test_build_and_components(self, port: int) -> None:
        page = await scrape(port)
        assert page.value("aipic_build_info") == 1
        assert page.value("aipic_component_up", component="redis") == 1
        assert page.value("aipic_component_up", component="database") == 1
        assert page.total("process_resident_memory_bytes") > 0
        assert not [sample.name for sample in page.samples if sample.name.endswith("_created")]

    async def test_the_queue(self, port: int, queue: Queue) -> None:
        for _ in range(3):
            await queue.enqueue(SOMETHING, it="x")
        await queue.enqueue(SOMETHING, delay=timedelta(hours=1), it="x")
        await asyncio.sleep(0.5)
        page = await scrape(port)
        assert page.value("aipic_queue_jobs", lane="render", state="waiting") == 3
        assert page.value("aipic_queue_jobs", lane="render", state="running") == 0
        assert page.value("aipic_queue_jobs", lane="render", state="scheduled") == 1
        assert page.value("aipic_queue_jobs", lane="interactive", state="waiting") == 0
        assert 0.4 < page.value("aipic_queue_oldest_seconds", lane="render") < 5
        assert page.value("aipic_queue_oldest_seconds", lane="interactive") == 0
        assert page.value("aipic_workers", lane="render") == 0

    async def test_workers(self, port: int, worker: None) -> None:
        deadline = time.monotonic() + 10
        while (count := (await scrape(port)).value("aipic_workers", lane="render")) == 0:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        assert count == 1

    async def test_refunds_and_open_tasks(self, port: int, database: Database) -> None:
        async with database.transaction() as session:
            await session.execute(
                text("INSERT INTO users (id, nickname, is_superuser) VALUES (gen_random_uuid(), 'x', false)")
            )
            await session.execute(
                text(
                    "INSERT INTO ledger_entries (id, user_id, kind, reference, amount, balance_after)"
                    " SELECT gen_random_uuid(), id, 'refund', 'task:' || n, 10, 10"
                    " FROM users, generate_series(1, 4) AS n"
                )
            )
        page = await scrape(port)
        assert page.value("aipic_refunds_total") == 4
        assert page.value("aipic_refunded_points_total") == 40
        assert page.value("aipic_tasks_open", status="pending") == 0
        assert page.value("aipic_tasks_oldest_seconds", status="pending") == 0


class TestPort:
    async def test_other_paths_and_methods(self, port: int) -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/")).status_code == 404
            assert (await client.post("/metrics")).status_code == 405
            assert (await client.head("/metrics")).status_code == 200
            assert (await client.get("/metrics/?x=1")).status_code == 200

    async def test_nonsense(self, port: int) -> None:
        assert await talk(port, b"x" * 100_000) == b""
        assert (await talk(port, b"\r\n\r\n")).startswith(b"HTTP/1.1 4")

    async def test_port_0_is_off(self, settings: Settings, database: Database, queue: Queue) -> None:
        async with metrics_server(settings, database, queue) as opened:
            assert opened is None

    async def test_a_port_in_use_stops_nothing(
        self, settings: Settings, database: Database, queue: Queue, port: int
    ) -> None:
        async with metrics_server(settings, database, queue, port=port) as opened:
            assert opened is None

    async def test_is_closed_afterwards(self, settings: Settings, database: Database, queue: Queue) -> None:
        async with metrics_server(settings, database, queue, port=free_port()) as opened:
            pass
        with pytest.raises(httpx.ConnectError):
            await scrape(opened or 0)


async def test_gauges_of_dead_processes_are_taken_out(queue: Queue, database: Database, tmp_path: Path) -> None:
    script = """
from prometheus_client import Counter, Gauge
Gauge("running", "", multiprocess_mode="livesum").set(5)
Counter("done", "").inc(7)
"""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    page = Page((await Exposition(Meter(database, queue), tmp_path).render()).decode())
    assert page.total("running") == 0
    assert page.value("done_total") == 7


async def test_what_is_away_is_left_out(settings: Settings, queue: Queue, database: Database) -> None:
    class Away:
        def read(self) -> object:
            raise ConnectionRefusedError

    measurements = await Meter(Away(), queue).read()  # type: ignore[arg-type]
    assert measurements.tasks is None
    assert measurements.lanes is not None


class Server:
    """Uvicorn with four processes."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        values = settings.model_dump(mode="json")
        for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
            values[name] = getattr(settings, name).get_secret_value()
        values |= {"METRICS_PORT": self.metrics_port, "AIPIC_ENV_FILE": os.devnull, "LOG_FORMAT": "json"}
        environment = {name: str(value) for name, value in values.items() if not isinstance(value, list | type(None))}
        environment |= {"PATH": os.environ["PATH"], "TMPDIR": str(folder), "EMOJI_FORMATS": "webp"}
        command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(self.port), "--workers", "4"]
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=BACKEND, env=environment, stdout=log, stderr=log)

    async def until_all_serve(self) -> None:
        deadline = time.monotonic() + 60
        while len(self.children()) < 4 or self.log.read_text().count("Application startup complete") < 4:
            assert time.monotonic() < deadline, self.log.read_text()
            await asyncio.sleep(0.2)

    def children(self) -> list[int]:
        """The server processes, without multiprocessing's own."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [pid for pid in map(int, found) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    async def ask(self, times: int) -> Counter[int]:
        """So many requests, each over a connection of its own, so that all processes get some."""
        statuses: Counter[int] = Counter()
        for _ in range(times):
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{self.port}/api/v1/utils/health-check/")
                statuses[answer.status_code] += 1
        return statuses

    def close(self) -> None:
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Server]:
    started = Server(settings, tmp_path)
    yield started
    started.close()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_four_server_processes_answer_as_one(server: Server, tmp_path: Path) -> None:
    labels = {"method": "GET", "route": "/api/v1/utils/health-check/", "status": "200"}
    await server.until_all_serve()
    assert await server.ask(60) == {200: 60}
    # Whichever process answers the scrape, it tells of all of them.
    for _ in range(8):
        page = await scrape(server.metrics_port)
        assert page.value("aipic_http_requests_total", **labels) == 60
        assert page.value("aipic_http_request_seconds_count", route=labels["route"]) == 60
        assert page.value("aipic_build_info") == 1
    (folder,) = tmp_path.glob("aipic-metrics-*")
    assert len(list(folder.glob("histogram_*.db"))) == 4

    # Its parent replaces a process that was killed; what the dead one had counted still counts.
    killed = server.children()[0]
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while killed in server.children() or server.log.read_text().count("Application startup complete") < 5:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
    await server.ask(20)
    assert (await scrape(server.metrics_port)).value("aipic_http_requests_total", **labels) == 80
