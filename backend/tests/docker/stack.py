"""A copy of the project as a new user has it, with commands run in it as that user would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.docker.engine import ROOT

_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".data", ".env", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", "htmlcov", "out"
)


def until(holds: Callable[[], Any], seconds: float, pause: float = 0.25) -> Any:
    """What ``holds`` says as soon as it is true; errors on the way count as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            problem: object = "it never held"
            if found := holds():
                return found
        except (httpx.HTTPError, AssertionError, LookupError, OSError) as error:
            problem = error
        assert time.monotonic() < deadline, f"not within {seconds} s: {problem}"
        time.sleep(pause)


class Stack:
    """The project in ``folder``; ``env`` is what the shell of its user has set."""

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self.folder = folder
        self.ports = ports
        self.timings: dict[str, float] = {}
        self.first_answer = ""

    @classmethod
    def copy(cls, folder: Path, ports: dict[str, int]) -> Stack:
        """What a clone of the project holds. The launcher's environment, if these tests run in it, is lent."""
        shutil.copytree(ROOT, folder, ignore=_LEFT_OUT, symlinks=True)
        if Path(sys.prefix) == ROOT / ".venv":
            (folder / ".venv").symlink_to(ROOT / ".venv")
        return cls(folder, ports)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.ports['BACKEND_PORT']}"

    def run(
        self,
        *command: str | Path,
        check: bool = True,
        timeout: float = 300,
        env: dict[str, str] | None = None,
        text: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the project's folder; what it printed is in the error when it fails."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=_environment() | (env or {}),
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def compose(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """`docker compose …`"""
        return self.run("docker", "compose", *arguments, **options)

    def timed(self, name: str, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """As ``run``, and the seconds are remembered under ``name``."""
        started = time.monotonic()
        done = self.run(*command, **options)
        self.timings[name] = time.monotonic() - started
        return done

    def setting(self, name: str) -> str:
        """A value of .env."""
        found = re.findall(rf"^{name}=(.*)$", (self.folder / ".env").read_text("utf-8"), re.MULTILINE)
        return found[-1].strip("'") if found else ""

    def set(self, **values: object) -> None:
        """Write settings into .env, in the place of what it says of them."""
        path = self.folder / ".env"
        content = path.read_text("utf-8")
        for name, value in values.items():
            line = f"{name}={value}"
            content, count = re.subn(rf"^#?{name}=.*$", line.replace("\\", r"\\"), content, flags=re.MULTILINE)
            if not count:
                content += f"{line}\n"
        path.write_text(content, "utf-8")

    @contextmanager
    def env_file(self, content: bytes) -> Iterator[None]:
        """Another .env for a moment."""
        path = self.folder / ".env"
        kept = path.read_bytes()
        path.write_bytes(content)
        try:
            yield
        finally:
            path.write_bytes(kept)

    def containers(self, service: str, *options: str) -> list[str]:
        """Ids of the containers of a service that run."""
        return self.compose(*options, "ps", "--quiet", service).stdout.split()

    def inspect(self, container: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self.run("docker", "inspect", container).stdout)
        return found[0]

    def rendered(self, *options: str) -> dict[str, Any]:
        """What Compose makes of the files."""
        found: dict[str, Any] = json.loads(self.compose(*options, "config", "--format", "json").stdout)
        return found


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("DOCKER", "UV_", "PIP_", "SSL_", "HTTP"))}
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/root"),
        "AIPIC_LANG": "en",
        "LC_ALL": "C.UTF-8",
        # Each service names the same image; building it once is enough.
        "COMPOSE_PROGRESS": "plain",
        **kept,
    }
