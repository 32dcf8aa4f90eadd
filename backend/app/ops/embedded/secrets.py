"""Secrets of this installation: made once, kept in one file that only its owner reads."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def _fresh() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Secrets:
    """Each is 43 characters of URL-safe base64, so it needs quoting nowhere."""

    postgres_superuser_password: str = field(default_factory=_fresh, repr=False)
    postgres_password: str = field(default_factory=_fresh, repr=False)
    redis_password: str = field(default_factory=_fresh, repr=False)
    secret_key: str = field(default_factory=_fresh, repr=False)


class SecretsUnreadable(Exception):
    """The file is there but holds something else. It is not replaced: the databases know the old passwords."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is not readable as secrets; put it back from a backup")


def load_secrets(path: Path) -> Secrets:
    """Read the file, making it first if there is none; of several that start at once, all get the same secrets."""
    if not path.exists():
        _write_new(path, Secrets())
    path.chmod(0o600)
    try:
        known = json.loads(path.read_text("utf-8"))
        read = Secrets(**{item.name: str(known[item.name]) for item in fields(Secrets)})
    except (ValueError, KeyError, TypeError) as error:
        raise SecretsUnreadable(path) from error
    if not all(asdict(read).values()):
        raise SecretsUnreadable(path)
    return read


def _write_new(path: Path, made: Secrets) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")  # mode 600 from its first moment
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(made), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # whoever links first wins; a half-written file is never seen
            os.link(name, path)
    finally:
        os.unlink(name)  # noqa: PTH108
