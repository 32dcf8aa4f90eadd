"""How often something may die before it is given up."""

from __future__ import annotations

import time
from typing import ClassVar


class Deaths:
    """Counts the deaths of each program within a minute."""

    MOST: ClassVar[int] = 3
    WITHIN: ClassVar[float] = 60.0
    FIRST_WAIT: ClassVar[float] = 0.5

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = {}

    def count(self, name: str) -> float | None:
        """Note one; returns how long to wait before the next start, None when there shall be none."""
        now = time.monotonic()
        recent = [moment for moment in self._times.get(name, []) if now - moment < self.WITHIN]
        self._times[name] = [*recent, now]
        if len(recent) + 1 >= self.MOST:
            return None
        return self.FIRST_WAIT * (1 + 3 * len(recent))
