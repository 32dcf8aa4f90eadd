from __future__ import annotations

import asyncio
import itertools
import os
import time
from typing import TYPE_CHECKING

import pytest

from app.engines.base import Cancelled, EngineFailed, InputRefused
from tests.engines.processes.conftest import alive, opened
from tests.engines.processes.jobs import HERE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
SOON = 30.0


class TestRun:
    async def test_gives_what_the_function_gives(self) -> None:
        value = {"text": "眨眼 \ud800 \0", "list": [1, 2.5, None, True]}
        async with opened() as pool:
            assert await pool.run(f"{HERE}:give_back", value, timeout=SOON) == value

    async def test_a_child_does_one_job_after_the_other(self) -> None:
        async with opened() as pool:
            pids = [await pool.run(f"{HERE}:own_pid", None, timeout=SOON) for _ in range(3)]
        assert len(set(pids)) == 1
        assert os.getpid() not in pids

    async def test_raises_what_the_function_raises(self) -> None:
        async with opened() as pool:
            with pytest.raises(InputRefused) as caught:
                await pool.run(f"{HERE}:refuse", None, timeout=SOON)
        assert caught.value.code == "no_face"
        assert caught.value.message.as_dict() == {"zh": "没有脸", "en": "no face"}
        assert caught.value.params == {"measure": 1.5}
        assert not caught.value.retryable

    async def test_a_mistake_of_ours_is_told_with_its_traceback_and_costs_only_the_child(self) -> None:
        async with opened() as pool:
            before = await pool.run(f"{HERE}:own_pid", None, timeout=SOON)
            with pytest.raises(EngineFailed) as caught:
                await pool.run(f"{HERE}:make_a_mistake", None, timeout=SOON)
            after = await pool.run(f"{HERE}:own_pid", None, timeout=SOON)
        assert caught.value.code == "engine_failed"
        assert caught.value.params == {"problem": "LookupError: no such thing"}
        assert "make_a_mistake" in caught.value.__notes__[0]
        assert before != after

    async def test_an_unknown_function_is_a_mistake_too(self) -> None:
        async with opened() as pool:
            with pytest.raises(EngineFailed):
                await pool.run(f"{HERE}:nothing", None, timeout=SOON)


class TestOrder:
    async def test_fifty_jobs_over_two_children_begin_in_order(self, tmp_path: Path) -> None:
        notes = tmp_path / "notes"
        async with opened(2) as pool:
            jobs = (pool.run(f"{HERE}:note_and_work", [str(notes), n, 0.01], timeout=SOON) for n in range(50))
            assert await asyncio.gather(*jobs) == list(range(50))
        begun: dict[str, list[int]] = {}
        for line in notes.read_text("ascii").splitlines():
            pid, number = line.split()
            begun.setdefault(pid, []).append(int(number))
        assert len(begun) == 2
        assert sorted(number for numbers in begun.values() for number in numbers) == list(range(50))
        assert all(numbers == sorted(numbers) for numbers in begun.values())

    async def test_no_more_children_than_asked_for(self) -> None:
        async with opened(2) as pool:
            pids = await asyncio.gather(*(pool.run(f"{HERE}:own_pid", None, timeout=SOON) for _ in range(20)))
            assert len(pool.pids) <= 2
        assert len(set(pids)) <= 2

    async def test_one_that_waits_can_be_cancelled(self) -> None:
        async with opened() as pool:
            first = asyncio.create_task(pool.run(f"{HERE}:work", 0.2, timeout=SOON))
            second = asyncio.create_task(pool.run(f"{HERE}:work", 0.2, timeout=SOON))
            third = asyncio.create_task(pool.run(f"{HERE}:give_back", 3, timeout=SOON))
            await asyncio.sleep(0.05)
            second.cancel()
            assert await third == 3
            assert await first == 0.2
            assert second.cancelled()


class TestProgress:
    async def test_rises_as_the_work_goes_on_and_calls_seldom(self) -> None:
        told: list[tuple[float, float]] = []
        async with opened() as pool:
            await pool.run(
                f"{HERE}:work", 0.8, timeout=SOON, on_progress=lambda share: told.append((time.monotonic(), share))
            )
        shares = [share for _, share in told]
        assert 4 <= len(told) <= 9
        assert shares == sorted(shares)
        assert all(0 <= share <= 1 for share in shares)
        # It is the work's own clock: after a tenth of a second, about an eighth is done.
        pace = [(later[1] - sooner[1]) / (later[0] - sooner[0]) for sooner, later in itertools.pairwise(told)]
        assert sum(pace) / len(pace) == pytest.approx(1 / 0.8, rel=0.4)

    async def test_never_falls_and_stays_in_range(self) -> None:
        told: list[float] = []
        async with opened() as pool:
            await pool.run(f"{HERE}:go_back", None, timeout=SOON, on_progress=told.append)
        assert told == [0.5, 0.5, 0.5, 0.5, 0.7, 1.0]

    async def test_a_listener_that_fails_stops_the_work_and_keeps_the_child(self) -> None:
        def fail(share: float) -> None:
            raise RuntimeError(share)

        async with opened() as pool:
            before = await pool.run(f"{HERE}:own_pid", None, timeout=SOON)
            with pytest.raises(RuntimeError):
                await pool.run(f"{HERE}:work", 20, timeout=SOON, on_progress=fail)
            assert await pool.run(f"{HERE}:own_pid", None, timeout=SOON) == before


class TestRecycling:
    async def test_after_so_many_jobs(self) -> None:
        async with opened(recycle_after_jobs=3) as pool:
            pids = [await pool.run(f"{HERE}:own_pid", None, timeout=SOON) for _ in range(7)]
        assert [len(list(group)) for _, group in itertools.groupby(pids)] == [3, 3, 1]

    async def test_when_it_has_grown(self) -> None:
        async with opened(recycle_over_bytes=1) as pool:
            pids = [await pool.run(f"{HERE}:own_pid", None, timeout=SOON) for _ in range(3)]
        assert len(set(pids)) == 3


class TestClose:
    async def test_stops_what_works_and_what_waits(self) -> None:
        async with opened() as pool:
            runs = [asyncio.create_task(pool.run(f"{HERE}:work", 30, timeout=60)) for _ in range(3)]
            await asyncio.sleep(0.3)
            pids = pool.pids
            begun = time.monotonic()
            await pool.close()
            assert time.monotonic() - begun < 1
            for run in runs:
                with pytest.raises(Cancelled) as caught:
                    await run
                assert caught.value.retryable
            assert [pid for pid in pids if alive(pid)] == []

    async def test_kills_what_hangs(self) -> None:
        async with opened() as pool:
            run = asyncio.create_task(pool.run(f"{HERE}:hang", None, timeout=60))
            await asyncio.sleep(0.3)
            await pool.close()
            with pytest.raises(Cancelled):
                await run

    async def test_takes_no_more_work(self) -> None:
        async with opened() as pool:
            await pool.close()
            with pytest.raises(Cancelled):
                await pool.run(f"{HERE}:give_back", 1, timeout=SOON)


async def test_a_pool_has_a_child() -> None:
    with pytest.raises(ValueError, match="at least one"):
        async with opened(0):
            pass
