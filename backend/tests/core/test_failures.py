"""What PostgreSQL itself says, and what we make of it."""

from __future__ import annotations

from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import text

from app.core.database import Database, is_outage
from app.core.errors import InternalError, ServiceError, Unavailable, Unstorable
from app.core.failures import meaning
from app.core.settings import Settings
from app.ops.embedded.ports import free_port
from app.ops.embedded.postgres import PostgresServer
from app.ops.embedded.redis import RedisServer
from tests.conftest import server_settings

pytestmark = pytest.mark.anyio


async def failure_of(database: Database, statement: str, **parameters: Any) -> Exception:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is the question
        async with database.transaction() as session:
            await session.execute(text(statement), parameters)
    assert isinstance(raised.value, Exception)
    return raised.value


@pytest.mark.parametrize(
    ("statement", "parameters", "expected"),
    [
        ("SELECT CAST(:it AS text)", {"it": "a\0b"}, Unstorable),
        ("SELECT CAST(:it AS text)", {"it": "\ud800"}, Unstorable),
        ("SELECT CAST(:it AS bigint)", {"it": 10**18 * 100}, Unstorable),
        ("SELECT CAST(:it AS varchar(3)), CAST('x' AS char(1)) || repeat('y', 10)::varchar(3)", {"it": 5}, Unstorable),
        ("SELECT 1/0", {}, Unstorable),
        ("SELECT nothing FROM nowhere", {}, InternalError),
        ("INSERT INTO users (id, nickname, is_superuser) VALUES (NULL, 'x', false)", {}, InternalError),
        ("SELECT pg_terminate_backend(pg_backend_pid())", {}, Unavailable),
    ],
)
async def test_statements(
    database: Database, statement: str, parameters: dict[str, Any], expected: type[ServiceError]
) -> None:
    error = await failure_of(database, statement, **parameters)
    assert type(meaning(error)) is expected
    assert not any(
        str(value) in str(error) for value in parameters.values() if isinstance(value, str) and len(value) > 3
    )


@pytest.mark.parametrize(
    ("value", "expected"), [("a\0b", Unstorable), ("\ud800", Unstorable), (10**30, Unstorable), (5, Unstorable)]
)
async def test_the_driver_itself(migrated: Settings, value: Any, expected: type[ServiceError]) -> None:
    connection = await asyncpg.connect(migrated.database_url.replace("+asyncpg", ""))
    kind = "bigint" if value == 10**30 else "text"
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is the question
        await connection.fetchval(f"SELECT $1::{kind}", value)
    assert isinstance(raised.value, Exception)
    assert type(meaning(raised.value)) is expected
    await connection.close()


async def test_statement_that_was_cancelled(database: Database) -> None:
    statement = "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)"
    assert type(meaning(await failure_of(database, statement))) is Unavailable


@pytest.mark.parametrize("missing", ["port", "database", "host"])
async def test_fault_3_no_database_is_an_outage(
    postgres_server: PostgresServer, redis_server: RedisServer, missing: str
) -> None:
    changes: dict[str, dict[str, Any]] = {
        "port": {"POSTGRES_PORT": free_port()},
        "database": {"POSTGRES_DB": "nowhere"},
        "host": {"POSTGRES_SERVER": "nowhere.invalid"},
    }
    away = Database(server_settings(postgres_server, redis_server, **changes[missing]))
    error = await failure_of(away, "SELECT 1")
    assert type(meaning(error)) is Unavailable
    await away.close()


@pytest.mark.parametrize(
    "refusal",
    [
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InternalClientError("got result for unknown protocol state"),
        ConnectionRefusedError("nobody is there"),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
async def test_a_database_that_takes_nobody_in_right_now_is_an_outage(
    base_settings: Settings, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise refusal

    monkeypatch.setattr(asyncpg, "connect", refuse)
    database = Database(base_settings)

    async def ask_a_session() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1"))

    async def ask_the_driver() -> None:
        async with database.reads():
            pass

    for ask in (ask_a_session, ask_the_driver):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is the question
            await ask()
        assert isinstance(raised.value, Exception)
        assert type(meaning(raised.value)) is Unavailable
        assert is_outage(raised.value)
    await database.close()
