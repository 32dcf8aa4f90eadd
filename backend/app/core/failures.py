"""What an error that is not ours means to the caller: something is down, the input cannot be stored, or a bug."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

import asyncpg  # type: ignore[import-untyped]
from redis.exceptions import RedisError
from sqlalchemy import exc as sql

from app.core.errors import InternalError, ServiceError, Unavailable, Unstorable

_DOWN: Final[tuple[type[Exception], ...]] = (
    sql.OperationalError,
    sql.InterfaceError,
    sql.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresError,
    RedisError,
    ConnectionError,
    TimeoutError,
    asyncio.IncompleteReadError,
    socket.gaierror,
)
FOREIGN: Final[tuple[type[Exception], ...]] = (*_DOWN, sql.DBAPIError, sql.EmulatedDBAPIException)
"""What libraries raise and ``meaning`` understands."""

# SQLSTATE: connection lost, no such login or database, out of resources, system error, starting up or shutting down;
# and what a second try may well get through: deadlock, serialization failure, lock not to be had, statement cancelled.
_DOWN_CLASSES: Final = ("08", "28", "3D", "53", "58")
_DOWN_STATES: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "57014", "40001", "40P01", "55P03", "25006"})
_DATA_CLASS: Final = "22"


def meaning(error: Exception) -> ServiceError:
    """The answer to an error that no domain foresaw."""
    if isinstance(error, sql.EmulatedDBAPIException) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # SQLAlchemy failed to open a connection for those who talk to the driver themselves
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, sql.DBAPIError):
        return _database(error)
    if isinstance(error, asyncpg.PostgresError):
        return _by_state(error.sqlstate)
    if _is_refused_argument(error):
        return Unstorable()
    if isinstance(error, _DOWN):
        return Unavailable()
    return InternalError()


def _database(error: sql.DBAPIError) -> ServiceError:
    cause = error.orig.__cause__ if error.orig is not None else None
    if isinstance(error, sql.DataError) or (
        isinstance(cause, asyncpg.InterfaceError) and isinstance(cause, ValueError)
    ):
        return Unstorable()
    # The second is what comes when the server's goodbye crosses our question.
    if error.connection_invalidated or isinstance(cause, asyncpg.InternalClientError):
        return Unavailable()
    state = getattr(cause, "sqlstate", None) or getattr(error.orig, "sqlstate", None)
    if state is not None:
        return _by_state(state)
    return Unavailable() if isinstance(error, _DOWN) else InternalError()


def _is_refused_argument(error: BaseException | None) -> bool:
    """The driver's own refusal of an argument is an InterfaceError there, and a ValueError besides."""
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


def _by_state(state: str | None) -> ServiceError:
    if state is None:
        return InternalError()
    if state in _DOWN_STATES or state.startswith(_DOWN_CLASSES):
        return Unavailable()
    return Unstorable() if state.startswith(_DATA_CLASS) else InternalError()
