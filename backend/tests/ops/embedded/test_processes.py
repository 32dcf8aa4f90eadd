from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app.ops.embedded import reachable
from app.ops.embedded.ports import answers, free_port, is_free
from app.ops.embedded.processes import (
    Account,
    end_session,
    identity,
    session_members,
    start_tethered,
    unprivileged_account,
)

SLEEP = [sys.executable, "-c", "import time; time.sleep(30)"]
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
print("up", flush=True)
time.sleep(30)
"""


def start(code: list[str], **options: int) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.defpath}
    return start_tethered(code, cwd=Path("/"), output=subprocess.PIPE, env=environment, death_signal=signal.SIGTERM)


class TestTether:
    def test_it_becomes_the_program_in_a_session_of_its_own(self) -> None:
        with start([sys.executable, "-c", "import os; print(os.getpid(), os.getsid(0), os.getppid())"]) as process:
            out, _ = process.communicate()
        assert out.decode().split() == [str(process.pid), str(process.pid), str(os.getpid())]

    def test_a_program_that_is_missing(self) -> None:
        with start(["/no/such/program"]) as process:
            out, _ = process.communicate()
        assert process.returncode == 1
        assert b"/no/such/program: No such file" in out

    def test_the_end_of_the_thread_that_asked_for_it_does_not_end_it(self) -> None:
        started: list[subprocess.Popen[bytes]] = []
        thread = threading.Thread(target=lambda: started.append(start(SLEEP)))
        thread.start()
        thread.join()
        time.sleep(0.2)
        [process] = started
        assert process.poll() is None
        process.kill()
        process.communicate()


class TestEndSession:
    def test_a_stubborn_one_is_killed_with_its_children(self) -> None:
        with start([sys.executable, "-c", STUBBORN]) as process:
            assert process.stdout is not None
            process.stdout.readline()
            known = identity(process.pid)
            assert known is not None
            everybody = session_members(process.pid)
            assert len(everybody) == 2
            assert end_session(process.pid, known, signal.SIGTERM, 0.1)
            assert [pid for pid in everybody if identity(pid)] == []

    def test_children_of_one_that_died_are_found(self) -> None:
        with start([sys.executable, "-c", STUBBORN]) as process:
            assert process.stdout is not None
            process.stdout.readline()
            known = identity(process.pid)
            assert known is not None
            process.kill()
            process.wait()
            [orphan] = session_members(process.pid)
            assert end_session(process.pid, known, signal.SIGTERM, 1.0)
            assert identity(orphan) is None

    def test_another_process_with_that_number_is_left_alone(self) -> None:
        with start(SLEEP) as process:
            assert not end_session(process.pid, "an earlier one", signal.SIGTERM, 1.0)
            assert process.poll() is None
            process.kill()


class TestIdentity:
    def test_it_stays_and_ends_with_the_process(self) -> None:
        with start(SLEEP) as process:
            known = identity(process.pid)
            assert known is not None
            assert identity(process.pid) == known
            process.kill()
            process.wait()
        assert identity(process.pid) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand a program to another user")
class TestReachable:
    nobody = Account(65534, 65534)

    def test_behind_a_closed_door_there_is_a_copy(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        cache = tmp_path / "cache"
        monkeypatch.setattr(reachable, "_CACHE", cache)
        site = tmp_path / "site"
        for folder in ("wheel/bin", "wheel/share", "wheel.libs", "wheel/include", "other"):
            (site / folder).mkdir(parents=True, mode=0o700)
        (site / "wheel" / "bin" / "server").touch(0o700)
        (site / "wheel" / "share" / "data").touch(0o600)
        parts = ("wheel", "wheel.libs", "wheel.dylibs")
        program = reachable.for_account(site, parts, "wheel/bin/server", self.nobody)
        assert cache in program.parents
        assert program.stat().st_mode & 0o777 == 0o755
        assert (program.parents[1] / "share" / "data").stat().st_mode & 0o777 == 0o644
        copied = sorted(str(path.relative_to(program.parents[2])) for path in program.parents[2].rglob("*"))
        assert copied == ["wheel", "wheel.libs", "wheel/bin", "wheel/bin/server", "wheel/share", "wheel/share/data"]
        assert reachable.for_account(site, parts, "wheel/bin/server", self.nobody) == program
        assert (site / "wheel" / "share").stat().st_mode & 0o777 == 0o700
        os.utime(site / "wheel", (1, 1))  # a new release of the wheel
        second = reachable.for_account(site, parts, "wheel/bin/server", self.nobody)
        assert second != program
        assert not program.exists()

    def test_where_all_may_go_nothing_is_copied(self) -> None:
        assert reachable.for_account(Path("/usr"), (), "bin/env", self.nobody) == Path("/usr/bin/env")

    def test_root_hands_over_to_the_owner_of_the_data(self, tmp_path: Path) -> None:
        assert unprivileged_account(tmp_path / "new").uid not in {-1, 0}
        os.chown(tmp_path, 12345, 12346)
        assert unprivileged_account(tmp_path) == Account(12345, 12346)


def test_ports() -> None:
    import socket

    port = free_port()
    assert is_free(port)
    assert not answers(port)
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        assert not is_free(port)
        assert answers(port)
