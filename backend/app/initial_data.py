"""The seed, prestart's last step: what the engines offer is written down. `python -m app.initial_data`, idempotent."""

from __future__ import annotations

import asyncio

import structlog

from app.core.database import Database
from app.core.logging import configure_logging
from app.core.settings import Settings, load_settings
from app.emoji.templates import service as templates
from app.engines.registry import create_engine

logger = structlog.get_logger(__name__)


async def seed(settings: Settings, database: Database) -> int:
    """Write down the templates of the engine in use; returns how many."""
    offered = create_engine(settings.ENGINE).templates()
    async with database.transaction() as session:
        await templates.seed(session, settings.ENGINE, offered)
    return len(offered)


async def _main() -> None:
    settings = load_settings()
    configure_logging(settings, process="prestart")
    database = Database(settings, name="prestart")
    try:
        count = await seed(settings, database)
    finally:
        await database.close()
    logger.info("seeded", engine=settings.ENGINE, templates=count)


if __name__ == "__main__":
    asyncio.run(_main())
