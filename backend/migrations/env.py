"""Runs migrations against the database of the settings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.settings import load_settings
from app.registry import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Only one migration at a time, however many containers start together; the number is arbitrary but fixed.
_LOCK = 4_911_073_220


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, compare_server_default=True)
    with context.begin_transaction():
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        context.run_migrations()


async def _online() -> None:
    url = context.config.attributes.get("url") or load_settings().database_url
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("migrations run against a database: alembic upgrade head")
asyncio.run(_online())
