from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from app.ops.embedded import PostgresServer
from app.ops.up.configuration import DATABASE, Places
from app.ops.up.preparation import Preparation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    with PostgresServer(tmp_path / "postgres", password="x", durable=False) as started:
        started.create_database(DATABASE, DATABASE, "y")
        yield started


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "project")
    for folder in (places.data, places.backend / "app" / "core", places.backend / "migrations"):
        folder.mkdir(parents=True)
    (places.backend / "app" / "core" / "code.py").write_text("1")
    return places


def test_it_is_left_out_only_while_nothing_has_changed(
    server: PostgresServer, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    preparation = Preparation(places, server)
    assert preparation.needed()
    preparation.succeeded()
    assert preparation.needed(), "a database without tables"

    server.execute(
        "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('1')", DATABASE
    )
    preparation.succeeded()
    assert not preparation.needed()
    monkeypatch.setenv("PWD", "/elsewhere")
    assert not preparation.needed()

    code = places.backend / "app" / "core" / "code.py"
    os.utime(code, (1, 1))
    assert preparation.needed()
    preparation.succeeded()

    (places.root / ".env").write_text("ENGINE=local\n")
    assert preparation.needed()
    preparation.succeeded()

    monkeypatch.setenv("ENGINE", "other")
    assert preparation.needed()
    preparation.succeeded()

    server.execute("UPDATE alembic_version SET version_num = '2'", DATABASE)
    assert preparation.needed()
    preparation.succeeded()

    assert not preparation.needed()
    preparation.forget()
    assert preparation.needed()


def test_another_database_is_prepared_each_time(places: Places) -> None:
    preparation = Preparation(places, None)
    preparation.succeeded()
    assert preparation.needed()
