"""The protocols, spoken with real servers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.core.settings import Settings
from app.ops.doctor.verdicts import Server, postgres_verdict
from app.ops.doctor.wire import postgres, redis
from app.ops.embedded import PostgresServer, RedisServer, free_port
from tests.conftest import PASSWORD

LOGIN: dict[str, Any] = {"user": "aipic", "password": PASSWORD, "database": "aipic"}


@pytest.fixture
def server(migrated: Settings, postgres_server: PostgresServer) -> PostgresServer:
    return postgres_server


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "ok"),
        ({"password": "wrong"}, "password"),
        ({"password": ""}, "password"),
        ({"user": "nobody-of-that-name"}, "password"),
        ({"database": "no-such-database"}, "database"),
    ],
)
def test_postgres(server: PostgresServer, changes: dict[str, str], state: str) -> None:
    found = postgres.probe(server.host, server.port, **(LOGIN | changes))
    assert found["state"] == state, found
    assert PASSWORD not in str(found)
    if state == "ok":
        assert found["version"].startswith("18")
        assert found["listen"] == "127.0.0.1"


@contextmanager
def rules(server: PostgresServer, content: str) -> Iterator[None]:
    """Other rules for a while. The superuser keeps a way in, to take them back."""
    path = server.home / "pg_hba.conf"
    before = path.read_text()
    try:
        load(server, f"host all postgres all scram-sha-256\n{content}\n")
        yield
    finally:
        load(server, before)


def load(server: PostgresServer, content: str) -> None:
    (server.home / "pg_hba.conf").write_text(content)
    before = server.execute("SELECT pg_conf_load_time()")
    server.execute("SELECT pg_reload_conf()")
    until = time.monotonic() + 10
    while server.execute("SELECT pg_conf_load_time()") == before:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_postgres_does_not_allow_the_address(server: PostgresServer) -> None:
    with rules(server, "host other other 10.0.0.1/32 scram-sha-256"):
        found = postgres.probe(server.host, server.port, **LOGIN)
    assert found["state"] == "pg_hba"
    assert found["address"] == "127.0.0.1"
    verdict = postgres_verdict(
        Server("PostgreSQL", "POSTGRES", "h", 5432, "me", "mine"), {**found, "address": "172.18.0.3"}
    )
    assert verdict.code == "D32"
    assert verdict.command
    assert verdict.command.en == "host mine me 172.16.0.0/12 scram-sha-256"
    assert "172.18.0.3" in str(verdict.cause)


@pytest.mark.parametrize("method", ["md5", "password"])
def test_older_ways_to_sign_in(server: PostgresServer, method: str) -> None:
    server.execute("SET password_encryption = 'md5'; CREATE ROLE elder LOGIN PASSWORD 'known-secret'")
    try:
        with rules(server, f"host all elder all {method}"):
            right, wrong = (
                postgres.probe(server.host, server.port, user="elder", password=password, database="aipic")["state"]
                for password in ("known-secret", "unknown")
            )
    finally:
        server.execute("DROP ROLE elder")
    assert (right, wrong) == ("ok", "password")


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "ok"),
        ({"password": "wrong"}, "password"),
        ({"password": ""}, "needs_password"),
        ({"database": 9999}, "database"),
    ],
)
def test_redis(redis_server: RedisServer, changes: dict[str, object], state: str) -> None:
    values: dict[str, object] = {"password": PASSWORD, "database": 0, **changes}
    found = redis.probe(redis_server.host, redis_server.port, **values)  # type: ignore[arg-type]
    assert found["state"] == state, found
    assert state != "ok" or found["version"][0].isdigit()


Probe = Callable[[str, int], dict[str, object]]


def ask_postgres(host: str, port: int, limit: float = 0.5) -> dict[str, object]:
    return postgres.probe(host, port, limit=limit, **LOGIN)


def ask_redis(host: str, port: int, limit: float = 0.5) -> dict[str, object]:
    return redis.probe(host, port, password="x", database=0, limit=limit)


both = pytest.mark.parametrize("probe", [ask_postgres, ask_redis])


@both
def test_nobody_listens(probe: Probe) -> None:
    assert probe("127.0.0.1", free_port())["state"] == "refused"


@both
def test_no_such_name(probe: Probe) -> None:
    assert probe("no-such-host.invalid", 1)["state"] == "name"


@contextmanager
def program(answer: bytes | None) -> Iterator[int]:
    """Something else on that port; None says nothing and holds the line."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(3)
                connection.recv(1024)
                if answer is not None:
                    connection.sendall(answer)
                else:
                    while connection.recv(1024):
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@both
@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", None], ids=["web", "closes", "silent"])
def test_another_program(probe: Probe, answer: bytes | None) -> None:
    with program(answer) as port:
        assert probe("127.0.0.1", port)["state"] == "other"


def test_redis_without_a_password_and_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    with program(b"-ERR AUTH <password> called without any password configured for the default user.\r\n") as port:
        assert ask_redis("127.0.0.1", port)["state"] == "no_password"
    with program(b"-DENIED Redis is running in protected mode because ...\r\n") as port:
        assert ask_redis("127.0.0.1", port)["state"] == "protected"
