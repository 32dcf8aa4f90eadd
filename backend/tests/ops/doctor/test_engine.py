from __future__ import annotations

import shutil

import pytest

from app.ops.doctor.checks import engine
from app.ops.doctor.command import Outcome
from tests.ops.doctor.conftest import MakeSetup, codes, config, only
from tests.ops.doctor.fake_docker import FakeDocker

SILENT = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"


@pytest.mark.parametrize(
    ("system", "command"), [("Darwin", "brew install --cask docker-desktop"), ("Linux", "get.docker.com")]
)
def test_no_docker_at_all(make_setup: MakeSetup, system: str, command: str) -> None:
    setup = make_setup(system=system)
    found = only(engine.docker_command(setup))
    assert found.code == "D01"
    assert found.cause
    assert found.command
    assert "./aipic up" in found.cause.zh
    assert "./aipic up" in found.cause.en
    assert command in found.command.en
    for check in (engine.docker_engine, engine.compose_plugin, engine.architecture):
        assert list(check(setup)) == []


def test_all_well(docker: FakeDocker, make_setup: MakeSetup) -> None:
    setup = make_setup()
    for check in (engine.docker_command, engine.docker_engine, engine.compose_plugin, engine.disk):
        assert codes(check(setup)) == []


@pytest.mark.parametrize(
    ("system", "context", "command"),
    [
        ("Darwin", "desktop-linux", "open -a Docker"),
        ("Darwin", "colima", "colima start"),
        ("Darwin", "orbstack", "open -a OrbStack"),
        ("Linux", "default", "sudo systemctl start docker"),
    ],
)
def test_engine_is_silent(docker: FakeDocker, make_setup: MakeSetup, system: str, context: str, command: str) -> None:
    docker.says("version", {"Client": {}, "Server": None}, code=1, err=SILENT)
    docker.says("context ls", f'{{"Name":"{context}","Current":true}}\n{{"Name":"other","Current":false}}\n')
    found = only(engine.docker_engine(make_setup(system=system)))
    assert found.code == "D02"
    assert found.cause
    assert found.command
    assert found.command.en == command
    assert context in found.cause.en
    assert "other" in found.cause.en


def test_engine_hangs(docker: FakeDocker, make_setup: MakeSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = make_setup()
    monkeypatch.setattr(type(setup.docker), "versions", Outcome(None))
    found = only(engine.docker_engine(setup))
    assert found.code == "D02"
    assert found.cause
    assert "10" in found.cause.en


def test_engine_elsewhere(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says("version", "", code=1, err=SILENT)
    found = only(engine.docker_engine(make_setup(environment={"DOCKER_HOST": "tcp://1.2.3.4:2375"})))
    assert found.command
    assert found.command.en == "unset DOCKER_HOST"


def test_engine_forbids(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says("version", "", code=1, err="permission denied while trying to connect to the Docker daemon socket")
    found = only(engine.docker_engine(make_setup()))
    assert found.command
    assert "usermod -aG docker" in found.command.en


def test_compose_is_too_old(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says("compose version", "v2.20.3")
    found = only(engine.compose_plugin(make_setup()))
    assert found.code == "D03"
    assert found.cause
    assert "2.20.3" in found.cause.en


def test_only_the_old_compose(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says("compose version", "", code=1, err="docker: 'compose' is not a docker command.")
    (docker.home / "docker-compose").symlink_to(docker.home / "docker")
    found = only(engine.compose_plugin(make_setup()))
    assert found.code == "D03"
    assert found.cause
    assert "hyphen" in found.cause.en


def test_image_of_another_processor(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says(
        "compose config",
        config(backend={"image": "backend:latest", "build": {"context": "."}}, adminer={"image": "adminer:5"}),
    )
    docker.says("image inspect backend:latest", [{"Architecture": "amd64"}])
    docker.says("image inspect adminer:5", [{"Architecture": "arm64"}])
    found = only(engine.architecture(make_setup("A=1\n")))
    assert found.code == "D04"
    assert found.command
    assert found.command.en == "docker compose build backend"


def test_little_room(docker: FakeDocker, make_setup: MakeSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 2 * 10**9

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    found = only(engine.disk(make_setup()))
    assert codes([found]) == ["WARN D05"]
    assert found.cause
    assert "2.5 GB" in found.cause.en
    assert found.command
    assert "--volumes" not in found.command.en
