from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.engines.processes import ForkServer, ProcessPool
from tests.engines.processes.jobs import HERE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    Opened = Callable[..., AbstractAsyncContextManager[ProcessPool]]


@asynccontextmanager
async def opened(size: int = 1, **options: Any) -> AsyncIterator[ProcessPool]:
    """A pool on a server of its own; afterwards nothing of it may be left."""
    server = ForkServer([HERE])
    pool = ProcessPool("test", size, server, **options)
    try:
        yield pool
        pids = [*pool.pids, server.pid]
    finally:
        await pool.close()
        await server.close()
    assert [pid for pid in pids if pid is not None and alive(pid)] == []


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii")
    except FileNotFoundError:
        return False
    except OSError:
        return False
    return status.rpartition(") ")[2][0] != "Z" and pid != os.getpid()


async def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)
