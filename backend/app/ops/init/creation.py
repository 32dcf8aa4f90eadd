"""A new `.env` out of `.env.example`, and the secrets that go into it."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from app.ops.init.env_file import EnvFile, read_env, write_env
from app.ops.init.failure import InitFailure

if TYPE_CHECKING:
    from pathlib import Path

_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


def example(root: Path) -> EnvFile:
    """What a new file begins with."""
    path = root / ".env.example"
    if not path.exists():
        raise InitFailure("no_example", path=path)
    return read_env(path)


def ensure_env(root: Path) -> None:
    """Make the file if there is none, with what needs no question."""
    if not (root / ".env").exists():
        key, _ = secret_key(root)
        write_env(root / ".env", example(root).with_values({"SECRET_KEY": key}))


def secret_key(root: Path, *, fresh: bool = False) -> tuple[str, bool]:
    """A key of plain characters; True when it is the one that ``./aipic up`` has used, which keeps people signed in."""
    known = "" if fresh else installation_secrets(root).get("secret_key", "")
    return (str(known), True) if known else (secrets.token_urlsafe(48), False)


def installation_secrets(root: Path) -> dict[str, Any]:
    """What ``./aipic up`` and ``services`` keep. Its own module needs what may not be installed yet."""
    try:
        known = json.loads((root / ".data" / "secrets.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def is_bundled(root: Path, file: EnvFile) -> bool:
    """Whether the file leads to the servers of ``services``; only they have these passwords."""
    known = installation_secrets(root)
    return bool(known) and all(
        file[name] == known.get(key)
        for name, key in (("POSTGRES_PASSWORD", "postgres_password"), ("REDIS_PASSWORD", "redis_password"))
    )


def public_lines(domain: str, *, production: bool) -> dict[str, str]:
    """The lines for a server that the world sees."""
    if production and not domain:
        raise InitFailure("domain.missing")
    lines = {"ENVIRONMENT": "production"} if production else {}
    if domain:
        if not _DOMAIN.fullmatch(domain):
            raise InitFailure("domain", value=domain)
        lines |= {"DOMAIN": domain, "PUBLIC_URL": f"https://api.{domain}"}
    return lines


def back_up(path: Path) -> Path:
    """Copy the file to a name of its own, as secret as it is itself."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1000):
        kept = path.with_name(f"{path.name}.backup-{stamp}{f'-{number}' if number else ''}")
        try:
            handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "wb") as copy:
            copy.write(path.read_bytes())
        return kept
    raise FileExistsError(path)
