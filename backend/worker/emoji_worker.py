"""The worker: runs jobs until it is told to stop. `python worker/emoji_worker.py`, as many of them as you like."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.core.settings import load_settings
from app.engines.registry import create_engine
from app.ops.worker import engine_options, run_worker


def main() -> None:
    """Read the settings and work."""
    settings = load_settings()
    asyncio.run(run_worker(settings, create_engine(settings.ENGINE, engine_options(settings))))


if __name__ == "__main__":
    main()
