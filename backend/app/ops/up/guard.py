"""Ends the children of an ``up`` that was killed. ``python -m app.ops.up.guard FOLDER PID``, stdin a pipe from it.

The pipe closes when its other end dies, however that happens and on every system; nothing has to be polled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from app.ops.embedded.processes import start_tethered, wait_gone
from app.ops.up.state import RunFolder, end_leftovers


def start_guard(folder: Path) -> subprocess.Popen[bytes]:
    """Start one for this process. Close its stdin after the state is forgotten, and it ends without a deed."""
    code = Path(__file__).parents[3]
    return start_tethered(
        [sys.executable, "-m", "app.ops.up.guard", str(folder), str(os.getpid())],
        cwd=code,
        stdin=subprocess.PIPE,
        output=subprocess.DEVNULL,
        env={"PATH": os.defpath, "PYTHONPATH": str(code), "PYTHONSAFEPATH": "1"},
        death_signal=0,
    )


def main() -> None:
    """Wait for the end of the pipe, then look whether anything is left to do."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 64):
        pass
    state = RunFolder(Path(sys.argv[1])).read()
    # An orderly end has removed the file, and the next `up` has replaced it: then this is none of our business.
    # A dying process closes its files a moment before it is gone.
    if state is not None and state.pid == int(sys.argv[2]) and wait_gone(state.pid, state.identity, 10.0):
        end_leftovers(state)


if __name__ == "__main__":
    main()
