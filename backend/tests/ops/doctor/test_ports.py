from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.ops.doctor.checks import ports
from app.ops.embedded import free_port
from tests.ops.doctor.conftest import MakeSetup, codes, config, only
from tests.ops.doctor.fake_docker import FakeDocker


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def publish(docker: FakeDocker, port: int, service: str = "backend", target: int = 8000) -> None:
    row = {"host_ip": "127.0.0.1", "published": str(port), "target": target, "protocol": "tcp"}
    docker.says("compose config", config(**{service: {"ports": [row, {"target": 9}]}}))


def test_free(docker: FakeDocker, make_setup: MakeSetup) -> None:
    publish(docker, free_port())
    assert codes(ports.ports(make_setup("A=1\n"))) == []


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux")
def test_taken_by_a_process(docker: FakeDocker, make_setup: MakeSetup, busy: int) -> None:
    publish(docker, busy)
    found = only(ports.ports(make_setup("A=1\n")))
    assert codes([found]) == ["FAIL D23"]
    assert found.cause
    assert f"Process {os.getpid()}" in found.cause.en
    assert found.command
    assert "BACKEND_PORT=" in found.command.en


def test_owner_by_lsof(make_setup: MakeSetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS, where there is no /proc."""
    lsof = tmp_path / "bin" / "lsof"
    lsof.parent.mkdir()
    lsof.write_text(
        f"#!{sys.executable}\nimport sys\nassert '-iTCP:5000' in sys.argv\nprint('p812\\ncControlCe\\nf8')\n"
    )
    lsof.chmod(0o755)
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert ports.owner_of(make_setup(system="Darwin"), 5000) == (812, "ControlCe")


def test_taken_by_another_container(docker: FakeDocker, make_setup: MakeSetup, busy: int) -> None:
    publish(docker, busy, "adminer", 8080)
    docker.says(f"ps --filter publish={busy}", "shop-web-1\tshop\n")
    found = only(ports.ports(make_setup("A=1\n")))
    assert found.cause
    assert "shop-web-1" in found.cause.en
    assert found.command
    assert "ADMINER_PORT=" in found.command.en


def test_our_own_container_has_it(docker: FakeDocker, make_setup: MakeSetup, busy: int) -> None:
    publish(docker, busy)
    docker.says(f"ps --filter publish={busy}", "ai-pic-backend-1\tai-pic\n")
    assert codes(ports.ports(make_setup("A=1\n"))) == []


def test_of_a_service_without_a_setting(docker: FakeDocker, make_setup: MakeSetup, busy: int) -> None:
    publish(docker, busy, "extra", 1)
    found = only(ports.ports(make_setup("A=1\n")))
    assert found.command
    assert found.command.en == "Stop that program"
