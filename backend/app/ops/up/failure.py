"""How ``up`` ends when it cannot go on."""

from __future__ import annotations

from app.ops.up.texts import text

USAGE = 2
"""Exit code for everything that the caller can put right."""
BROKEN = 1
"""Exit code for everything else."""


class UpFailure(Exception):
    """Something that is told in one sentence, perhaps with the last lines of whatever failed; never a traceback."""

    def __init__(
        self, key: str, /, *, exit_code: int = BROKEN, lines: list[str] | None = None, **params: object
    ) -> None:
        self.sentence = text(key, **params)
        self.exit_code = exit_code
        self.lines = lines or []
        super().__init__(self.sentence)


class Interrupted(Exception):
    """Somebody asked for the end, by Ctrl-C or a signal."""
