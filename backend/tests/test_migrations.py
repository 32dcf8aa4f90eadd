"""Migrations lead to the tables that the models describe, and back."""

from __future__ import annotations

import io

from alembic import command
from alembic.config import Config

from app.ops.embedded.postgres import PostgresServer
from tests.conftest import BACKEND, PASSWORD


def test_up_check_and_down(postgres_server: PostgresServer) -> None:
    postgres_server.create_database("migrations", "migrations", PASSWORD)
    config = Config(str(BACKEND / "alembic.ini"), stdout=io.StringIO())
    config.attributes["url"] = (
        f"postgresql+asyncpg://migrations:{PASSWORD}@{postgres_server.host}:{postgres_server.port}/migrations"
    )
    command.upgrade(config, "head")
    command.check(config)
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    left = postgres_server.execute(
        "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'", "migrations"
    )
    assert left == "alembic_version"
