"""The settings of this installation, and its database, as a second process beside the service learns them."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from app.cli.failure import Failure
from app.core.settings import ROOT, Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from app.core.database import Database

T = TypeVar("T")
_STRUCTURE = ("42P01", "42703")
_LOGIN = ("28000", "28P01", "3D000")


def find_settings(root: Path = ROOT) -> Settings:
    """The settings, with the embedded database's place while ``./aipic up`` runs.

    A server that the environment or `.env` names comes first, as it does for ``up``. Raises Failure when there is
    none to be found.
    """
    from dotenv import dotenv_values
    from pydantic import ValidationError

    file = Path(os.environ.get("AIPIC_ENV_FILE", root / ".env"))
    named = {**dotenv_values(file, encoding="utf-8"), **os.environ}
    known: dict[str, Any] = {}
    secrets = root / ".data" / "secrets.json"
    if not named.get("POSTGRES_SERVER"):
        known |= _embedded(root)
    if not named.get("SECRET_KEY") and secrets.exists():
        known["SECRET_KEY"] = _read_secrets(secrets).secret_key
    try:
        return Settings(_env_file=file, **known)
    except ValidationError as error:
        problem = error.errors()[0]
        names = ".".join(str(part) for part in problem["loc"])
        raise Failure("settings_wrong", detail=f"{names}: {problem['msg']}" if names else problem["msg"]) from None


def with_database(act: Callable[[Settings, Database], Awaitable[T]]) -> T:
    """Run ``act`` with the database of this installation. Raises Failure when it cannot be used."""
    from sqlalchemy.exc import DBAPIError

    from app.core.database import Database, is_outage

    settings = find_settings()
    where = f"{settings.POSTGRES_SERVER}:{settings.POSTGRES_PORT}"

    async def run() -> T:
        database = Database(settings, name="operator")
        try:
            return await act(settings, database)
        finally:
            await database.close()

    try:
        with _logs_unsaid():
            return asyncio.run(run())
    except Exception as error:
        state = _sqlstate(error)
        if state in _STRUCTURE:
            raise Failure("database_old", where=where) from error
        if state in _LOGIN:
            raise Failure("database_refuses", where=where, name=settings.POSTGRES_DB) from error
        if is_outage(error) or (state or "").startswith(("08", "57P")):
            raise Failure("database_away", where=where) from error
        if isinstance(error, DBAPIError):
            raise Failure("database_failed", detail=str(error.orig)) from error
        raise


@contextmanager
def _logs_unsaid() -> Iterator[None]:
    """Standard output is the answer's, which programs may read, and the answer itself says what is wrong."""
    import structlog

    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def _sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's own code; a refused connection comes unwrapped, what a statement raises comes in two layers."""
    layer: Any = error
    for _ in range(3):
        state = getattr(layer, "sqlstate", None)
        if state:
            return str(state)
        layer = getattr(layer, "orig", None) or getattr(layer, "__cause__", None)
    return None


def _embedded(root: Path) -> dict[str, str]:
    if not (root / ".data" / "run" / "state.json").exists():
        raise Failure("not_running")
    from app.ops.up.configuration import Places
    from app.ops.up.servers import postgres_settings
    from app.ops.up.state import RunFolder

    places = Places(root)
    state = RunFolder(places.run).read()
    processes = state.processes if state is not None else []
    port = next((one.port for one in processes if one.name == "postgres" and one.alive), None)
    if port is None:
        raise Failure("not_running")
    return postgres_settings(port, _read_secrets(places.secrets))


def _read_secrets(path: Path) -> Any:
    from app.ops.embedded.secrets import SecretsUnreadable, load_secrets

    try:
        return load_secrets(path)
    except PermissionError:
        raise Failure("secrets_foreign", path=path) from None
    except (SecretsUnreadable, OSError):
        raise Failure("secrets_broken", path=path) from None
