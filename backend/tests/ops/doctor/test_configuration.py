from __future__ import annotations

from pathlib import Path

import pytest

from app.core import settings as program
from app.ops.doctor.checks import configuration, security, source_tree
from tests.ops.doctor.conftest import PASSWORD, MakeSetup, codes, config, only
from tests.ops.doctor.fake_docker import FakeDocker

LACKS = "error while interpolating services.backend.environment.{0}: required variable {0} is missing a value: {0}"
GOOD = {"SECRET_KEY": "x" * 40, "POSTGRES_PASSWORD": PASSWORD}


def test_every_missing_variable_is_named(docker: FakeDocker, make_setup: MakeSetup) -> None:
    """Compose names one at a time."""
    one, two = ({"code": 15, "err": LACKS.format(name)} for name in ("SECRET_KEY", "REDIS_HOST"))
    docker.says("compose config", config(backend={"environment": {}}), unless={"SECRET_KEY": one, "REDIS_HOST": two})
    setup = make_setup("REDIS_HOST=\n")
    found = list(configuration.compose_renders(setup))
    assert codes(found) == ["FAIL D14", "FAIL D14"]
    assert [one.what.en.split()[3] for one in found] == ["SECRET_KEY", "REDIS_HOST"]
    assert "empty" in found[1].what.en
    assert setup.rendered.services  # what can be looked at all the same, is


def test_accepted(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says("compose config", config(backend={}))
    assert codes(configuration.compose_renders(make_setup("A=1\n"))) == []


def test_refused_in_its_own_words(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says(
        "compose config", "", code=15, err='level=warning msg="x"\nservices.backend Additional property is not allowed'
    )
    found = only(configuration.compose_renders(make_setup("A=1\n")))
    assert codes([found]) == ["FAIL D16"]
    assert found.lines == ("services.backend Additional property is not allowed",)


def test_what_compose_says_of_a_quote_is_not_repeated(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says(
        "compose config", "", code=15, err='failed to read .env: line 5: unterminated quoted value "hunter2-secret'
    )
    assert "hunter2" not in str(only(configuration.compose_renders(make_setup("A=1\n"))))


@pytest.mark.parametrize("name", ["AI PIC", "ai.pic", "_ai", "表情"])
def test_project_name(make_setup: MakeSetup, name: str) -> None:
    found = only(configuration.compose_names(make_setup(f"COMPOSE_PROJECT_NAME={name}\n")))
    assert codes([found]) == ["FAIL D15"]
    assert found.command
    assert codes(configuration.compose_names(make_setup(found.command.en.removeprefix("Write ")))) == []


def test_compose_file(make_setup: MakeSetup) -> None:
    setup = make_setup(environment={"COMPOSE_FILE": "docker-compose.yml:gone.yml"})
    (setup.root / "docker-compose.yml").touch()
    found = only(configuration.compose_names(setup))
    assert "gone.yml" in found.what.en
    assert "docker-compose.yml" not in found.what.en


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "db.localhost"])
def test_loopback(docker: FakeDocker, make_setup: MakeSetup, host: str) -> None:
    docker.says("compose config", config(backend={"environment": {"POSTGRES_SERVER": host, "REDIS_HOST": "r.example"}}))
    found = only(configuration.loopback_hosts(make_setup(f"POSTGRES_SERVER={host}\n")))
    assert codes([found]) == ["FAIL D18"]
    assert "host.docker.internal" in str(found.command)


def test_loopback_of_the_object_store(docker: FakeDocker, make_setup: MakeSetup) -> None:
    values = {"STORAGE_BACKEND": "s3", "S3_ENDPOINT": "http://user@localhost:9000/x"}
    docker.says("compose config", config(worker={"environment": values}))
    assert "S3_ENDPOINT" in only(configuration.loopback_hosts(make_setup("A=1\n"))).what.en


@pytest.mark.parametrize(
    ("hosts", "system", "expected"),
    [
        ([], "Linux", ["FAIL D19"]),
        ([], "Darwin", ["WARN D19"]),
        (["host.docker.internal=host-gateway"], "Linux", []),
        (["host.docker.internal:host-gateway"], "Linux", []),
        ({"host.docker.internal": "host-gateway"}, "Linux", []),
    ],
)
def test_name_of_this_computer(
    docker: FakeDocker, make_setup: MakeSetup, hosts: object, system: str, expected: list[str]
) -> None:
    docker.says("info", {"OperatingSystem": "Debian"})
    service = {"environment": {"REDIS_HOST": "host.docker.internal"}, "extra_hosts": hosts}
    docker.says("compose config", config(backend=service))
    assert codes(configuration.inside_name(make_setup("A=1\n", system=system))) == expected


def test_outer_port_between_containers(docker: FakeDocker, make_setup: MakeSetup) -> None:
    port = {"published": "15432", "target": 5432, "protocol": "tcp"}
    program = {"environment": {"POSTGRES_SERVER": "db", "POSTGRES_PORT": "15432"}}
    docker.says("compose config", config(db={"ports": [port]}, backend=program))
    found = only(configuration.inner_ports(make_setup("A=1\n")))
    assert found.code == "D20"
    assert found.command
    assert found.command.en == "Write POSTGRES_PORT=5432"


def test_mount_that_hides_the_image(docker: FakeDocker, make_setup: MakeSetup, tmp_path: Path) -> None:
    image = [{"Config": {"WorkingDir": "/app", "Env": ["PATH=/app/.venv/bin:/usr/bin"]}}]
    docker.says("image inspect", image)

    def mounted(target: str) -> list[str]:
        mount = {"type": "bind", "source": str(tmp_path), "target": target}
        service = {"build": {"context": "."}, "image": "backend:latest", "volumes": [mount]}
        docker.says("compose config", config(backend=service))
        return codes(configuration.mounts(make_setup("A=1\n")))

    assert mounted("/app") == ["FAIL D21"]
    assert mounted("/app/htmlcov") == []
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    assert mounted("/app") == []


def test_network_that_is_expected(docker: FakeDocker, make_setup: MakeSetup) -> None:
    content = config(backend={})
    content["networks"]["traefik-public"] = {"name": "traefik-public", "external": True}
    docker.says("compose config", content)
    found = only(configuration.networks(make_setup("A=1\n")))
    assert found.command
    assert found.command.en == "docker network create traefik-public"
    docker.says("network inspect traefik-public", [{}])
    assert codes(configuration.networks(make_setup("A=1\n"))) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"build": {"context": "."}}, []),
        ({}, ["WARN D27"]),
        ({"build": {"context": "."}, "read_only": True}, ["WARN D27"]),
        ({"build": {"context": "."}, "volumes": [{"type": "bind", "target": "/app/"}]}, ["WARN D27"]),
    ],
)
def test_watch(docker: FakeDocker, make_setup: MakeSetup, more: dict[str, object], expected: list[str]) -> None:
    service = {"develop": {"watch": [{"action": "sync", "path": "/x", "target": "/app"}]}, **more}
    docker.says("compose config", config(backend=service))
    assert codes(configuration.watching(make_setup("A=1\n"))) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"ENVIRONMENT": "production", "SECRET_KEY": "short"}, ["FAIL D17"]),
        ({"ENVIRONMENT": "staging", "POSTGRES_PASSWORD": "changethis-now-please"}, ["FAIL D17"]),
        ({"SECRET_KEY": "changethis"}, ["WARN D17"]),
        ({"ENVIRONMENT": "production", "REDIS_PASSWORD": "password"}, ["FAIL D17"]),
        ({"ENVIRONMENT": "production"}, []),
    ],
)
def test_secrets(docker: FakeDocker, make_setup: MakeSetup, changes: dict[str, str], expected: list[str]) -> None:
    docker.says("compose config", config(backend={"environment": GOOD | changes}))
    assert codes(security.weak_secrets(make_setup("A=1\n"))) == expected


def test_same_rule_as_the_program() -> None:
    assert set(security.PLACEHOLDERS) == set(program._PLACEHOLDERS)
    assert security.SHORTEST["SECRET_KEY"] == program._SHORTEST_SECRET
    assert security.SHORTEST["POSTGRES_PASSWORD"] == program._SHORTEST_PASSWORD


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"PUBLIC_URL": "https://api.example.com"}, []),
        ({"PUBLIC_URL": ""}, []),
        ({"PUBLIC_URL": "https://192.168.1.4"}, ["FAIL D24"]),
        ({"PUBLIC_URL": "https://localhost:8000"}, ["FAIL D24"]),
        ({"PUBLIC_URL": "http://api.example.com"}, ["WARN D24"]),
        ({"PUBLIC_URL": "https://[fd00::1]/"}, ["FAIL D24"]),
        ({"STORAGE_BACKEND": "s3", "S3_ENDPOINT": "http://minio:9000"}, ["FAIL D24"]),
        (
            {
                "STORAGE_BACKEND": "s3",
                "S3_ENDPOINT": "http://minio:9000",
                "S3_PUBLIC_ENDPOINT": "https://s3.example.com",
            },
            [],
        ),
        ({"ENVIRONMENT": "local", "PUBLIC_URL": "http://localhost"}, []),
        ({"ENVIRONMENT": "staging", "PUBLIC_URL": "https://10.0.0.1"}, ["WARN D24"]),
    ],
)
def test_public_addresses(
    docker: FakeDocker, make_setup: MakeSetup, changes: dict[str, str], expected: list[str]
) -> None:
    docker.says("compose config", config(backend={"environment": {"ENVIRONMENT": "production"} | changes}, minio={}))
    assert codes(security.public_addresses(make_setup("A=1\n"))) == expected


def test_scripts_from_windows(make_setup: MakeSetup) -> None:
    setup = make_setup()
    scripts = setup.root / "backend" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "good.sh").write_bytes(b"#!/bin/bash\n")
    assert codes(source_tree.script_line_ends(setup)) == []
    (scripts / "prestart.sh").write_bytes(b"#!/bin/bash\r\n")
    found = only(source_tree.script_line_ends(setup))
    assert found.what.en.startswith("backend/scripts/prestart.sh")


def test_names_in_capitals(make_setup: MakeSetup, tmp_path: Path) -> None:
    git = tmp_path / "bin" / "git"
    git.parent.mkdir(exist_ok=True)
    git.write_text("#!/bin/sh\nprintf 'a/Foo.py\\0a/foo.py\\0b.py\\0'\n")
    git.chmod(0o755)
    found = only(source_tree.names_that_collide(make_setup()))
    assert found.code == "D28"
    assert "a/Foo.py" in found.what.en
    assert "a/foo.py" in found.what.en
