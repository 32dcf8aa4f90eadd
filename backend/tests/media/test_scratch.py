"""Photos of people in the machine's temporary folder go, whatever was killed when."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.settings import Settings
from app.media.scratch import scratch_folder, sweep_scratch
from tests.conftest import StartWorker

HOURS = timedelta(hours=6)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left_behind(hours: float) -> Path:
    """A folder as a killed worker leaves it."""
    with scratch_folder() as folder:
        pass
    folder.mkdir(mode=0o700)
    (folder / "upload").write_bytes(b"a photo")
    moment = time.time() - hours * 3600
    os.utime(folder, (moment, moment))
    return folder


def test_only_what_is_old_and_ours_goes(temporary: Path) -> None:
    old, young = left_behind(7), left_behind(5)
    foreign = temporary / "somebody-elses"
    foreign.mkdir()
    os.utime(foreign, (0, 0))
    link = temporary / f"{old.name}-link"
    link.symlink_to(foreign)
    assert sweep_scratch(HOURS) == 1
    assert {path.name for path in temporary.iterdir()} == {young.name, foreign.name, link.name}


async def test_a_worker_sweeps_when_it_starts(temporary: Path, settings: Settings, start_worker: StartWorker) -> None:
    old = left_behind(30)
    await (await start_worker(settings))()
    assert not old.exists()
