"""The real backend, except that it kills itself between the commit of a task and putting it into the queue."""

from __future__ import annotations

import os
import signal
from typing import Any

from app.jobs.queue import Queue


async def _die(*_: Any, **__: Any) -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return False


Queue.enqueue = _die  # type: ignore[method-assign]

from app.main import serve  # noqa: E402

app = serve()
