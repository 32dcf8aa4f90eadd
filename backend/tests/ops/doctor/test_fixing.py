from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ops.doctor.checks import env
from app.ops.doctor.fixing import mended
from tests.ops.doctor.conftest import MakeSetup, codes, run_environment

BROKEN = "\ufeffexport DOMAIN = localhost  \r\n# a comment\r\n\r\nEMAILS_FROM_NAME=“AI 表情”\r\nENGINE=local".encode()
WHOLE = "DOMAIN=localhost\n# a comment\n\nEMAILS_FROM_NAME='AI 表情'\nENGINE=local\n".encode()


def doctor(root: Path, *words: str, answer: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-m", "app.ops.doctor", "--root", str(root), "--lang", "en", *words],
        input=answer,
        capture_output=True,
        text=True,
        env=run_environment(),
        check=False,
        timeout=20,
    )


def test_mended() -> None:
    assert mended(BROKEN) == WHOLE


@pytest.mark.parametrize(
    "line", ["A='x  y'", 'A="$B"', "A=x=y", "A=a#b", "A='“x”'", "nonsense", "  # said  ", "A=", "A=x\\"]
)
def test_what_it_leaves_alone(line: str) -> None:
    assert mended(f"{line}\n".encode()) == f"{line.rstrip()}\n".encode()


@given(st.binary(max_size=60))
def test_mending_twice_changes_nothing_more(data: bytes) -> None:
    once = mended(data)
    assert mended(once) == once


def test_asks_first(root: Path) -> None:
    (root / ".env").write_bytes(BROKEN)
    done = doctor(root, "--fix")
    assert done.returncode == 2
    assert "--yes" in done.stdout
    assert (root / ".env").read_bytes() == BROKEN


def test_fixes_and_keeps_the_old_file(root: Path, make_setup: MakeSetup) -> None:
    setup = make_setup(BROKEN)
    setup.env_path.chmod(0o644)
    done = doctor(root, "--fix", "--yes")
    assert done.returncode == 0, done.stderr
    (backup,) = root.glob(".env.*.bak")
    assert backup.name in done.stdout
    assert backup.read_bytes() == BROKEN
    assert setup.env_path.read_bytes() == WHOLE
    assert [path.stat().st_mode & 0o777 for path in (backup, setup.env_path)] == [0o600, 0o600]
    assert codes(env.env_bytes(setup)) == []
    assert "nothing to mend" in doctor(root, "--fix").stdout


def test_nothing_there(root: Path) -> None:
    done = doctor(root, "--fix", "--yes")
    assert done.returncode == 2
    assert "./aipic init" in done.stdout
