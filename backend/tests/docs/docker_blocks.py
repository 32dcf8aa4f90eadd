"""The blocks of code of the Docker guides, and what is to be done with each.

A comment before a block says it; readers do not see it:

- ``<!-- from: docker-compose.yml -->`` quotes that file, word for word.
- ``<!-- run -->`` works against a running stack (docker-compose.yml with the override), from the project's folder.
- ``<!-- run: fails -->`` does so too, and ends with something other than 0, for that is what it shows.
- ``<!-- run: config -->`` needs the Compose command but no Engine.
- ``<!-- prints: text -->`` is printed by it, somewhere.

What is destructive, never ends, installs something or needs a server of one's own is not marked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

ROOT: Final = Path(__file__).parents[3]
NAMES: Final = (
    "docs/development/docker-concepts",
    "docs/development/docker",
    "docs/development/docker-prestart",
    "docs/development/docker-commands",
    "docs/deployment/docker",
    "docs/deployment/docker-overview",
    "docs/deployment/operations",
)
Run = Literal["", "stack", "fails", "config"]
_RUNS: Final[dict[str, Run]] = {"run": "stack", "run: fails": "fails", "run: config": "config"}
_BLOCK: Final = re.compile(r"((?:^<!-- [^\n]* -->\n)*)^(```|   ```)(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_MARK: Final = re.compile(r"^<!-- (.*) -->$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page."""

    page: str
    number: int
    language: str
    text: str
    source: str
    run: Run
    prints: str

    @property
    def name(self) -> str:
        """For the names of tests."""
        return f"{self.page.removeprefix('docs/')}:{self.number}"


class UnknownMark(ValueError):
    """A comment before a block that means nothing."""


def page_text(name: str, chinese: bool = False) -> str:
    """A page of NAMES."""
    return (ROOT / f"{name}{'.zh-CN' if chinese else ''}.md").read_text("utf-8")


def blocks(name: str, chinese: bool = False) -> list[Block]:
    """All blocks of a page of NAMES, in order."""
    found = []
    for number, (marks, _, language, text) in enumerate(_BLOCK.findall(page_text(name, chinese)), 1):
        source, prints = "", ""
        run: Run = ""
        for mark in _MARK.findall(marks):
            if mark in _RUNS:
                run = _RUNS[mark]
            elif mark.startswith("from: "):
                source = mark.removeprefix("from: ")
            elif mark.startswith("prints: "):
                prints = mark.removeprefix("prints: ")
            else:
                raise UnknownMark(f"{name}: {mark}")
        found.append(Block(name, number, language, text, source, run, prints))
    return found


def runnable_blocks(*runs: Run) -> list[Block]:
    """Those to be run; without an argument those for a running stack. The Chinese pages have the same ones."""
    wanted = runs or ("stack", "fails")
    return [block for name in NAMES for block in blocks(name) if block.run in wanted]


def complaint(block: Block, exit_code: int, output: str) -> str:
    """What is wrong with a run of ``block``, and nothing when it did what its page says."""
    if (exit_code != 0) != (block.run == "fails"):
        return f"{block.name} ended with {exit_code}:\n{block.text}{output}"
    if block.prints not in output:
        return f"{block.name} did not print {block.prints!r}:\n{block.text}{output}"
    return ""
