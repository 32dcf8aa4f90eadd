"""Does the worker of this container take jobs? `python -m app.ops.pulse`, its health check: 0 it does, 1 it does not.

Two proofs: the worker of this very machine name has told both lanes of itself within seconds, which its event loop must
do; and a job that is put in now is run.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from app.core.clock import utc_now
from app.core.redis import connect_redis
from app.core.settings import load_settings
from app.jobs.queue import Queue
from app.ops.jobs import PING, answer_key

if TYPE_CHECKING:
    from app.core.settings import Settings

_SILENT: Final = timedelta(seconds=10)
_PATIENCE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.05


async def problem(settings: Settings, machine: str, patience: float = _PATIENCE_SECONDS) -> str | None:
    """What is wrong with the worker of this machine name, in words; None when it takes jobs."""
    queue = Queue(settings)
    redis = connect_redis(settings)
    try:
        await queue.open()
        for lane, docket in queue.lanes.items():
            since = utc_now() - _SILENT
            if not any(w.name.startswith(f"{machine}#") and w.last_seen > since for w in await docket.workers()):
                return f"no worker of {machine} has been heard of on the lane {lane} in {_SILENT.seconds} s"
        token = secrets.token_hex(8)
        if not await queue.enqueue(PING, token=token):
            return "Redis does not take a job"
        deadline = time.monotonic() + patience
        while not await redis.get(answer_key(settings.REDIS_PREFIX, token)):
            if time.monotonic() > deadline:
                return f"a job was not run within {patience:g} s"
            await asyncio.sleep(_PAUSE_SECONDS)
    except (RedisError, OSError) as error:
        return f"Redis at {settings.REDIS_HOST}:{settings.REDIS_PORT} does not answer: {type(error).__name__}"
    finally:
        await redis.aclose()
        await queue.close()
    return None


def main() -> int:
    """Print what is wrong, if anything is."""
    found = asyncio.run(problem(load_settings(), socket.gethostname()))
    print(found or "ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
