"""The background servers as a person runs them: from the first start to nothing being left."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
import sys
import time

import pytest

from app.ops.doctor.wire import postgres as postgres_wire
from app.ops.doctor.wire import redis as redis_wire
from app.ops.embedded import PostgresServer, load_secrets
from app.ops.embedded.ports import answers
from app.ops.init.env_file import read_env
from app.ops.services.places import read_plan
from app.ops.up.configuration import Outside, load_configuration
from app.ops.up.servers import TITLES
from tests.ops.services.conftest import GATEWAY, Project
from tests.ops.services.terminal import Terminal
from tests.ops.up.stand_in import living, wait_until_gone

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have no second loopback address"),
    pytest.mark.long(16),
]

OURS = {
    *("POSTGRES_SERVER", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"),
    *("REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"),
}


def signs_in(project: Project, host: str) -> tuple[str, str]:
    """What both servers say there to whoever has the lines of `.env`."""
    line = project.file
    port = int(line["POSTGRES_PORT"])
    user, password, database = (line[f"POSTGRES_{part}"] for part in ("USER", "PASSWORD", "DB"))
    asked = postgres_wire.probe(host, port, user=user, password=password, database=database)
    answered = redis_wire.probe(host, int(line["REDIS_PORT"]), password=line["REDIS_PASSWORD"], database=0)
    return asked["state"], answered["state"]


def superuser(project: Project, sql: str) -> str:
    plan, secrets = read_plan(project.places.plan), load_secrets(project.places.secrets)
    assert plan is not None
    folder = project.places.data / "postgres"
    server = PostgresServer(folder, password=secrets.postgres_superuser_password, port=plan.postgres_port)
    return server.execute(sql)


def test_from_nothing_to_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    said = project.up()
    example = (project.root / ".env.example").read_text("utf-8")
    made = project.file
    assert stat.S_IMODE(project.dotenv.stat().st_mode) == 0o600
    assert made["POSTGRES_SERVER"] == made["REDIS_HOST"] == "host.docker.internal"
    assert (made["POSTGRES_DB"], made["POSTGRES_USER"]) == ("aipic", "aipic")
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY"):
        assert len(made[name]) > 40
        assert made[name] not in said
    unlike = [(new, old) for new, old in zip(made.content.split("\n"), example.split("\n"), strict=True) if new != old]
    assert {new.partition("=")[0] for new, _ in unlike} == OURS - {"POSTGRES_PORT", "REDIS_PORT"} | {"SECRET_KEY"}
    assert signs_in(project, "127.0.0.1") == signs_in(project, GATEWAY) == ("ok", "ok")

    rules = superuser(project, "SELECT address, user_name, auth_method FROM pg_hba_file_rules").splitlines()
    assert rules[0] == "127.0.0.1|{all}|scram-sha-256"
    for network in ("samenet", "172.16.0.0", "192.168.0.0", "10.77.0.0"):
        assert [rule for rule in rules if rule.startswith(network)] == [
            f"{network}|{{postgres}}|reject",
            f"{network}|{{all}}|scram-sha-256",
        ]
    plain = redis_wire.probe("127.0.0.1", int(made["REDIS_PORT"]), password="", database=0)
    assert plain["state"] == "needs_password"

    told = project.status()
    assert (told["running"], told["ready"], told["pid"]) == (True, True, project.state().pid)
    assert {(one["name"], one["port"], tuple(one["addresses"])) for one in told["servers"]} == {
        ("postgres", int(made["POSTGRES_PORT"]), ("127.0.0.1", GATEWAY)),
        ("redis", int(made["REDIS_PORT"]), ("127.0.0.1", GATEWAY)),
    }
    assert f"They run already (process {told['pid']})" in project.up()
    assert project.file == made
    monkeypatch.setattr("app.ops.up.configuration.in_container", lambda: False)
    configuration = load_configuration(project.root)
    assert configuration.postgres == Outside("127.0.0.1", int(made["POSTGRES_PORT"]))
    assert configuration.redis == Outside("127.0.0.1", int(made["REDIS_PORT"]))

    superuser(project, "CREATE TABLE kept ()")
    everybody = project.everybody()
    assert len(everybody) > 4
    down = project.ask("down")
    assert (down.returncode, down.stderr) == (0, "")
    assert living(everybody) == []
    assert not answers(int(made["POSTGRES_PORT"]))
    assert project.ask("status").returncode == 1
    assert project.ask("down").stdout == "Nothing is running.\n"

    assert "Docker does not answer" in project.up(DOCKER_IS_DOWN="yes")
    assert project.file == made, "the ports are remembered"
    assert superuser(project, "SELECT count(*) FROM kept") == "0"
    assert not answers(int(made["POSTGRES_PORT"]), GATEWAY)
    assert "the addresses have changed" in project.up()
    assert signs_in(project, GATEWAY) == ("ok", "ok")


def test_the_terminal_may_go_and_whatever_is_killed_comes_back(project: Project) -> None:
    terminal = Terminal(project.command("up"), project.environment)
    terminal.wait_for("Written to .env")
    terminal.wait_for("docker compose up -d")
    terminal.close()
    terminal.process.wait(10)
    supervisor = project.state().pid
    assert os.getsid(supervisor) == supervisor
    assert signs_in(project, GATEWAY) == ("ok", "ok")

    record = project.places.logs / "services.log"
    for name, title in TITLES.items():
        os.kill(next(one.pid for one in project.state().processes if one.name == name), signal.SIGKILL)
        deadline = time.monotonic() + 15
        while f"{title} runs again" not in record.read_text():
            assert time.monotonic() < deadline, record.read_text()
            time.sleep(0.05)
        assert f"{title} ended unexpectedly (signal SIGKILL)" in record.read_text()
        assert signs_in(project, GATEWAY) == ("ok", "ok")
    assert project.state().pid == supervisor

    everybody = project.everybody()
    os.kill(supervisor, signal.SIGKILL)
    wait_until_gone(everybody)
    assert project.ask("status").stdout.startswith("Nothing is running.")
    project.up()
    assert signs_in(project, GATEWAY) == ("ok", "ok")
    everybody = project.everybody()
    assert project.ask("down").returncode == 0
    assert living(everybody) == []


def test_taken_ports_are_passed_over(project: Project) -> None:
    wanted = int(read_env(project.root / ".env.example")["POSTGRES_PORT"])
    with socket.create_server((GATEWAY, wanted)):  # on one of the two addresses only
        said = project.up()
    chosen = int(project.file["POSTGRES_PORT"])
    assert chosen != wanted
    assert f"{GATEWAY}:{chosen}" in said
    assert signs_in(project, GATEWAY) == ("ok", "ok")


class TestOtherServersInTheFile:
    content = "# mine\r\nSECRET_KEY=x\r\nPOSTGRES_SERVER=db.example.com\nPOSTGRES_PASSWORD='s e'\nREDIS_HOST=r\nA=\xe4"

    @pytest.fixture
    def foreign(self, project: Project) -> Project:
        project.dotenv.write_bytes(self.content.encode("latin-1"))
        return project

    def test_are_not_replaced_unasked(self, foreign: Project) -> None:
        done = foreign.ask("up")
        assert done.returncode == 2
        assert "POSTGRES_SERVER=db.example.com:, REDIS_HOST=r:" in done.stderr
        assert "--yes" in done.stderr
        assert "s e" not in done.stderr
        assert foreign.dotenv.read_bytes() == self.content.encode("latin-1")
        assert not (foreign.places.data / "postgres").exists()

    def test_are_not_replaced_when_somebody_says_no(self, foreign: Project) -> None:
        terminal = Terminal(foreign.command("up"), foreign.environment)
        terminal.answer(("Replace that?", ""))
        assert terminal.finish() == 2
        assert not (foreign.places.data / "postgres").exists()

    def test_are_replaced_with_yes(self, foreign: Project) -> None:
        foreign.dotenv.write_bytes(self.content.encode("latin-1") + b"\nPOSTGRES_PORT=1\n")
        foreign.up("--yes")
        lines = foreign.dotenv.read_bytes().split(b"\n")
        assert lines[:3] == [b"# mine\r", b"SECRET_KEY=x\r", b"POSTGRES_SERVER=host.docker.internal"]
        assert b"A=\xe4" in lines
        assert signs_in(foreign, GATEWAY) == ("ok", "ok")


def test_a_running_up_keeps_its_data_to_itself(project: Project) -> None:
    folder = project.places.data / "postgres"
    folder.mkdir(parents=True)
    with (folder / "owner").open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        done = project.ask("up")
    assert done.returncode == 2
    assert "./aipic down" in done.stderr
    assert project.file["POSTGRES_SERVER"] == ""
    assert not project.status()["running"]


def test_a_wrong_address(project: Project) -> None:
    done = project.ask("up", SERVICES_BIND="8.8.8.8")
    assert done.returncode == 2
    assert "SERVICES_BIND is wrong: 8.8.8.8" in done.stderr
