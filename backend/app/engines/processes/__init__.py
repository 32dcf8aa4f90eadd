"""Child processes for work that must not take the service down with it.

    server = ForkServer(["app.engines.local.warming:warm"])
    pool = ProcessPool("render", 2, server, memory_limit_bytes=512 * 1024 * 1024)
    result = await pool.run("app.engines.local.generating:generate", request, timeout=60)

Nothing here knows about pictures; importing it costs a megabyte.
"""

from app.engines.processes.forking import ForkServer
from app.engines.processes.pool import ProcessPool

__all__ = ["ForkServer", "ProcessPool"]
