"""``down``, ``status`` and ``logs`` from another terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.ops.up.stand_in import BACKEND, living, wait_until_gone

if TYPE_CHECKING:
    from tests.ops.up.stand_in import Project


def test_when_nothing_runs(project: Project) -> None:
    assert (project.ask("down").returncode, project.ask("down").stdout) == (0, "Nothing is running.\n")
    assert (project.ask("status").returncode, project.ask("status").stdout) == (1, "Nothing is running.\n")
    logs = project.ask("logs")
    assert logs.returncode == 2
    assert "There is no log yet" in logs.stderr


def test_status_logs_and_down(project: Project) -> None:
    up = project.start()
    up.wait_for("Ready after")
    up.wait_for("working")
    status = project.ask("status")
    assert status.returncode == 0, status.stdout
    for words in ("up", "backend", f"127.0.0.1:{project.port}", "worker", "running", "MB", "outside", "ready  http://"):
        assert words in status.stdout
    assert str(project.pid_of("worker")) in status.stdout

    assert "worker   │ working" in project.ask("logs").stdout
    assert project.ask("logs", "-n", "1", "backend").stdout.count("\n") == 1
    assert "GET /api/v1/utils/ready" in project.ask("logs", "backend").stdout
    assert project.ask("logs", "nothing").returncode == 2
    follow = project.start("logs", "-f", "backend", "-n", "1")
    follow.wait_for("/api/v1/utils/ready")
    project.get("/something")
    follow.wait_for("GET /something")
    assert follow.end() in {130, -signal.SIGINT}

    everybody = project.everybody()
    down = project.ask("down")
    assert down.returncode == 0, down.stderr
    assert down.stdout.startswith(f"Stopping it (process {up.process.pid})")
    assert down.stdout.endswith("Everything has stopped.\n")
    assert up.finish() == 0
    assert living(everybody) == []


def test_not_ready_says_why(project: Project) -> None:
    up = project.start(READY_AFTER="60")
    up.wait_for("queue down")
    status = project.ask("status")
    assert status.returncode == 1
    assert "not ready: queue down" in status.stdout


def test_down_stops_what_a_killed_one_left(project: Project) -> None:
    up = project.start(FINISHES_IN="20")
    up.wait_for("Ready after")
    everybody = project.everybody()
    guard = next(pid for pid in everybody if pid not in {p.pid for p in project.state().processes} and _is_guard(pid))
    os.kill(guard, signal.SIGSTOP)
    up.process.kill()
    os.kill(guard, signal.SIGKILL)
    up.finish()
    status = project.ask("status")
    assert status.returncode == 1
    assert "The last run ended abruptly and processes are left" in status.stdout
    down = project.ask("down")
    assert "stopped what it left behind: " in down.stdout
    wait_until_gone(everybody, 0.0)
    assert project.ask("status").stdout == "Nothing is running.\n"


def test_the_number_of_another_process_is_not_taken_for_ours(project: Project) -> None:
    up = project.start()
    up.wait_for("Ready after")
    state = project.state()
    assert up.end() == 0
    folder = project.run_folder
    import dataclasses

    strangers = [dataclasses.replace(one, pid=os.getpid(), identity="earlier") for one in state.processes]
    folder.write(dataclasses.replace(state, pid=os.getpid(), identity="earlier", processes=strangers))
    assert project.ask("down").stdout == "Nothing is running.\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_is_told_so(project: Project) -> None:
    (project.root / ".data").mkdir(mode=0o700)
    script = f"""
import os, sys
from app.ops.up.__main__ import main
main(["--root", "/nowhere", "status"])  # loads what it needs while Python's own files can be read
os.chdir({str(project.root)!r})
os.setuid(65534)
sys.exit(main(["--root", ".", sys.argv[1]]))
"""
    for command in ("up", "down", "status", "logs"):
        done = subprocess.run(
            [sys.executable, "-c", script, command],
            cwd=BACKEND,
            env=project.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "belongs to another user" in done.stderr, (command, done.stdout, done.stderr)
        assert done.returncode == 2


def _is_guard(pid: int) -> bool:
    from pathlib import Path

    return b"app.ops.up.guard" in Path(f"/proc/{pid}/cmdline").read_bytes()
