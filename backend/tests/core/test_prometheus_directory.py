from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.core import prometheus_directory as directory


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")  # so that what the code itself sets goes with the test
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
    return tmp_path


def test_a_process_alone_needs_none(temporary: Path) -> None:
    assert directory.prepare_directory() is None
    assert list(temporary.iterdir()) == []


def test_one_that_is_given_is_used(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(temporary / "given" / "folder"))
    assert directory.prepare_directory() == temporary / "given" / "folder"
    assert (temporary / "given" / "folder").is_dir()


def test_siblings_share_one_and_what_the_dead_left_goes(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    stale = temporary / f"aipic-metrics-{dead.pid}-0123456789abcdef"
    others = temporary / f"aipic-metrics-{os.getpid()}-0123456789abcdef"
    strange = temporary / "aipic-metrics-of-somebody"
    for folder in (stale, others, strange):
        folder.mkdir()
        (folder / "counter_1.db").touch()

    class Parent:
        pid = os.getppid()

    monkeypatch.setattr(multiprocessing, "parent_process", Parent)
    first = directory.prepare_directory()
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
    second = directory.prepare_directory()
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
    assert first is not None
    assert first == second
    assert first.stat().st_mode & 0o777 == 0o700
    assert not stale.exists()
    assert others.exists()
    assert strange.exists()


def test_the_application_asks_for_it_before_anything_measures() -> None:
    script = "import app.main, sys; names = list(sys.modules); "
    script += "print(names.index('app.core.prometheus_directory') < names.index('prometheus_client'))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
