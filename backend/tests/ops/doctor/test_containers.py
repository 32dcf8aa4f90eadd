from __future__ import annotations

from pathlib import Path
from typing import Any

from app.ops.doctor.checks import containers
from tests.ops.doctor.conftest import MakeSetup, codes, config, only
from tests.ops.doctor.fake_docker import FakeDocker


def box(service: str, root: Path, *, env: list[str] | None = None, **more: Any) -> dict[str, Any]:
    labels = {"com.docker.compose.service": service, "com.docker.compose.project.working_dir": str(root)}
    return {"State": {"Status": "running"}, "Config": {"Labels": labels, "Env": env or []}, **more}


def running(docker: FakeDocker, *boxes: dict[str, Any], rows: list[dict[str, Any]] | None = None) -> None:
    values = {"environment": {"DOMAIN": "new", "POSTGRES_PASSWORD": "a$$b"}}
    docker.says("compose config", config(backend=values, prestart={}, worker={}))
    docker.says("compose ps", rows or [{"ID": "1", "Service": "backend", "State": "running", "Health": "healthy"}])
    docker.says("inspect", list(boxes))


def test_none_at_all(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says("compose config", config(backend={}))
    setup = make_setup("A=1\n")
    for check in (containers.another_copy, containers.volumes, containers.recreation, containers.health):
        assert list(check(setup)) == []


def test_all_well(docker: FakeDocker, make_setup: MakeSetup, root: Path) -> None:
    running(docker, box("backend", root, env=["DOMAIN=new", "POSTGRES_PASSWORD=a$b", "PATH=/bin"]))
    setup = make_setup("A=1\n")
    for check in (containers.another_copy, containers.volumes, containers.recreation, containers.health):
        assert codes(check(setup)) == []


def test_restarted_instead_of_recreated(docker: FakeDocker, make_setup: MakeSetup, root: Path) -> None:
    running(docker, box("backend", root, env=["DOMAIN=old", "POSTGRES_PASSWORD=older-secret"]))
    found = only(containers.recreation(make_setup("A=1\n")))
    assert found.code == "D42"
    assert "DOMAIN, POSTGRES_PASSWORD" in str(found.cause)
    assert "older-secret" not in str(found)
    assert "a$b" not in str(found)


def test_of_another_folder(docker: FakeDocker, make_setup: MakeSetup, root: Path) -> None:
    running(docker, box("backend", root.parent / "clone", env=["DOMAIN=old"]))
    setup = make_setup("A=1\n")
    assert codes(containers.another_copy(setup)) == ["WARN D45"]
    assert codes([*containers.recreation(setup), *containers.health(setup)]) == []


def test_prestart_failed(docker: FakeDocker, make_setup: MakeSetup, root: Path) -> None:
    rows = [
        {"ID": "1", "Service": "prestart", "State": "exited", "ExitCode": 1},
        {"ID": "2", "Service": "backend", "State": "created", "ExitCode": 0},
    ]
    running(docker, box("prestart", root), rows=rows)
    docker.says("compose logs", "waiting for PostgreSQL\n\nstill waiting\ngiving up\n")
    found = only(containers.health(make_setup("A=1\n")))
    assert codes([found]) == ["FAIL D44"]
    assert found.lines == ("waiting for PostgreSQL", "still waiting", "giving up")


def test_ended_for_lack_of_memory(docker: FakeDocker, make_setup: MakeSetup, root: Path) -> None:
    rows = [{"ID": "1", "Service": "worker", "State": "exited", "ExitCode": 137}]
    running(docker, box("worker", root, State={"OOMKilled": True}), rows=rows)
    found = only(containers.health(make_setup("A=1\n")))
    assert found.code == "D43"
    assert "memory" in str(found.cause)


def test_unhealthy(docker: FakeDocker, make_setup: MakeSetup, root: Path) -> None:
    rows = [{"ID": "1", "Service": "backend", "State": "running", "Health": "unhealthy"}]
    running(docker, box("backend", root), rows=rows)
    assert codes(containers.health(make_setup("A=1\n"))) == ["FAIL D43"]


def test_unnamed_volume(docker: FakeDocker, make_setup: MakeSetup, root: Path) -> None:
    mounts = [{"Name": "0" * 64, "Destination": "/app/.venv"}, {"Name": "1" * 64, "Destination": "/media"}]
    running(docker, box("backend", root, Mounts=mounts))
    found = only(containers.volumes(make_setup("A=1\n")))
    assert found.code == "D25"
    assert "/app/.venv" in found.what.en


def test_data_of_another_project_name(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says("compose config", config(backend={}))
    docker.says("volume ls", "aipic_media-data\taipic\nshop_media-data\tshop\n")
    found = only(containers.volumes(make_setup("A=1\n")))
    assert found.code == "D26"
    assert "shop" not in str(found)
    docker.says("volume ls", "aipic_media-data\taipic\nai-pic_media-data\tai-pic\n")
    assert codes(containers.volumes(make_setup("A=1\n"))) == []
