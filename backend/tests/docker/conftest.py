"""One stack for all of these tests, brought up as the README says. One after another: `./aipic test docker`."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator

import pytest

from tests.docker.engine import NoEngine, bring_up
from tests.docker.stack import Stack

_PORTS = (
    *("BACKEND_PORT", "ADMINER_PORT", "PROXY_PORT", "PROXY_UI_PORT", "MAILCATCHER_PORT", "MAILCATCHER_SMTP_PORT"),
    *("HTTP_PORT", "HTTPS_PORT"),
)


@pytest.fixture(scope="session")
def engine() -> str:
    """A Docker Engine that has the images; the tests are skipped, loudly, where none is possible."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        pytest.skip("Docker's tests share one stack: ./aipic test docker")
    try:
        return bring_up()
    except NoEngine as error:
        print(f"\nDOCKER'S TESTS DO NOT RUN: {error}\n", file=sys.__stderr__)
        pytest.skip(f"no Docker Engine: {error}")


@pytest.fixture(scope="session")
def project(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A fresh copy with an .env made by `./aipic init`, whose servers run; ports are free ones of this machine."""
    stack = Stack.copy(tmp_path_factory.mktemp("docker") / "ai-pic", _free_ports())
    try:
        stack.timed("init", "./aipic", "init", "--yes")
        stack.set(**stack.ports, COMPOSE_PROJECT_NAME="ai-pic-test", STACK_NAME="ai-pic-test")
        yield stack
    finally:
        _take_down(stack)
        print(f"\nseconds: { {name: round(seconds, 1) for name, seconds in stack.timings.items()} }")


@pytest.fixture(scope="session")
def stack(project: Stack) -> Stack:
    """Everything of docker-compose.yml and its override, healthy."""
    project.timed("cold build", "docker", "compose", "build", timeout=1200)
    project.timed("up to healthy", "docker", "compose", "up", "-d", "--build")
    project.first_answer = project.run("curl", "-s", f"{project.url}/api/v1/utils/health-check/", check=False).stdout
    project.compose("up", "--detach", "--wait", "--wait-timeout", "120")
    return project


def _free_ports() -> dict[str, int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in _PORTS]
    ports = {name: server.getsockname()[1] for name, server in zip(_PORTS, sockets, strict=True)}
    for server in sockets:
        server.close()
    return ports


def _take_down(stack: Stack) -> None:
    stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)
    stack.run("./aipic", "services", "down", check=False)
