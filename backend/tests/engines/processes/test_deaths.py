"""Children that hang, crash, eat memory or are not wanted any more; parents and servers that die."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.engines.base import EngineCrashed, EngineFailure, OutOfMemory, TimedOut
from app.engines.processes.forking import ForkServer
from app.engines.processes.pool import ProcessPool
from tests.engines.processes.conftest import alive, opened, until
from tests.engines.processes.jobs import HERE

pytestmark = [pytest.mark.anyio, pytest.mark.long(12)]
SOON = 30.0
MIB = 2**20
BACKEND = Path(__file__).parents[3]


class TestHanging:
    async def test_is_killed_at_its_time_and_replaced(self, tmp_path: Path) -> None:
        notes = tmp_path / "pid"
        async with opened() as pool:
            await pool.run(f"{HERE}:give_back", 0, timeout=SOON)
            begun = time.monotonic()
            with pytest.raises(TimedOut) as caught:
                await pool.run(f"{HERE}:note_and_hang", str(notes), timeout=0.4)
            assert 0.4 <= time.monotonic() - begun < 1.4
            assert not alive(int(notes.read_text("ascii")))
            assert await pool.run(f"{HERE}:give_back", 1, timeout=SOON) == 1
        assert caught.value.params == {"seconds": 0.4}
        assert caught.value.max_attempts == 2

    async def test_waiting_for_a_child_does_not_count(self) -> None:
        async with opened() as pool:
            await pool.run(f"{HERE}:give_back", 0, timeout=SOON)
            runs = [pool.run(f"{HERE}:work", 0.4, timeout=1.5) for _ in range(5)]
            assert await asyncio.gather(*runs) == [0.4] * 5


class TestCrashing:
    @pytest.mark.parametrize(
        ("job", "params"),
        [
            ("kill_itself", {"signal": "SIGKILL"}),
            ("crash", {"signal": "SIGSEGV"}),
            ("leave", {"exit_code": 7}),
        ],
    )
    async def test_fails_its_own_job_only(self, job: str, params: dict[str, object]) -> None:
        async with opened(2) as pool:
            other = asyncio.create_task(pool.run(f"{HERE}:work", 0.5, timeout=SOON))
            with pytest.raises(EngineCrashed) as caught:
                await pool.run(f"{HERE}:{job}", 7, timeout=SOON)
            assert caught.value.params == params
            assert caught.value.retryable
            assert await other == 0.5
            assert await pool.run(f"{HERE}:give_back", 1, timeout=SOON) == 1

    async def test_killed_at_random_moments(self) -> None:
        """Whatever happens to the children, each job ends once: with its result, or as crashed."""
        chance = random.Random(7)
        async with opened(2) as pool:
            await pool.run(f"{HERE}:give_back", 0, timeout=SOON)
            runs = [asyncio.create_task(pool.run(f"{HERE}:work", 0.03, timeout=SOON)) for _ in range(80)]
            kills = 0
            while not all(run.done() for run in runs):
                await asyncio.sleep(chance.uniform(0, 0.05))
                with contextlib.suppress(ProcessLookupError):  # the one before may have just been found dead
                    if pool.pids:
                        os.kill(chance.choice(pool.pids), signal.SIGKILL)
                        kills += 1
            results = await asyncio.gather(*runs, return_exceptions=True)
        crashed = [each for each in results if isinstance(each, EngineCrashed)]
        assert all(each == 0.03 or isinstance(each, EngineCrashed) for each in results)
        assert kills > 10
        assert 0 < len(crashed) <= kills

    async def test_one_that_died_idle_costs_no_job(self) -> None:
        async with opened() as pool:
            for _ in range(5):
                pid = await pool.run(f"{HERE}:own_pid", None, timeout=SOON)
                os.kill(pid, signal.SIGKILL)
                assert await pool.run(f"{HERE}:own_pid", None, timeout=SOON) != pid

    async def test_is_replaced_within_moments(self) -> None:
        async with opened() as pool:
            await pool.run(f"{HERE}:give_back", 0, timeout=SOON)
            spent = []
            for _ in range(5):
                with pytest.raises(EngineCrashed):
                    await pool.run(f"{HERE}:kill_itself", None, timeout=SOON)
                begun = time.monotonic()
                await pool.run(f"{HERE}:give_back", 0, timeout=SOON)
                spent.append(time.monotonic() - begun)
        assert min(spent) < 0.1


class TestMemory:
    async def test_too_much_fails_and_replaces_the_child(self) -> None:
        async with opened(memory_limit_bytes=128 * MIB) as pool:
            before = await pool.run(f"{HERE}:own_pid", None, timeout=SOON)
            assert await pool.run(f"{HERE}:take_memory", 40, timeout=SOON) == 40
            with pytest.raises(OutOfMemory) as caught:
                await pool.run(f"{HERE}:take_memory", 400, timeout=SOON)
            assert await pool.run(f"{HERE}:own_pid", None, timeout=SOON) != before
        assert caught.value.max_attempts == 2
        assert caught.value.message.zh
        assert caught.value.message.en

    async def test_where_the_kernel_keeps_no_limit_the_server_watches(self) -> None:
        async with opened(memory_limit_bytes=128 * MIB, watch_memory=True) as pool:
            assert await pool.run(f"{HERE}:take_memory", 20, timeout=SOON) == 20
            with pytest.raises(OutOfMemory):
                await pool.run(f"{HERE}:take_memory", 400, timeout=SOON)
            assert await pool.run(f"{HERE}:give_back", 1, timeout=SOON) == 1


class TestCancelling:
    async def test_stops_politely_so_that_files_go_and_the_child_stays(self, tmp_path: Path) -> None:
        half = tmp_path / "half"
        async with opened() as pool:
            before = await pool.run(f"{HERE}:own_pid", None, timeout=SOON)
            run = asyncio.create_task(pool.run(f"{HERE}:work_on_file", str(half), timeout=SOON))
            await until(half.exists)
            begun = time.monotonic()
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            assert time.monotonic() - begun < 0.3
            assert not half.exists()
            assert await pool.run(f"{HERE}:own_pid", None, timeout=SOON) == before

    async def test_kills_one_that_does_not_listen(self, tmp_path: Path) -> None:
        notes = tmp_path / "pid"
        async with opened() as pool:
            run = asyncio.create_task(pool.run(f"{HERE}:note_and_hang", str(notes), timeout=SOON))
            await until(lambda: notes.exists() and notes.read_text("ascii"))
            begun = time.monotonic()
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            assert time.monotonic() - begun < 1
            assert not alive(int(notes.read_text("ascii")))
            assert await pool.run(f"{HERE}:give_back", 1, timeout=SOON) == 1

    async def test_twice_waits_for_nothing(self) -> None:
        async with opened(patience_seconds=5) as pool:
            run = asyncio.create_task(pool.run(f"{HERE}:hang", None, timeout=SOON))
            await until(lambda: pool.pids)
            await asyncio.sleep(0.1)
            (pid,) = pool.pids
            run.cancel()
            await asyncio.sleep(0.05)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            await until(lambda: not alive(pid), 1)

    async def test_at_random_moments_never_mixes_answers(self) -> None:
        chance = random.Random(3)
        async with opened(2) as pool:

            async def one(number: int) -> None:
                run = asyncio.create_task(pool.run(f"{HERE}:give_back", number, timeout=SOON))
                await asyncio.sleep(chance.uniform(0, 0.004))
                run.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    assert await run == number

            await asyncio.gather(*(one(number) for number in range(200)))
            assert await pool.run(f"{HERE}:give_back", "last", timeout=SOON) == "last"


class TestServer:
    async def test_is_started_again_when_it_died(self) -> None:
        server = ForkServer([HERE])
        pool = ProcessPool("test", 1, server)
        try:
            seen = await pool.run(f"{HERE}:ancestry", None, timeout=SOON)
            assert seen["parent"] == server.pid
            os.kill(seen["parent"], signal.SIGKILL)
            await until(lambda: not alive(seen["parent"]))
            again = await pool.run(f"{HERE}:ancestry", None, timeout=SOON)
            assert again["parent"] == server.pid != seen["parent"]
        finally:
            await pool.close()
            await server.close()

    async def test_its_death_fails_the_job_under_way(self, tmp_path: Path) -> None:
        notes = tmp_path / "pid"
        async with opened() as pool:
            run = asyncio.create_task(pool.run(f"{HERE}:note_and_hang", str(notes), timeout=SOON))
            await until(notes.exists)
            assert pool._server.pid is not None
            os.kill(pool._server.pid, signal.SIGKILL)
            with pytest.raises(EngineCrashed):
                await run

    async def test_without_its_modules_no_job_waits_for_ever(self, capfd: pytest.CaptureFixture[str]) -> None:
        server = ForkServer(["tests.engines.processes.nowhere"])
        pool = ProcessPool("test", 1, server)
        with pytest.raises(EngineCrashed):
            await pool.run(f"{HERE}:give_back", 1, timeout=SOON)
        await pool.close()
        await server.close()
        assert "ModuleNotFoundError" in capfd.readouterr().err

    async def test_children_ignore_the_terminal_and_know_no_secrets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POSTGRES_PASSWORD", "secret")
        async with opened(niceness=3) as pool:
            seen = await pool.run(f"{HERE}:ancestry", None, timeout=SOON)
            assert seen["ignored"]
            assert seen["threads"] == 1
            assert seen["nice"] >= 3
            assert "POSTGRES_PASSWORD" not in seen["names"]
            assert pool._server.pid is not None
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(pool._server.pid, number)
            assert await pool.run(f"{HERE}:ancestry", None, timeout=SOON) == seen


PARENT = """
import asyncio, json, sys
from app.engines.processes import ForkServer, ProcessPool

async def main():
    server = ForkServer([sys.argv[1]])
    pool = ProcessPool("test", 3, server)
    runs = [asyncio.create_task(pool.run(sys.argv[1] + ":" + job, 60, timeout=60)) for job in ("hang", "work", "work")]
    while len(pool.pids) < 3:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    print(json.dumps([server.pid, *pool.pids]), flush=True)
    await asyncio.gather(*runs)

asyncio.run(main())
"""


@pytest.mark.parametrize("killed", ["parent", "parent and server"])
async def test_no_child_outlives_the_parent(killed: str) -> None:
    command = [sys.executable, "-c", PARENT, HERE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=BACKEND) as parent:
        assert parent.stdout is not None
        pids = json.loads(parent.stdout.readline())
        assert all(alive(pid) for pid in pids)
        parent.kill()
        if killed == "parent and server":
            os.kill(pids[0], signal.SIGKILL)
    await until(lambda: not any(alive(pid) for pid in pids), 2)


async def test_the_parent_stays_light() -> None:
    script = "import sys, app.engines.base, app.engines.processes; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=BACKEND)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert loaded.isdisjoint({"numpy", "cv2", "PIL", "av", "pydantic", "sqlalchemy", "yaml"})


def test_every_failure_has_words() -> None:
    kinds = EngineFailure.__subclasses__()
    assert len(kinds) == 6
    assert all(kind().message.zh and kind().message.en for kind in kinds)
    assert len({kind().code for kind in kinds}) == len(kinds)
