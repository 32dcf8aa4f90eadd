"""What the checks look at: one folder, one environment, and everything that was found out about them once."""

from __future__ import annotations

import platform
from functools import cached_property
from typing import TYPE_CHECKING

from app.ops.doctor.docker import Docker
from app.ops.doctor.env_file import EnvFile, example_keys, read_env_file
from app.ops.doctor.hiding import secret_values
from app.ops.doctor.rendered import Rendered, render

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Setup:
    """Given to every check. ``network`` allows to ask the internet; ``system`` is Darwin or Linux."""

    def __init__(
        self, root: Path, environment: Mapping[str, str], *, network: bool = False, system: str | None = None
    ) -> None:
        self.root = root
        self.environment = dict(environment)
        self.network = network
        self.system = system or platform.system()
        self.docker = Docker(root, self.environment)

    @property
    def is_mac(self) -> bool:
        """Whether Docker runs in a virtual machine, as it does on macOS."""
        return self.system == "Darwin"

    @property
    def env_path(self) -> Path:
        """The file that Compose reads."""
        return self.root / ".env"

    @cached_property
    def env_file(self) -> EnvFile | None:
        """The `.env`, or None where there is none."""
        return read_env_file(self.env_path)

    @cached_property
    def known_keys(self) -> frozenset[str]:
        """Settings that there are."""
        return example_keys(self.root / ".env.example")

    @cached_property
    def rendered(self) -> Rendered:
        """The configuration that Compose would use."""
        return render(self.docker)

    @cached_property
    def program(self) -> dict[str, str]:
        """What the backend would find in its environment: as Compose renders it, else from the shell and `.env`."""
        return self.rendered.environment("backend") or self.written

    @cached_property
    def written(self) -> dict[str, str]:
        """The `.env`, where the shell says nothing else."""
        values = dict(self.env_file.values) if self.env_file else {}
        keys = set(values) | self.known_keys
        return values | {name: self.environment[name] for name in keys if self.environment.get(name)}

    def setting(self, name: str, default: str = "") -> str:
        """One setting of the backend; an empty one counts as not set, as in the program."""
        return self.program.get(name) or default

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        values = self.env_file.values if self.env_file else {}
        return secret_values(values, self.environment, self.program)
