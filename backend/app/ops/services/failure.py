"""How a command about the background servers ends when it cannot go on."""

from __future__ import annotations

from app.ops.services.texts import text
from app.ops.up.failure import USAGE, UpFailure


class ServicesFailure(UpFailure):
    """The same as for ``up``, in the words of ``services``."""

    def __init__(
        self, key: str, /, *, exit_code: int = USAGE, lines: list[str] | None = None, **params: object
    ) -> None:
        self.sentence = text(key, **params)
        self.exit_code = exit_code
        self.lines = lines or []
        Exception.__init__(self, self.sentence)
