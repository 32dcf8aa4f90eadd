"""``up`` as a person runs it: from its first line to nothing being left."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from app.ops.embedded.processes import identity
from tests.ops.up.stand_in import living, wait_until_gone

if TYPE_CHECKING:
    from tests.ops.up.stand_in import Project

pytestmark = pytest.mark.long(30)


class TestEmbedded:
    def test_first_start_second_start_and_what_is_left(self, embedded: Project) -> None:
        up = embedded.start()
        up.wait_for("Ready after")
        assert "First start: creating the database" in up.said
        for address in ("/", "/docs", "/api/v1/utils/health-check/"):
            assert f"http://localhost:{embedded.port}{address}" in up.said
        answer = json.loads(embedded.get())["data"]["settings"]
        assert (answer["POSTGRES_SERVER"], answer["POSTGRES_USER"]) == ("127.0.0.1", "aipic")
        assert len(answer["SECRET_KEY"]) >= 43
        everybody = embedded.everybody()
        assert len(everybody) > 8
        assert up.end(signal.SIGINT) == 0
        assert living(everybody) == []
        assert up.said.endswith("Everything has stopped.")
        order = [up.said.index(f"Stopping {name}") for name in ("backend", "Redis", "PostgreSQL")]
        assert order == sorted(order)
        assert "worker   │ finished" in up.said

        begun = time.monotonic()
        second = embedded.start()
        second.wait_for("Ready after")
        assert time.monotonic() - begun < 5.0
        assert "First start" not in second.said
        assert json.loads(embedded.get())["data"]["settings"]["SECRET_KEY"] == answer["SECRET_KEY"]
        data = embedded.root / ".data"
        assert (data / "secrets.json").stat().st_mode & 0o777 == 0o600
        assert data.stat().st_mode & 0o777 == 0o700
        secrets = json.loads((data / "secrets.json").read_text()).values()
        logs = "".join(path.read_text() for path in (data / "logs").iterdir())
        assert [secret for secret in secrets if secret in logs + second.said] == []

    def test_servers_that_die_are_started_again(self, embedded: Project) -> None:
        up = embedded.start()
        up.wait_for("Ready after")
        for name, title in (("postgres", "PostgreSQL"), ("redis", "Redis")):
            before = embedded.pid_of(name)
            os.kill(before, signal.SIGKILL)
            up.wait_for(f"{title} ended unexpectedly (signal SIGKILL)")
            deadline = time.monotonic() + 10
            while embedded.pid_of(name) == before:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        assert up.process.poll() is None

    def test_killed_it_leaves_nothing_within_seconds(self, embedded: Project) -> None:
        up = embedded.start()
        up.wait_for("Ready after")
        everybody = embedded.everybody()
        up.process.kill()
        up.finish()
        wait_until_gone(everybody, 10.0)

    def test_killed_together_with_its_guard_the_next_one_clears_up(self, embedded: Project) -> None:
        up = embedded.start(FINISHES_IN="20")
        up.wait_for("Ready after")
        everybody = embedded.everybody()
        guard = next(pid for pid in everybody if b"app.ops.up.guard" in _command_line(pid))
        os.kill(guard, signal.SIGSTOP)
        up.process.kill()
        os.kill(guard, signal.SIGKILL)
        up.finish()
        worker = embedded.pid_of("worker")
        if not living([worker]):
            pytest.skip("the system was quicker than we: nothing is left to clear up")
        second = embedded.start()
        second.wait_for("The last run ended abruptly; stopped what it left behind:")
        second.wait_for("Ready after")
        wait_until_gone(everybody, 0.0)


class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_signals_end_it_in_order(self, project: Project, number: int) -> None:
        up = project.start()
        up.wait_for("Ready after")
        everybody = project.everybody()
        assert up.end(number) == 0
        assert living(everybody) == []
        assert "worker   │ finished" in up.said
        assert project.run_folder.read() is None

    def test_in_the_middle_of_the_start(self, project: Project) -> None:
        up = project.start(READY_AFTER="60")
        up.wait_for("queue down")
        everybody = project.everybody()
        assert up.end() == 0
        assert living(everybody) == []
        assert "Ready after" not in up.said

    def test_a_second_request_ends_the_patience(self, project: Project) -> None:
        up = project.start(FINISHES_IN="20")
        up.wait_for("Ready after")
        everybody = project.everybody()
        up.process.send_signal(signal.SIGINT)
        up.wait_for("worker   │ finishing")
        time.sleep(0.35)  # two at once are one request
        begun = time.monotonic()
        assert up.end() == 0
        assert time.monotonic() - begun < 5.0
        assert living(everybody) == []
        assert "worker   │ finished" not in up.said

    def test_under_nohup_the_end_of_the_terminal_is_nothing(self, project: Project) -> None:
        handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            up = project.start()
        finally:
            signal.signal(signal.SIGHUP, handler)
        up.wait_for("Ready after")
        up.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert up.process.poll() is None
        assert up.end(signal.SIGTERM) == 0

    def test_a_reader_that_goes_away_does_not_end_it(self, project: Project) -> None:
        up = project.start()
        up.wait_for("Ready after")
        assert up.process.stdout is not None
        os.kill(project.pid_of("worker"), signal.SIGKILL)
        up.wait_for("working", times=2)
        assert up.process.poll() is None


class TestDeath:
    def test_a_backend_that_dies_is_started_again(self, project: Project) -> None:
        up = project.start()
        up.wait_for("Ready after")
        with pytest.raises(OSError):  # noqa: PT011 - however the connection ends
            project.get("/die")
        up.wait_for("backend ended unexpectedly (exit code 3).")
        up.wait_for("Uvicorn running", times=3)  # the second time it is quoted
        assert "Its last lines:" in up.said
        assert project.get()

    def test_what_a_dead_worker_leaves_is_cleared_away(self, project: Project) -> None:
        up = project.start()
        up.wait_for("Ready after")
        up.wait_for("working")
        before = project.everybody()
        worker = project.pid_of("worker")
        os.kill(worker, signal.SIGKILL)
        up.wait_for("worker ended unexpectedly (signal SIGKILL). Starting it again in 0.5 s.")
        up.wait_for("working", times=3)  # the second time it is quoted
        assert len(project.everybody()) == len(before)
        assert identity(worker) is None

    def test_three_deaths_end_everything(self, project: Project) -> None:
        up = project.start(WORKER_FAILS="yes")
        assert up.finish() == 1
        assert up.said.count("worker ended unexpectedly (exit code 1)") == 3
        assert "worker ended 3 times within a short time; giving up" in up.said
        assert "no engine in here" in up.said
        assert "Everything has stopped." in up.said

    def test_the_guard_is_replaced(self, project: Project) -> None:
        up = project.start()
        up.wait_for("Ready after")
        guard = next(pid for pid in project.everybody() if b"app.ops.up.guard" in _command_line(pid))
        os.kill(guard, signal.SIGKILL)
        time.sleep(0.3)
        guards = [pid for pid in project.everybody() if b"app.ops.up.guard" in _command_line(pid)]
        assert len(guards) == 1
        assert guards != [guard]


class TestRefusal:
    def test_a_second_one(self, project: Project) -> None:
        up = project.start()
        up.wait_for("Ready after")
        second = project.ask("up")
        assert second.returncode == 2
        assert f"It is running already (process {up.process.pid})" in second.stderr
        assert project.get()

    @pytest.mark.parametrize("setting", ["BACKEND_PORT", "METRICS_PORT"])
    def test_a_port_in_use(self, project: Project, setting: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            done = project.ask("up", **{setting: str(port)})
        assert done.returncode == 2
        assert f"Port {port} is in use by process {os.getpid()}, " in done.stdout
        assert re.search(rf"{setting}=\d+ ./aipic up", done.stdout)

    def test_the_database_s_port_in_use(self, embedded: Project) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            done = embedded.ask("up", POSTGRES_PORT=str(port))
        assert done.returncode == 2
        assert "POSTGRES_PORT=" in done.stdout

    def test_a_migration_fails(self, project: Project) -> None:
        done = project.ask("up", MIGRATION_FAILS="yes")
        assert done.returncode == 1
        assert "Bringing the database up to date failed (exit code 1)" in done.stdout
        assert "    column is missing" in done.stdout
        assert "Starting the service" not in done.stdout

    @pytest.mark.parametrize("value", ["abc", "0", "65536", "-1", "٣"])
    def test_a_setting_that_is_none(self, project: Project, value: str) -> None:
        done = project.ask("up", BACKEND_PORT=value)
        assert done.returncode == 2
        assert f"The setting BACKEND_PORT={value} is wrong: it must be a port" in done.stderr

    def test_broken_secrets(self, project: Project) -> None:
        secrets = project.root / ".data" / "secrets.json"
        secrets.parent.mkdir()
        secrets.write_text("{")
        done = project.ask("up")
        assert done.returncode == 2
        assert "secrets.json is broken" in done.stdout


class TestOutside:
    def test_it_says_which_servers_it_uses(self, project: Project) -> None:
        (project.root / ".env").write_text(f"POSTGRES_SERVER=127.0.0.1\nREDIS_HOST=127.0.0.1\nSECRET_KEY={'k' * 40}\n")
        del project.environment["POSTGRES_SERVER"], project.environment["REDIS_HOST"]
        up = project.start()
        up.wait_for("Ready after")
        port = project.environment["POSTGRES_PORT"]
        assert f"PostgreSQL: using the one at 127.0.0.1:{port}, which POSTGRES_SERVER names." in up.said
        assert "Redis: using the one at 127.0.0.1:" in up.said
        answer = json.loads(project.get())["data"]["settings"]
        assert answer["POSTGRES_SERVER"] == "127.0.0.1"
        assert answer["SECRET_KEY"] == ""  # the children read `.env` themselves
        assert not (project.root / ".data" / "postgres").exists()

    def test_one_that_does_not_answer(self, project: Project) -> None:
        up = project.start(POSTGRES_SERVER="127.0.0.1", POSTGRES_PORT="1")
        up.wait_for("Waiting for PostgreSQL at 127.0.0.1:1")
        assert up.end() == 0


def _command_line(pid: int) -> bytes:
    from pathlib import Path

    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
