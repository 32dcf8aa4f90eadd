"""The lines of `.env` that lead to the background servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.ops.up.servers import postgres_settings, redis_settings

if TYPE_CHECKING:
    from app.ops.embedded import Secrets
    from app.ops.init.env_file import EnvFile
    from app.ops.services.places import Plan

HOST: Final = "host.docker.internal"
"""What containers call this machine; outside of them AI-PIC reads it as 127.0.0.1."""
_SERVERS: Final = (
    ("POSTGRES_SERVER", "POSTGRES_PORT", "POSTGRES_PASSWORD"),
    ("REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"),
)
_NOT_OURS_TO_SET: Final = "REDIS_DB"


def our_lines(plan: Plan, secrets: Secrets) -> dict[str, str]:
    """All of them."""
    settings = postgres_settings(plan.postgres_port, secrets) | redis_settings(plan.redis_port, secrets)
    settings |= {"POSTGRES_SERVER": HOST, "REDIS_HOST": HOST}
    return {name: value for name, value in settings.items() if name != _NOT_OURS_TO_SET}


def elsewhere(file: EnvFile, secrets: Secrets) -> list[str]:
    """Other servers that the file points to, as ``SETTING=host:port``. Ours are known by their passwords."""
    values = file.values()
    found = []
    ours = (secrets.postgres_password, secrets.redis_password)
    for (host, port, password), own in zip(_SERVERS, ours, strict=True):
        named = values.get(host, "")
        if (named or values.get(password)) and values.get(password) != own:
            found.append(f"{host}={named}:{values.get(port, '')}" if named else f"{password}=…")
    return found
