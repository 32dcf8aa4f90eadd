"""What runs in a container, here in the tests' own process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.settings import Settings
from app.ops.doctor import __main__ as entry
from app.ops.doctor.inside import checks
from app.ops.doctor.inside.place import Inside
from app.ops.doctor.inside.tiny_picture import use_engine
from app.ops.embedded import PostgresServer, free_port
from tests.ops.doctor.conftest import codes, only


def within(settings: Settings, **changes: Any) -> Inside:
    inside = Inside()
    inside.__dict__["loaded"] = (Settings(_env_file=None, **(settings.model_dump() | changes)), [])
    return inside


def test_wrong_settings_are_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIPIC_ENV_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    monkeypatch.setenv("SMTP_PORT", "hunter2")
    monkeypatch.setenv("ENVIRONMENT", "production")
    found = list(checks.settings(Inside()))
    assert codes(found) == ["FAIL D50"]
    assert "SMTP_PORT" in found[0].what.en
    assert "hunter2" not in str(found)
    assert codes(checks.database(Inside())) == []
    monkeypatch.setenv("SMTP_PORT", "25")
    monkeypatch.setenv("POSTGRES_PASSWORD", "short")
    assert "POSTGRES_PASSWORD" in str(only(checks.settings(Inside())).cause)


def test_all_well(settings: Settings) -> None:
    inside = within(settings)
    for check in (checks.settings, checks.database, checks.redis, checks.storage, checks.mail):
        found = list(check(inside))
        assert found
        assert codes(found) == []


def test_database_of_another_version(settings: Settings, postgres_server: PostgresServer) -> None:
    postgres_server.create_database("empty_of_tests", settings.POSTGRES_USER, "x")
    try:
        found = only(checks.database(within(settings, POSTGRES_DB="empty_of_tests")))
    finally:
        postgres_server.execute("DROP DATABASE empty_of_tests WITH (FORCE)")
    assert found.code == "D51"
    assert found.command
    assert found.command.en == "docker compose run --rm prestart"


def test_servers_that_are_not_there(settings: Settings) -> None:
    port = free_port()
    assert codes(checks.database(within(settings, POSTGRES_PORT=port))) == ["FAIL D30"]
    assert codes(checks.redis(within(settings, REDIS_PORT=port))) == ["FAIL D36"]
    assert codes(checks.mail(within(settings, SMTP_HOST="127.0.0.1", SMTP_PORT=port))) == ["FAIL D53"]


def test_folder_that_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = only(checks.storage(within(settings, MEDIA_ROOT=tmp_path / "file" / "media")))
    assert found.code == "D52"
    assert found.command
    assert "chown -R" in found.command.en


def test_no_mail_server_for_strangers(settings: Settings) -> None:
    assert codes(checks.mail(within(settings, ENVIRONMENT="production"))) == ["WARN D53"]


@pytest.fixture
def mail_server() -> Iterator[tuple[int, list[bytes]]]:
    """Greets, knows no encryption, says goodbye."""
    heard: list[bytes] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as talk:
                talk.write(b"220 test ESMTP\r\n")
                talk.flush()
                for line in talk:
                    heard.append(line.strip().upper())
                    talk.write(b"250 test\r\n" if not line.upper().startswith(b"QUIT") else b"221 bye\r\n")
                    talk.flush()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        thread.join(5)


@pytest.mark.parametrize(("tls", "expected"), [(False, []), (True, ["FAIL D53"])])
def test_mail_server(settings: Settings, mail_server: tuple[int, list[bytes]], tls: bool, expected: list[str]) -> None:
    port, heard = mail_server
    inside = within(settings, SMTP_HOST="127.0.0.1", SMTP_PORT=port, SMTP_TLS=tls)
    assert codes(checks.mail(inside)) == expected
    assert heard[0].startswith(b"EHLO")
    assert not any(line.startswith((b"MAIL", b"DATA")) for line in heard)


def test_engine(settings: Settings) -> None:
    count, reason = asyncio.run(use_engine(settings.model_copy(update={"ENGINE": "local"})))
    assert reason is None
    assert count > 10


def test_engine_that_does_not_exist(settings: Settings) -> None:
    found = only(checks.engine(within(settings, ENGINE="none")))
    assert found.code == "D54"
    assert found.command
    assert "ENGINE=local" in found.command.en


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is itself a container still has the launcher beside the program."""
    monkeypatch.setattr(entry, "_MARKS", (tmp_path / "mark",))
    assert not entry._in_our_container(tmp_path)
    (tmp_path / "mark").touch()
    assert entry._in_our_container(tmp_path)
    (tmp_path / "aipic").touch()
    assert not entry._in_our_container(tmp_path)
