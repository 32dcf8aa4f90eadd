"""Other programs, run with a limit and without a terminal."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LIMIT_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Outcome:
    """How a program ended. ``code`` is None when it took too long."""

    code: int | None
    out: str = ""
    err: str = ""

    @property
    def good(self) -> bool:
        """Whether it did what it was asked."""
        return self.code == 0

    def rows(self) -> list[dict[str, Any]]:
        """JSON objects, whether they came as a list or one in a line: releases of Docker differ in that."""
        text = self.out.strip()
        if not text:
            return []
        try:
            whole = json.loads(text)
            return [row for row in (whole if isinstance(whole, list) else [whole]) if isinstance(row, dict)]
        except ValueError:
            pass
        rows = []
        for line in text.splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                rows.append(row)
        return rows

    def first_line(self) -> str:
        """What it complained of."""
        return next((line.strip() for line in (self.err + "\n" + self.out).splitlines() if line.strip()), "")


def find_program(name: str, environment: Mapping[str, str]) -> str | None:
    """Where it is, if there is one."""
    return shutil.which(name, path=environment.get("PATH"))


def run(
    words: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    limit: float = LIMIT_SECONDS,
    given: str | None = None,
) -> Outcome:
    """Run a program to its end; ``given`` is its input."""
    program = find_program(words[0], environment)
    if program is None:
        return Outcome(127, err=f"{words[0]}: not found")
    try:
        done = subprocess.run(
            [program, *words[1:]],
            input=(given or "").encode(),
            capture_output=True,
            env=dict(environment),
            cwd=folder,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(None)
    except OSError as error:
        return Outcome(126, err=str(error))
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
