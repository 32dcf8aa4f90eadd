"""The real worker, except that it kills itself once a sticker is made: `python tests/kills/dying_worker.py <moment>`.

``made``: before anything of it is stored. ``stored``: between the files and the commit that makes them visible.
``committed``: after that commit, before the queue hears that the job is done.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.core.settings import load_settings
from app.emoji.tasks import lease
from app.emoji.tasks.jobs import EmojiTaskJobs
from app.emoji.tasks.running import StickerMaker
from app.ops.worker import run_worker
from tests.fake_engine import FakeEngine


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def arm(moment: str) -> None:
    """Die at that moment."""

    async def at_once(*_: Any, **__: Any) -> NoReturn:
        die()

    complete = EmojiTaskJobs._complete

    async def afterwards(*arguments: Any) -> NoReturn:
        await complete(*arguments)
        die()

    match moment:
        case "made":
            StickerMaker._store = at_once  # type: ignore[method-assign]
        case "stored":
            lease.complete = at_once
        case "committed":
            EmojiTaskJobs._complete = afterwards  # type: ignore[assignment]
        case _:
            raise SystemExit(f"no such moment: {moment}")


if __name__ == "__main__":
    arm(sys.argv[1])
    asyncio.run(run_worker(load_settings(), FakeEngine(0.1)))
