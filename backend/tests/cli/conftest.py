from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.cli.application import run

if TYPE_CHECKING:
    from collections.abc import Callable

FIXTURES = Path(__file__).parents[1] / "fixtures"


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Said]:
    """Run one command line in an empty folder, with nothing in the environment that tells a language."""
    for variable in ("AIPIC_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "AIPIC_DEBUG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path) -> Said:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return call


@pytest.fixture
def astronaut() -> Path:
    return FIXTURES / "astronaut.png"


@pytest.fixture
def cat() -> Path:
    return FIXTURES / "cat.png"
