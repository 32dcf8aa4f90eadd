from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]
import pytest

from app.ops.embedded import FolderInUse, PostgresServer, ServerFailed, free_port
from app.ops.embedded.processes import family, identity

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "it's a \\ secret"
BACKEND = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with PostgresServer(tmp_path_factory.mktemp("postgres"), password=PASSWORD, durable=False) as started:
        yield started


def wait_until_gone(pids: list[int], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while any(identity(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still there: {[pid for pid in pids if identity(pid)]}"
        time.sleep(0.02)


class TestStart:
    def test_it_is_release_18_and_speaks_utf8(self, server: PostgresServer) -> None:
        assert server.execute("SHOW server_version").startswith("18.")
        assert server.execute("SELECT '笑😀'; SHOW server_encoding") == "笑😀\nUTF8"
        assert server.execute("SHOW timezone") == "UTC"

    def test_it_listens_on_the_loopback_only(self, server: PostgresServer) -> None:
        assert server.execute("SHOW listen_addresses") == "127.0.0.1"
        assert server.execute("SHOW unix_socket_directories") == ""

    def test_a_wrong_password_is_refused(self, server: PostgresServer) -> None:
        stranger = PostgresServer(server.folder, password="guessed", port=server.port)
        with pytest.raises(ServerFailed, match="password authentication failed"):
            stranger.execute("SELECT 1")

    def test_it_does_not_run_as_root_and_its_data_are_private(self, server: PostgresServer) -> None:
        assert server.pid is not None
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
        assert server.home.stat().st_mode & 0o777 == 0o700

    def test_the_password_is_not_on_the_command_line_nor_in_a_file(self, server: PostgresServer) -> None:
        assert b"secret" not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
        assert not [path for path in server.folder.glob("*") if path.is_file() and b"secret" in path.read_bytes()]

    def test_starting_twice_is_starting_once(self, server: PostgresServer) -> None:
        pid = server.pid
        server.start()
        assert server.pid == pid

    def test_nobody_else_may_use_the_folder_meanwhile(self, server: PostgresServer) -> None:
        with pytest.raises(FolderInUse):
            PostgresServer(server.folder, password=PASSWORD).start()
        assert server.execute("SELECT 1") == "1"

    def test_errors_in_sql_are_raised(self, server: PostgresServer) -> None:
        with pytest.raises(ServerFailed, match="does not exist"):
            server.execute("SELECT * FROM nothing")


class TestDatabase:
    def test_a_role_of_its_own_owns_it(self, server: PostgresServer) -> None:
        server.create_database('odd "name', "it's", "p'w")
        server.create_database('odd "name', "it's", "p'w")
        assert server.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = 'it''s'") == "f|f"

        async def use() -> object:
            login = {"user": "it's", "password": "p'w", "database": 'odd "name'}
            connection = await asyncpg.connect(host=server.host, port=server.port, **login)
            await connection.execute("CREATE TABLE t (n int)")
            return await connection.close()

        asyncio.run(use())


class TestEnd:
    def test_stop_and_start_keep_data_and_port(self, server: PostgresServer) -> None:
        server.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
        pid, port = server.pid, server.port
        server.stop()
        assert server.pid is None
        assert pid is not None
        assert identity(pid) is None
        server.start()
        assert server.port == port
        assert server.execute("SELECT n FROM kept") == "7"

    def test_kill_takes_all_its_processes_and_what_was_committed_stays(self, server: PostgresServer) -> None:
        server.execute("CREATE TABLE crashed (n int); INSERT INTO crashed VALUES (8)")
        assert server.pid is not None
        everybody = family(server.pid)
        assert len(everybody) > 3
        server.kill()
        assert server.pid is None
        assert server.exit_code == -signal.SIGKILL
        assert [pid for pid in everybody if identity(pid)] == []
        server.start()
        assert server.execute("SELECT n FROM crashed") == "8"

    def test_restart(self, server: PostgresServer) -> None:
        pid = server.pid
        server.restart()
        assert server.pid not in {None, pid}
        assert server.execute("SELECT 1") == "1"

    def test_a_number_left_by_a_crash_that_another_process_has_now(self, server: PostgresServer) -> None:
        server.kill()
        path = server.home / "postmaster.pid"
        lines = path.read_text().splitlines()
        with subprocess.Popen(["sleep", "30"]) as other:
            path.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
            server.start()
            assert other.poll() is None
            other.kill()
        assert server.execute("SELECT 1") == "1"

    def test_a_port_that_is_taken(self, server: PostgresServer) -> None:
        server.stop()
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", server.port))
            other.listen()
            fixed = PostgresServer(server.folder, password=PASSWORD, port=server.port, durable=False)
            with pytest.raises(ServerFailed, match="Address already in use"):
                fixed.start()
            server.start()  # its port was its own choice, so it takes another
        assert server.execute("SELECT 1") == "1"


OWNER = """
import sys, time
from pathlib import Path
from app.ops.embedded import PostgresServer, RedisServer
folder = Path(sys.argv[1])
servers = [PostgresServer(folder / "pg", password="x", durable=False), RedisServer(folder / "redis", password="x")]
for server in servers:
    server.start()
print(*(server.pid for server in servers), flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_killed_owners_take_their_servers_along_and_the_next_one_starts(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], cwd=BACKEND, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    with owner.stdout:
        pids = [int(word) for word in owner.stdout.readline().split()]
    assert len(pids) == 2
    owner.kill()
    owner.wait()
    with PostgresServer(tmp_path / "pg", password="x", durable=False) as server:
        assert server.execute("SELECT 1") == "1"
    wait_until_gone(pids)


def test_a_server_without_an_owner_is_ended_before_the_next_start(tmp_path: Path) -> None:
    """As on systems that do not end children with their parent: noted in the folder, but held by nobody."""
    first = PostgresServer(tmp_path, password="x", durable=False, port=free_port())
    first.start()
    pid = first.pid
    assert pid is not None
    assert first._held is not None
    first._held.close()
    first._held = None
    with PostgresServer(tmp_path, password="x", durable=False) as second:
        assert identity(pid) is None
        assert second.execute("SELECT 1") == "1"
    first.stop()


def test_broken_off_while_it_was_made(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def pause(seconds: float) -> None:
        if any((tmp_path / "18.new").glob("*/*")):
            raise Enough
        time.sleep(seconds)

    with pytest.raises(Enough):
        PostgresServer(tmp_path, password="x", durable=False, pause=pause).start()
    with PostgresServer(tmp_path, password="x", durable=False) as server:
        assert server.execute("SELECT 1") == "1"
    assert not (tmp_path / "18.new").exists()
