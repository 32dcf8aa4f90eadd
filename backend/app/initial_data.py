"""The seed, prestart's last step: what the engines offer is written down. `python -m app.initial_data`, idempotent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from app.core.database import Database
from app.core.logging import configure_logging
from app.core.settings import load_settings
from app.emoji.templates import service as templates
from app.engines.registry import create_engine

if TYPE_CHECKING:
    from app.engines.base import Engine

logger = structlog.get_logger(__name__)


async def seed(database: Database, engine: Engine) -> int:
    """Write down the templates of an engine; returns how many."""
    offered = engine.templates()
    async with database.transaction() as session:
        await templates.seed(session, engine.name, offered)
    return len(offered)


async def _main() -> None:
    settings = load_settings()
    configure_logging(settings, process="prestart")
    database = Database(settings, name="prestart")
    try:
        engine = create_engine(settings.ENGINE)
        await engine.start()
        try:
            count = await seed(database, engine)
        finally:
            await engine.close()
    finally:
        await database.close()
    logger.info("seeded", engine=settings.ENGINE, templates=count)


if __name__ == "__main__":
    asyncio.run(_main())
