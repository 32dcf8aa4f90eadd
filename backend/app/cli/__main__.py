"""``python -m app.cli``, which is what the launcher runs."""

import io
import sys

from app.cli.application import run

if __name__ == "__main__":  # worker processes import this module again under another name
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an old terminal shows `?`; a finished sticker is no failure
    sys.exit(run(sys.argv[1:]))
