"""What ``up`` reads from the environment and the root's `.env`, and what it hands to its children."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from app.ops.embedded.ports import LOOPBACK
from app.ops.up.failure import USAGE, UpFailure
from app.ops.up.texts import text

ROOT: Final = Path(__file__).parents[4]
DATABASE: Final = "aipic"
"""Name of the embedded database, and of the role without special rights that owns it."""
_PYTHON_S_OWN: Final = {"PYTHONHOME", "PYTHONSTARTUP", "PYTHONDONTWRITEBYTECODE"}
_USUAL: Final = {"POSTGRES_PORT": 5432, "REDIS_PORT": 6379, "METRICS_PORT": 9100}


@dataclass(frozen=True)
class Places:
    """Where everything lies below the project's folder."""

    root: Path

    @property
    def backend(self) -> Path:
        """Working directory of backend and worker."""
        return self.root / "backend"

    @property
    def data(self) -> Path:
        """Everything that belongs to this machine rather than to the program."""
        return self.root / ".data"

    @property
    def logs(self) -> Path:
        """One file for each process, and ``up.log`` with all that the terminal showed."""
        return self.data / "logs"

    @property
    def secrets(self) -> Path:
        """See :mod:`app.ops.embedded.secrets`."""
        return self.data / "secrets.json"

    @property
    def run(self) -> Path:
        """What runs now: lock and state."""
        return self.data / "run"


@dataclass(frozen=True)
class Outside:
    """A server that is not ours."""

    host: str
    port: int


@dataclass(frozen=True)
class Configuration:
    """Checked settings of one ``up``. A port of None may be any free one; a server of None is the embedded one."""

    places: Places
    backend_port: int
    metrics_port: int | None
    workers: int
    grace: int
    postgres: Outside | None
    postgres_port: int | None
    redis: Outside | None
    redis_port: int | None
    own_secret_key: bool


def load_configuration(root: Path) -> Configuration:
    """Read the environment, which comes first, and `.env`. An empty setting counts as not set."""
    read = {**dotenv_values(root / ".env", encoding="utf-8"), **os.environ}
    settings = {name: value for name, value in read.items() if value}
    postgres_port = _number(settings, "POSTGRES_PORT", "wanted.port", 65535)
    redis_port = _number(settings, "REDIS_PORT", "wanted.port", 65535)
    return Configuration(
        places=Places(root),
        backend_port=_number(settings, "BACKEND_PORT", "wanted.port", 65535) or 8000,
        metrics_port=_wish("METRICS_PORT", _number(settings, "METRICS_PORT", "wanted.port", 65535, least=0)),
        workers=_number(settings, "BACKEND_WORKERS", "wanted.workers", 64) or 1,
        grace=_number(settings, "WORKER_GRACE_SECONDS", "wanted.seconds", 600) or 25,
        postgres=_outside(settings, "POSTGRES_SERVER", postgres_port or 5432),
        postgres_port=_wish("POSTGRES_PORT", postgres_port),
        redis=_outside(settings, "REDIS_HOST", redis_port or 6379),
        redis_port=_wish("REDIS_PORT", redis_port),
        own_secret_key="SECRET_KEY" in settings,
    )


def child_environment(configuration: Configuration, more: dict[str, str]) -> dict[str, str]:
    """The environment of backend, worker and preparation: ours, without Python's own oddities, and ``more``."""
    kept = {name: value for name, value in os.environ.items() if name not in _PYTHON_S_OWN}
    return {
        **kept,
        "PYTHONPATH": str(configuration.places.backend),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "VIRTUAL_ENV": sys.prefix,
        **more,
    }


def _number(settings: dict[str, str], name: str, wanted: str, most: int, least: int = 1) -> int | None:
    value = settings.get(name)
    if value is None:
        return None
    if not value.isascii() or not value.isdecimal() or not least <= int(value) <= most:
        raise UpFailure("setting", exit_code=USAGE, name=name, value=value, wanted=text(wanted))
    return int(value)


def _wish(name: str, port: int | None) -> int | None:
    """Who merely repeats the default, as a copy of `.env.example` does, has no wish: then any free port will do."""
    return None if port == _USUAL[name] else port


def _outside(settings: dict[str, str], name: str, port: int) -> Outside | None:
    host = settings.get(name)
    if host == "host.docker.internal" and not in_container():
        host = LOOPBACK  # what Docker calls this machine from within
    return Outside(host, port) if host else None


def in_container() -> bool:
    """Whether Docker or Podman runs us."""
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()
