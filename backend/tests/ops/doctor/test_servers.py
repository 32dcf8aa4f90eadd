from __future__ import annotations

from typing import Any

import pytest

from app.ops.doctor.checks import servers
from app.ops.doctor.checks.from_container import probe_from_container
from app.ops.doctor.wire import postgres as wire
from app.ops.embedded import PostgresServer, RedisServer, free_port
from tests.conftest import PASSWORD
from tests.ops.doctor.conftest import MakeSetup, codes, config, only
from tests.ops.doctor.fake_docker import FakeDocker

INSIDE = "host.docker.internal"


def rendered(docker: FakeDocker, postgres: int, redis: int = 1, **more: Any) -> None:
    values = {
        "POSTGRES_SERVER": INSIDE,
        "POSTGRES_PORT": str(postgres),
        "POSTGRES_USER": "postgres",
        "POSTGRES_DB": "postgres",
        "POSTGRES_PASSWORD": PASSWORD,
        "REDIS_HOST": INSIDE,
        "REDIS_PORT": str(redis),
        "REDIS_PASSWORD": PASSWORD,
        **more,
    }
    hosts = {INSIDE: "host-gateway"}
    docker.says(
        "compose config", config(backend={"image": "backend:latest", "environment": values, "extra_hosts": hosts})
    )


def with_container(docker: FakeDocker, found: dict[str, Any]) -> None:
    docker.says("image inspect backend:latest", [{"Architecture": "arm64"}])
    docker.says("run", found)


def test_from_both_places(
    docker: FakeDocker, make_setup: MakeSetup, postgres_server: PostgresServer, redis_server: RedisServer
) -> None:
    rendered(docker, postgres_server.port, redis_server.port)
    setup = make_setup("A=1\n")
    assert codes([*servers.postgres(setup), *servers.redis(setup)]) == []
    assert not any(call.startswith("run") for call in docker.calls())  # there is no image yet
    with_container(docker, {"state": "ok", "message": "", "version": "18.1"})
    found = list(servers.postgres(make_setup("A=1\n")))
    assert "from a container" in found[0].what.en


def test_only_this_computer_gets_there(
    docker: FakeDocker, make_setup: MakeSetup, postgres_server: PostgresServer, redis_server: RedisServer
) -> None:
    rendered(docker, postgres_server.port, redis_server.port)
    with_container(docker, {"state": "refused", "message": "refused"})
    found = only(servers.postgres(make_setup("A=1\n")))
    assert found.code == "D31"
    assert "listen_addresses = 127.0.0.1" in str(found.cause)
    assert codes(servers.redis(make_setup("A=1\n"))) == ["FAIL D37"]


def test_on_linux_without_an_image_the_bridge_is_tried(
    docker: FakeDocker, make_setup: MakeSetup, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered(docker, postgres_server.port)
    docker.says("info", {"OperatingSystem": "Debian"})
    docker.says("network inspect bridge", [{"IPAM": {"Config": [{"Gateway": "127.0.0.9"}]}}])
    assert codes(servers.postgres(make_setup("A=1\n"))) == ["FAIL D31"]
    assert codes(servers.postgres(make_setup("A=1\n", system="Darwin"))) == []


def test_the_container_decides_what_pg_hba_says(
    docker: FakeDocker, make_setup: MakeSetup, postgres_server: PostgresServer
) -> None:
    rendered(docker, postgres_server.port)
    with_container(docker, {"state": "pg_hba", "message": "no", "address": "192.168.65.3"})
    found = only(servers.postgres(make_setup("A=1\n")))
    assert found.command
    assert found.command.en == "host postgres postgres 192.168.0.0/16 scram-sha-256"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"POSTGRES_PASSWORD": "wrong-one"}, "D33"),
        ({"POSTGRES_DB": "gone"}, "D34"),
        ({"POSTGRES_SERVER": "x.invalid"}, "D30"),
    ],
)
def test_refusals(
    docker: FakeDocker, make_setup: MakeSetup, postgres_server: PostgresServer, changes: dict[str, Any], code: str
) -> None:
    rendered(docker, postgres_server.port, **changes)
    assert codes(servers.postgres(make_setup("A=1\n"))) == [f"FAIL {code}"]


@pytest.mark.parametrize(("system", "command"), [("Darwin", "brew services start"), ("Linux", "./aipic services up")])
def test_nobody_there(docker: FakeDocker, make_setup: MakeSetup, system: str, command: str) -> None:
    rendered(docker, free_port(), free_port())
    setup = make_setup("A=1\n", system=system)
    found = [only(servers.postgres(setup)), only(servers.redis(setup))]
    assert codes(found) == ["FAIL D30", "FAIL D36"]
    assert all(command in str(one.command) for one in found)


@pytest.mark.parametrize(
    ("state", "code"),
    [("needs_password", "D38"), ("password", "D38"), ("no_password", "D38"), ("protected", "D39"), ("other", "D39")],
)
def test_redis_refuses(docker: FakeDocker, make_setup: MakeSetup, state: str, code: str) -> None:
    rendered(docker, 1, REDIS_HOST="redis")
    with_container(docker, {"state": state, "message": ""})
    assert codes(servers.redis(make_setup("A=1\n"))) == [f"FAIL {code}"]


def test_without_docker_from_here(make_setup: MakeSetup, postgres_server: PostgresServer) -> None:
    setup = make_setup(
        f"POSTGRES_SERVER={INSIDE}\nPOSTGRES_PORT={postgres_server.port}\nPOSTGRES_DB=postgres\nPOSTGRES_PASSWORD=wrong\n"
    )
    assert codes(servers.postgres(setup)) == ["FAIL D33"]
    assert codes(servers.redis(setup)) == []  # `./aipic up` brings its own


def test_probe_in_a_process_of_its_own(
    docker: FakeDocker, make_setup: MakeSetup, postgres_server: PostgresServer
) -> None:
    """The source goes in by standard input, the password with it: neither is on the command line."""
    rendered(docker, postgres_server.port)
    docker.says("image inspect backend:latest", [{}])
    docker.says("run", really=True)
    docker.says("network inspect ai-pic_default", [{}])
    values = {"host": "127.0.0.1", "port": postgres_server.port, "user": "postgres", "database": "postgres"}
    found = probe_from_container(make_setup("A=1\n"), wire, {**values, "password": PASSWORD})
    assert found is not None
    assert found["state"] == "ok"
    (call,) = (call for call in docker.calls() if call.startswith("run"))
    assert PASSWORD not in call
    assert "--pull never" in call
    assert "--rm" in call
    assert "--network ai-pic_default" in call
    assert f"--add-host {INSIDE}:host-gateway" in call
