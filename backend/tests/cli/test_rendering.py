from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app.cli.rendering import Job, render_all
from app.engines.local.catalog import get_template
from app.engines.local.render import REMOVE
from tests.rigs import HOPPER, rig_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Two small stickers, for two processes even where there is one core."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    names = ("yes", "no")
    return [Job(get_template(name), tmp_path / f"{name}.webp", REMOVE, caption="", size=64, fps=4) for name in names]


def test_progress_and_outcomes_of_every_job(jobs: list[Job]) -> None:
    told: list[tuple[int, int, int]] = []
    outcomes = render_all(rig_of(HOPPER), jobs, lambda *now: told.append(now))
    assert [outcome.template for outcome in outcomes] == [job.template for job in jobs]
    for index, outcome in enumerate(outcomes):
        assert outcome.encoded is not None
        count = outcome.encoded.frames
        assert [now for now in told if now[0] == index] == [(index, done, count) for done in range(1, count + 1)]


def test_an_interrupt_while_workers_start_waits_until_all_have_ended(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    submit = ProcessPoolExecutor.submit

    def interrupted(*arguments: Any) -> Any:
        future = submit(*arguments)
        os.kill(os.getpid(), signal.SIGINT)
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        render_all(rig_of(HOPPER), jobs, lambda *_: None)
    assert multiprocessing.active_children() == []
    assert capfd.readouterr() == ("", "")
    assert [path for path in tmp_path.iterdir() if path.suffix != ".webp"] == []


def test_what_progress_raises_stops_the_workers(jobs: list[Job], tmp_path: Path) -> None:
    def give_up(*_: int) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        render_all(rig_of(HOPPER), jobs, give_up)
    assert multiprocessing.active_children() == []
    assert [path for path in tmp_path.iterdir() if path.suffix != ".webp"] == []
