from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from app.ops.embedded import free_port
from app.ops.init.env_file import EnvFile, read_env
from app.ops.services.places import ServicePlaces
from app.ops.up.state import RunFolder, State, end_leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKEND = Path(__file__).parents[3]
GATEWAY = "127.0.0.2"
"""Stands for the bridge's address: Linux has all of 127.0.0.0/8, and nobody else uses this one."""

DOCKER = """#!/bin/sh
[ "$*" = "network inspect bridge" ] || exit 64
[ -z "$DOCKER_IS_DOWN" ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
cat <<'JSON'
[{"Name": "bridge", "IPAM": {"Config": [{"Subnet": "fd00::/64"}, {"Subnet": "10.77.0.0/16", "Gateway": "%s"}]}}]
JSON
"""


@dataclass
class Project:
    """A folder with an example and a fake docker; nothing else of the repository."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def places(self) -> ServicePlaces:
        return ServicePlaces(self.root)

    @property
    def dotenv(self) -> Path:
        return self.root / ".env"

    @property
    def file(self) -> EnvFile:
        return read_env(self.dotenv)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "app.ops.services", "--root", str(self.root), *arguments]

    def ask(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=BACKEND,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def up(self, *arguments: str, **more: str) -> str:
        done = self.ask("up", *arguments, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.ask("status", "--json").stdout)
        return told

    def state(self) -> State:
        state = RunFolder(self.places.run).read()
        assert state is not None
        return state

    def everybody(self) -> list[int]:
        """All processes of the background servers."""
        supervisor = psutil.Process(self.state().pid)
        return [supervisor.pid, *(child.pid for child in supervisor.children(recursive=True))]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    root = tmp_path / "a project"
    root.mkdir()
    # Ports of its own, because tests run side by side.
    example = EnvFile((BACKEND.parent / ".env.example").read_text("utf-8"))
    ports = {"POSTGRES_PORT": str(free_port()), "REDIS_PORT": str(free_port())}
    (root / ".env.example").write_text(example.with_values(ports).content, "utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text(DOCKER % GATEWAY)
    docker.chmod(0o755)
    made = Project(
        root,
        {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(BACKEND),
            "AIPIC_LANG": "en",
            "SERVICES_BIND": "",
        },
    )
    yield made
    made.ask("down")
    if (left := RunFolder(made.places.run).read()) is not None:
        end_leftovers(left)
