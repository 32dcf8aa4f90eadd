"""The Docker command, asked once for each thing that the checks want to know."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.ops.doctor.command import LIMIT_SECONDS, Outcome, find_program, run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DIGITS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def version_of(text: str) -> tuple[int, int, int] | None:
    """The first version number in a text."""
    found = _DIGITS.search(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


class Docker:
    """Answers of the Docker command in the project's folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment

    def ask(
        self, *words: str, limit: float = LIMIT_SECONDS, given: str | None = None, more: Mapping[str, str] | None = None
    ) -> Outcome:
        """Run ``docker`` with these words; ``more`` is put into its environment."""
        environment = {**self._environment, **(more or {})}
        return run(["docker", *words], environment=environment, folder=self._folder, limit=limit, given=given)

    @cached_property
    def path(self) -> str | None:
        """Where the command is."""
        return find_program("docker", self._environment)

    @cached_property
    def versions(self) -> Outcome:
        """Of the command and of the Engine; fails where the Engine does not answer."""
        return self.ask("version", "--format", "{{json .}}")

    @cached_property
    def server(self) -> dict[str, Any] | None:
        """The Engine's version and architecture, or None where it does not answer."""
        if self.path is None:
            return None
        rows = self.versions.rows()
        server = rows[0].get("Server") if rows else None
        return server if self.versions.good and isinstance(server, dict) else None

    @property
    def answers(self) -> bool:
        """Whether there is an Engine to ask."""
        return self.server is not None

    @cached_property
    def info(self) -> dict[str, Any]:
        """What the Engine says about itself."""
        rows = self.ask("info", "--format", "{{json .}}").rows() if self.answers else []
        return rows[0] if rows else {}

    @cached_property
    def compose(self) -> tuple[int, int, int] | None:
        """The version of the Compose plugin, or None where there is none."""
        if self.path is None:
            return None
        answer = self.ask("compose", "version", "--short")
        return version_of(answer.out) if answer.good else None

    @cached_property
    def containers(self) -> list[dict[str, Any]]:
        """This project's containers, also those that have ended."""
        return self.ask("compose", "ps", "-a", "--format", "json").rows() if self.answers and self.compose else []

    @cached_property
    def inspected(self) -> list[dict[str, Any]]:
        """Everything about this project's containers."""
        numbers = [str(row["ID"]) for row in self.containers if row.get("ID")]
        return self.ask("inspect", *numbers).rows() if numbers else []

    def image(self, name: str) -> dict[str, Any] | None:
        """A local image; None where it is not there. Nothing is ever fetched."""
        if not self.answers:
            return None
        if name not in self._images:
            rows = self.ask("image", "inspect", name).rows()
            self._images[name] = rows[0] if rows else None
        return self._images[name]

    @cached_property
    def _images(self) -> dict[str, dict[str, Any] | None]:
        return {}
