"""The service's bench: its arithmetic, its record of statements, its load generator, and a short run of the whole."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

pytestmark = pytest.mark.long(24)

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

load = importlib.import_module("bench.api.load")
pipeline = importlib.import_module("bench.api.pipeline")
racing = importlib.import_module("bench.api.racing")
report = importlib.import_module("bench.api.report")
tracing = importlib.import_module("bench.api.tracing")

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

USER = "01890000-0000-7000-8000-000000000001"
PHOTO = "01890000-0000-7000-8000-000000000002"
TASK = "01890000-0000-7000-8000-000000000003"


class TestArithmetic:
    @pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
    def test_percentile_is_a_value_that_was_measured(self, share: float, expected: int) -> None:
        assert racing.percentile(list(range(100, 0, -1)), share) == expected

    def test_percentile_of_one_and_of_none(self) -> None:
        assert racing.percentile([7], 0.99) == 7
        with pytest.raises(ValueError, match="no values"):
            racing.percentile([], 0.5)

    def test_ratio_is_of_neighbours_not_of_medians(self) -> None:
        race = racing.Race("task", 16)
        race.service.rates = [100.0, 50.0, 400.0]
        race.floor.rates = [200.0, 100.0, 500.0]
        assert race.ratio == pytest.approx(0.5)

    def test_a_burst_becomes_a_rate_and_latencies(self) -> None:
        side = racing.Side()
        side.add({"latencies": [1000, 3000], "seconds": 0.5, "errors": 1})
        side.add({"latencies": [2000, 9000, 2000, 2000], "seconds": 0.5, "errors": 0})
        assert side.rates == [4.0, 8.0]
        assert side.rate == 6.0
        assert side.milliseconds(0.5) == 2.0
        assert side.figures()["errors"] == 1

    @pytest.mark.parametrize(
        ("held", "expected"),
        [
            ({1: [10, 11], 2: [12, 13]}, []),
            ({1: [10, 11, 12], 2: [13]}, [12]),
            ({1: [10, 11, 12, 13], 2: []}, [12, 13]),
            ({1: [10, 99, 98], 2: [11]}, []),
            ({1: [10], 2: []}, []),
        ],
    )
    def test_surplus_connections_of_one_process(self, held: dict[int, list[int]], expected: list[int]) -> None:
        ours = {10, 11, 12, 13} & {port for ports in held.values() for port in ports}
        assert racing.surplus(held, ours) == expected


class TestTargets:
    def test_only_what_was_measured_is_judged(self) -> None:
        assert report.verdicts(report.Measured()) == []

    def test_the_worst_race_decides(self) -> None:
        found = report.Measured()
        for rate in (70.0, 45.0):
            race = racing.Race("profile", 1)
            race.service.rates, race.floor.rates = [rate], [100.0]
            found.races.append(race)
        reads, errors = report.verdicts(found)
        assert (reads.measured, reads.kept, reads.aimed) == ("0.45", False, False)
        assert errors.kept

    def test_an_error_is_never_within_the_target(self) -> None:
        race = racing.Race("create", 1)
        race.service.rates, race.floor.rates, race.service.errors = [90.0], [100.0], 1
        create, errors = report.verdicts(report.Measured(races=[race]))
        assert create.kept
        assert not errors.kept

    def test_times_rates_and_memory(self) -> None:
        journeys = pipeline.Journeys([140.0, 160.0, 900.0], 90.0, [12.0], 32.0, 20.0)
        found = report.Measured(journeys=journeys, peaks=pipeline.Peaks(119.0, 150.5, 300.0))
        rows = {row.what: row for row in report.verdicts(found)}
        kept = {row.measured: (row.kept, row.aimed) for row in rows.values()}
        assert kept == {
            "12.0": (True, True),
            "160": (True, False),
            "1.60": (True, False),
            "119": (True, False),
            "150": (False, False),
        }


class TestRecord:
    def test_ids_of_a_call_become_slots(self) -> None:
        entry = uuid4()
        statements = [
            tracing.Statement("BEGIN"),
            tracing.Statement("UPDATE", (UUID(USER), 10)),
            tracing.Statement("INSERT", (entry, f"task:{TASK}", None, "100% {sure}")),
            tracing.Statement("SELECT", (UUID(TASK), "press-1")),
        ]
        known = {"user": USER, "photo": PHOTO, "key": "press-1", "task": TASK}
        opened, fresh = tracing.generalise(statements, known)
        assert opened[0] == tracing.Statement("BEGIN")
        assert fresh[0] == "task"
        assert len(fresh) == 2
        words = {"user": PHOTO, "photo": USER, "key": "press-2", "task": USER, fresh[1]: PHOTO}
        filled = [
            [value.fill(words) if isinstance(value, tracing.Slot) else value for value in statement.parameters]
            for statement in opened[1:]
        ]
        assert filled == [
            [UUID(PHOTO), 10],
            [UUID(PHOTO), f"task:{USER}", None, "100% {sure}"],
            [UUID(USER), "press-2"],
        ]

    def test_begin_goes_out_with_the_first_statement(self) -> None:
        recorder = tracing.Recorder()
        transaction = SimpleNamespace(get_execution_options=dict)
        recorder.begin(transaction)
        recorder.end("ROLLBACK")
        assert recorder.statements == []
        recorder.begin(transaction)
        recorder.execute(None, None, "SELECT 1", (), None, False)
        recorder.execute(None, None, "SELECT 2", (1,), None, False)
        recorder.end("COMMIT")
        assert [statement.sql for statement in recorder.statements] == ["BEGIN", "SELECT 1", "SELECT 2", "COMMIT"]

    def test_single_statements_have_no_begin(self) -> None:
        recorder = tracing.Recorder()
        recorder.begin(SimpleNamespace(get_execution_options=lambda: {"isolation_level": "AUTOCOMMIT"}))
        recorder.execute(None, None, "SELECT 1", (), None, False)
        recorder.end("COMMIT")
        assert [statement.sql for statement in recorder.statements] == ["SELECT 1"]

    def test_a_request_over_the_wire(self) -> None:
        request = tracing.Request("create", "POST", "/x", {"Idempotency-Key": "{key}"}, b"{}", {"user": USER})
        said = racing.spoken(request, racing.floor_path(request))
        assert said.startswith(f"POST /create/{USER} HTTP/1.1\r\n".encode())
        assert b"\r\nContent-Length: 2\r\n" in said
        assert said.endswith(b"\r\n\r\n{}")
        first, second = load.build_request(said), load.build_request(said)
        assert first != second
        assert len(first) == len(second)


class TestLoad:
    """Against a server whose every answer is known."""

    @pytest.fixture
    async def port(self) -> AsyncIterator[int]:
        self.asked: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError):
                while (path := (await reader.readuntil(b"\r\n\r\n")).split()[1]) != b"/end":
                    self.asked.append(path)
                    status = b"503 No" if path == b"/busy" else b"200 OK"
                    writer.write(b"HTTP/1.1 %s\r\nContent-Length: 4\r\n\r\n" % status)
                    await writer.drain()
                    writer.write(b"true")  # an answer may come in pieces
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _burst(self, port: int, *paths: str, connections: int, most: int) -> dict[str, Any]:
        generator = load.Generator()
        await generator.handle({"do": "open", "group": "one", "port": port, "count": connections})
        templates = [f"GET {path} HTTP/1.1\r\n\r\n" for path in paths]
        burst = {"do": "burst", "group": "one", "templates": templates, "seconds": 5.0, "most": most}
        answer: dict[str, Any] = await generator.handle(burst)
        await generator.handle({"do": "close", "group": "one"})
        return answer

    async def test_counts_what_it_sent(self, port: int) -> None:
        answer = await self._burst(port, "/a", "/b", connections=4, most=40)
        assert len(answer["latencies"]) == 40
        assert answer["errors"] == 0
        assert answer["statuses"] == {200: 40}
        assert set(self.asked) == {b"/a", b"/b"}

    async def test_refusals_and_lost_connections_are_errors(self, port: int) -> None:
        answer = await self._burst(port, "/busy", connections=1, most=3)
        assert (answer["errors"], answer["statuses"]) == (3, {503: 3})
        answer = await self._burst(port, "/a", "/end", connections=2, most=6)
        assert answer["errors"] == 1


def test_the_upload_has_twelve_megapixels(tmp_path: Path) -> None:
    from PIL import Image

    pipeline.make_upload(tmp_path / "upload.jpg")
    with Image.open(tmp_path / "upload.jpg") as picture:
        assert picture.size == (4000, 3000)
    assert 2_000_000 < (tmp_path / "upload.jpg").stat().st_size < 10_000_000


def test_a_short_run() -> None:
    """Everything but the worker, much too short for figures: all requests succeed on both sides."""
    options = ["--json", "--parts", "races", "crowd", "--connections", "2", "--rounds", "1", "--seconds", "0.05"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "api" / "run.py"), "--quick", *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    figures = json.loads(done.stdout)
    assert [(race["name"], race["connections"]) for race in figures["races"]] == [
        (name, 2) for name in (*report.READS, "create")
    ]
    assert all(race[side]["errors"] == 0 for race in figures["races"] for side in ("service", "floor"))
    assert all(crowd["service"]["errors"] == 0 for crowd in figures["crowds"])
