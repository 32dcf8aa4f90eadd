from __future__ import annotations

import signal
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from app.ops.embedded import free_port
from app.ops.up.state import end_leftovers
from tests.ops.up.stand_in import Project, Running, living, make_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Running]]:
    """What a test has started; whatever a failing one leaves is ended."""
    running: list[Running] = []
    begin = Running.__init__

    def noted(self: Running, *arguments: object) -> None:
        begin(self, *arguments)  # type: ignore[arg-type]
        running.append(self)

    monkeypatch.setattr(Running, "__init__", noted)
    yield running
    for one in running:
        if living([one.process.pid]):
            one.end(signal.SIGTERM)
        one.finish()
    for folder in {one.project.run_folder for one in running}:
        if (left := folder.read()) is not None:
            end_leftovers(left)


@pytest.fixture
def embedded(tmp_path: Path, started: list[Running]) -> Project:
    """A project with servers of its own."""
    project = make_project(tmp_path / "a project")
    # Fixed, because tests that run side by side would find the same port free at the same moment.
    project.environment |= {"POSTGRES_PORT": str(free_port()), "REDIS_PORT": str(free_port())}
    return project


@pytest.fixture
def project(tmp_path: Path, started: list[Running]) -> Iterator[Project]:
    """A quicker one with servers elsewhere; nothing of them is used but that they listen."""
    project = make_project(tmp_path / "a project", quick=True)
    with ExitStack() as stack:
        for names in (("POSTGRES_SERVER", "POSTGRES_PORT"), ("REDIS_HOST", "REDIS_PORT")):
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            project.environment |= {names[0]: "127.0.0.1", names[1]: str(server.getsockname()[1])}
        yield project
