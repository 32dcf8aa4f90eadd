"""``python -m app.cli``, which is what the launcher runs."""

import sys

from app.cli.application import run

if __name__ == "__main__":  # worker processes import this module again under another name
    sys.exit(run(sys.argv[1:]))
