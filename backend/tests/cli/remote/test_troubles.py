"""What a service may do to a client that is on its way: all of it ends with one sticker for one price, or a reason."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import sys
import time
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from tests.cli.remote.conftest import Running, Shell, listening
from tests.cli.remote.weather import Trouble
from tests.conftest import StartWorker
from tests.fake_engine import FakeEngine

pytestmark = pytest.mark.long(80)

CREATE, DETECT, LOGIN = "/api/v1/emoji/create", "/api/v1/emoji/detect", "/api/v1/auth/login"
TASK, EVENTS, MEDIA = "/api/v1/emoji/task/[^/]+", "/api/v1/emoji/task/.*/events", "/api/v1/media/.*"
BUSY = b'{"code": 503001, "message": "Busy.", "data": null}'
LIMITED = b'{"code": 429001, "message": "Too many requests.", "data": null}'


async def make(aipic: Shell, running: Running, photo: Path, *options: str) -> None:
    """One sticker comes, whatever happens on the way, and costs ten points."""
    said = await aipic("make", photo, "--server", running.url, "-t", "wink", "-o", "a.webp", *options)
    assert said.code == 0, said.err
    assert (aipic.folder / "a.webp").read_bytes() == photo.read_bytes()
    assert [task.status for task in await running.tasks()] == ["completed"]
    assert await running.balance() == 90


@pytest.mark.usefixtures("worker")
class TestTriedAgain:
    @pytest.mark.parametrize("path", [LOGIN, DETECT, CREATE, "/api/v1/points/balance", MEDIA])
    @pytest.mark.parametrize("kind", ["lost", "cut"])
    async def test_an_answer_that_never_arrives(
        self, aipic: Shell, running: Running, photo: Path, path: str, kind: str
    ) -> None:
        method = "GET" if path in (MEDIA, "/api/v1/points/balance") else "POST"
        trouble = running.weather.brew(Trouble(method, path, lost=kind == "lost", cut=kind == "cut"))
        await make(aipic, running, photo)
        assert trouble.met == 1

    @pytest.mark.parametrize("path", [LOGIN, DETECT, CREATE])
    @pytest.mark.parametrize(
        "trouble",
        [
            {"status": 503, "body": BUSY, "headers": {"Retry-After": "1"}},
            {"status": 429, "body": LIMITED, "headers": {"Retry-After": "1"}},
            {"status": 502},
        ],
        ids=["busy", "limited", "gateway"],
    )
    async def test_a_service_that_is_busy(
        self, aipic: Shell, running: Running, photo: Path, path: str, trouble: dict[str, object]
    ) -> None:
        running.weather.brew(Trouble("POST", path, **trouble))  # type: ignore[arg-type]
        started = time.monotonic()
        await make(aipic, running, photo)
        assert running.weather.count("POST", path) == 2
        if "headers" in trouble:
            assert time.monotonic() - started > 1

    async def test_the_reason_for_waiting_is_told(self, aipic: Shell, running: Running, photo: Path) -> None:
        running.weather.brew(Trouble("POST", CREATE, status=429, body=LIMITED, headers={"Retry-After": "2"}))
        said = await aipic("make", photo, "--server", running.url, "-t", "wink", "-o", "a.webp")
        assert (said.code, said.err) == (0, "At a limit of the service; going on in 2 s …\n")

    async def test_nobody_waits_for_ever(self, aipic: Shell, running: Running, photo: Path) -> None:
        running.weather.brew(Trouble("POST", CREATE, status=429, body=LIMITED, headers={"Retry-After": "3600"}))
        said = await aipic("make", photo, "--server", running.url, "-t", "wink", "-o", "a.webp")
        assert said.code == 2
        assert said.err.startswith("Wink: failed. Too many requests; try again in 3600 s. No points were taken.\n")
        assert said.out == "Points left: 100\n"

    async def test_a_limit_of_unfinished_tasks(self, aipic: Shell, running: Running, photo: Path) -> None:
        body = b'{"code": 429010, "message": "Too many.", "data": null}'
        running.weather.brew(Trouble("POST", CREATE, times=2, status=429, body=body, headers={"Retry-After": "1"}))
        await make(aipic, running, photo)

    async def test_a_link_that_is_over(self, aipic: Shell, running: Running, photo: Path) -> None:
        running.weather.brew(Trouble("GET", MEDIA, status=410))
        await make(aipic, running, photo)
        assert running.weather.count("GET", TASK) == 1

    async def test_a_file_that_is_gone(self, aipic: Shell, running: Running, photo: Path) -> None:
        running.weather.brew(Trouble("GET", MEDIA, times=5, status=404))
        said = await aipic("make", photo, "--server", running.url, "-t", "wink", "-o", "a.webp")
        assert said.code == 2
        assert "The finished file is not at the service any more." in said.err
        assert list(aipic.folder.glob("*.webp")) == []

    async def test_a_folder_that_cannot_be_written(self, aipic: Shell, running: Running, photo: Path) -> None:
        (aipic.folder / "out" / "love.webp").mkdir(parents=True)
        said = await aipic("make", photo, "--server", running.url, "-o", "out/")
        assert said.code == 2
        assert said.err.startswith("Wink: failed. “out/love.webp” cannot be written")
        assert sorted(path.name for path in (aipic.folder / "out").iterdir()) == [
            "angry.webp",
            "love.webp",
            "sheet.png",
            "wink.webp",
        ]


@pytest.mark.usefixtures("worker")
class TestEvents:
    async def test_they_are_used_alone_where_they_come(self, aipic: Shell, running: Running, photo: Path) -> None:
        await make(aipic, running, photo, "--caption", "slow")
        assert running.weather.count("GET", EVENTS) == 1
        assert running.weather.count("GET", TASK) == 0

    @pytest.mark.parametrize("trouble", [{"status": 404}, {"status": 200}, {"lost": True}, {"cut": True}])
    async def test_without_them_it_asks(
        self, aipic: Shell, running: Running, photo: Path, trouble: dict[str, object]
    ) -> None:
        running.weather.brew(Trouble("GET", EVENTS, times=99, **trouble))  # type: ignore[arg-type]
        await make(aipic, running, photo, "--caption", "slow")
        assert running.weather.count("GET", TASK) >= 1

    async def test_a_service_that_is_started_anew_meanwhile(
        self, aipic: Shell, app: FastAPI, running: Running, photo: Path
    ) -> None:
        async with listening(app) as url:
            port = int(url.rpartition(":")[2])
            process = await aipic.start(
                *("make", photo, "--server", url, "-t", "wink", "-o", "a.webp", "--caption", "slow")
            )
            while not await running.tasks():
                await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        async with listening(app, port):
            _, err = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, err
        assert (aipic.folder / "a.webp").read_bytes() == photo.read_bytes()


class TestCalledOff:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"WORKER_GRACE_SECONDS": 1, "WORKER_RENDERS": 2})

    async def interrupted(self, aipic: Shell, running: Running, photo: Path, ready: int) -> tuple[int, str, str]:
        """Ctrl-C once ``ready`` tasks are there."""
        process = await aipic.start(
            *("make", photo, "--server", running.url, "-t", "all", "-o", "out", "--caption", "hang")
        )
        await until(running, ready)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def test_what_waits_is_cancelled_and_what_runs_goes_on(
        self, aipic: Shell, running: Running, photo: Path, start_worker: StartWorker
    ) -> None:
        await start_worker()
        code, out, err = await self.interrupted(aipic, running, photo, ready=3)
        assert (code, out) == (130, "")
        assert err.splitlines() == [
            "Cancelled 1 that had not begun; their points are back.",
            "2 had begun and will be finished at the service.",
        ]
        assert sorted(task.status for task in await running.tasks()) == ["cancelled", "processing", "processing"]
        assert await running.balance() == 80
        assert list((aipic.folder / "out").iterdir()) == []

    async def test_an_order_whose_answer_is_not_known_is_found_and_cancelled(
        self, aipic: Shell, running: Running, photo: Path, start_worker: StartWorker
    ) -> None:
        await start_worker()
        hanging = ("--server", running.url, "--caption", "hang", "-o", "out")
        other = await aipic.start("make", photo, "-t", "wink,love", *hanging, AIPIC_DEVICE_ID="another-device-0001")
        await until(running, 2)  # both places of the worker are taken
        trouble = running.weather.brew(Trouble("POST", CREATE, times=99, lost=True))
        process = await aipic.start("make", photo, "-t", "all", *hanging)
        await until(running, 5)
        trouble.times = 0
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 130
        assert err.decode() == "Cancelled 3 that had not begun; their points are back.\n"
        assert sorted(task.status for task in await running.tasks()) == ["cancelled"] * 3 + ["processing"] * 2
        other.send_signal(signal.SIGINT)
        await asyncio.wait_for(other.communicate(), 30)

    async def test_a_service_that_is_away_by_then(
        self, aipic: Shell, running: Running, photo: Path, start_worker: StartWorker
    ) -> None:
        await start_worker()
        running.weather.brew(Trouble("POST", "/api/v1/emoji/task/.*/cancel", times=99, status=502))
        code, out, err = await self.interrupted(aipic, running, photo, ready=3)
        assert (code, out) == (130, "")
        assert err.endswith("3 had begun and will be finished at the service.\n")

    async def test_before_anything_was_ordered(self, aipic: Shell, running: Running, photo: Path) -> None:
        running.weather.brew(Trouble("POST", DETECT, silent=True))
        process = await aipic.start("make", photo, "--server", running.url)
        while running.weather.count("POST", DETECT) == 0:
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.communicate(), 30) == (b"", b"")
        assert process.returncode == 130


async def until(running: Running, count: int) -> None:
    """Wait until so many tasks are there, and a moment more."""
    deadline = time.monotonic() + 30
    while len(await running.tasks()) < count and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)


async def test_on_a_terminal_there_are_bars(
    aipic: Shell, running: Running, photo: Path, start_worker: StartWorker
) -> None:
    await start_worker(engine=FakeEngine(seconds=1.5))
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "make", str(photo), "--server", running.url, "-t", "wink", "-o", "a.webp"),
        *("--lang", "zh"),
        cwd=aipic.folder,
        env={**aipic.environment, "TERM": "xterm", "COLUMNS": "100"},
        stdout=asyncio.subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = bytearray()
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: drawn.extend(_read(ours)))
    out, _ = await process.communicate()
    await asyncio.sleep(0.1)
    loop.remove_reader(ours)
    os.close(ours)
    assert process.returncode == 0
    assert out.decode().splitlines()[0].startswith("a.webp  512×512")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode("utf-8", "replace"))
    assert "眨眼" in shown
    assert re.search(r"眨眼 ━+.* [1-9]\d%", shown)
    assert "全部" not in shown  # one needs no bar for all


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except OSError:  # Linux says so when the other end has closed
        return b""
