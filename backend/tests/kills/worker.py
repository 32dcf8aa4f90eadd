"""The real worker with an engine that is quick, for tests that kill it: `python tests/kills/worker.py [seconds]`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.core.settings import load_settings
from app.ops.worker import run_worker
from tests.fake_engine import FakeEngine

if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.2
    asyncio.run(run_worker(load_settings(), FakeEngine(seconds)))
