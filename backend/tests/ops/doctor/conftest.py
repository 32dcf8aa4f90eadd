from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from app.ops.doctor.finding import Finding
from app.ops.doctor.setup import Setup
from tests.ops.doctor.fake_docker import FakeDocker

ROOT = Path(__file__).parents[4]
PASSWORD = "a-password-of-tests-1234"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(ROOT / ".env.example", folder)
    return folder


@pytest.fixture
def docker(tmp_path: Path) -> FakeDocker:
    return FakeDocker(tmp_path / "bin")


class MakeSetup(Protocol):
    def __call__(self, env: str | bytes | None = ..., **more: Any) -> Setup: ...


@pytest.fixture
def make_setup(root: Path, tmp_path: Path) -> MakeSetup:
    """A setup with its own `.env` and environment; Docker is there if the test has asked for the fake one."""

    def make(env: str | bytes | None = None, **more: Any) -> Setup:
        if env is not None:
            path = root / ".env"
            path.write_bytes(env.encode() if isinstance(env, str) else env)
            path.chmod(0o600)
        variables: Mapping[str, str] = more.pop("environment", {})
        # Without git and lsof, unless a test brings them.
        environment = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path), **variables}
        return Setup(root, environment, **{"system": "Linux", **more})

    return make


def config(**services: dict[str, Any]) -> dict[str, Any]:
    """A configuration as Compose renders it."""
    return {"name": "ai-pic", "services": services, "networks": {"default": {"name": "ai-pic_default"}}}


def codes(findings: Iterable[Finding]) -> list[str]:
    """`FAIL D07` for each that is not well."""
    return [f"{one.level.value} {one.code}" for one in findings if one.level.value != "OK"]


def only(findings: Iterable[Finding]) -> Finding:
    (found,) = [one for one in findings if one.level.value != "OK"]
    return found


def run_environment(**more: str) -> dict[str, str]:
    """For a doctor in a process of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT / "backend"), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1", **more}
