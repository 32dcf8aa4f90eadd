"""The server process: `python -m app.serve`, the same under Docker and under `./aipic up`.

uvicorn with this application's own bounds. The protocol limits what a caller may send before anything is known of it,
and no forwarding header is believed here: TRUSTED_PROXIES decides, in the application.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Sequence

_GRACE_SECONDS: Final = 3
"""Streams of events never end by themselves."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; BACKEND_WORKERS says how many processes, unless the option does."""
    asked = _parser().parse_args(arguments)
    uvicorn.run(
        "app.main:app",
        host=asked.host,
        port=asked.port,
        workers=None if asked.reload else asked.workers,
        reload=asked.reload,
        reload_dirs=[str(Path(__file__).parent)] if asked.reload else None,
        # The application keeps its own access log.
        access_log=False,
        proxy_headers=False,
        server_header=False,
        http="app.core.bounded_http:BoundedHttp",
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.serve", description="Serve AI-PIC over HTTP.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default %(default)s)")
    workers = int(os.environ.get("BACKEND_WORKERS") or 1)
    parser.add_argument("--workers", type=int, default=workers, help="server processes (default: BACKEND_WORKERS or 1)")
    parser.add_argument("--reload", action="store_true", help="start anew when a file of the application changes")
    return parser


if __name__ == "__main__":
    main()
