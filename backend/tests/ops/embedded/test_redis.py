from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.ops.embedded import RedisServer, ServerFailed
from app.ops.embedded.processes import identity

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path, password='a "secret\\') as started:
        yield started


def client(server: RedisServer, password: str = 'a "secret\\') -> redis.Redis:
    once = Retry(NoBackoff(), 0)
    return redis.Redis(host=server.host, port=server.port, password=password, decode_responses=True, retry=once)


def test_it_wants_a_password_that_nobody_can_see(server: RedisServer) -> None:
    with client(server) as ours:
        assert ours.ping()
        assert ours.config_get("bind") == {"bind": "127.0.0.1"}
        assert int(str(ours.info("server")["redis_version"]).partition(".")[0]) >= 7
    with client(server, "guessed") as theirs, pytest.raises(redis.AuthenticationError):
        theirs.ping()
    assert b"secret" not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
    assert not [path for path in server.folder.rglob("*") if path.is_file() and b'a "secret\\' in path.read_bytes()]
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0


def test_what_was_written_is_there_after_a_restart(server: RedisServer) -> None:
    with client(server) as ours:
        ours.set("kept", "7")
    pid = server.pid
    server.restart()
    assert server.pid != pid
    with client(server) as ours:
        assert ours.get("kept") == "7"
        server.flush()
        assert ours.get("kept") is None


def test_killed_and_started_again(server: RedisServer) -> None:
    pid = server.pid
    server.kill()
    assert server.pid is None
    assert server.exit_code == -signal.SIGKILL
    assert pid is not None
    assert identity(pid) is None
    server.start()
    with client(server) as ours:
        assert ours.ping()


def test_without_a_journal_all_is_gone(tmp_path: Path) -> None:
    with RedisServer(tmp_path, password="x", durable=False) as server:
        with client(server, "x") as ours:
            ours.set("lost", "7")
        server.restart()
        with client(server, "x") as ours:
            assert ours.get("lost") is None


def test_data_that_it_cannot_read_are_set_aside(server: RedisServer) -> None:
    server.stop()
    [base] = server.home.rglob("*.base.rdb")
    base.write_bytes(b"REDIS9999" + base.read_bytes()[9:])
    server.start()
    assert server.set_aside is not None
    assert list(server.set_aside.rglob("*.base.rdb"))
    with client(server) as ours:
        assert ours.ping()


def test_a_failure_tells_its_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ops.embedded.redis._program", lambda account: shutil.which("ls"))
    with pytest.raises(ServerFailed, match=r"ended with code 2\n.*ls: cannot access '-'"):
        RedisServer(tmp_path / "data", password="x").start()
