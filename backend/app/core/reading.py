"""Statements that clients cause all the time, at the price of the driver.

A session of SQLAlchemy takes five times as long as the driver to fetch a row by its key: it builds a statement, looks
it up among those it knows, and prepares to track objects that nobody will change. So the hottest statements are written
by SQLAlchemy once, at import, and run by the driver: reads by themselves, and what an order does within its
transaction. Everything else keeps to sessions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import UpdateBase

R = TypeVar("R", bound=tuple[Any, ...])
_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    # What comes when the server's goodbye crosses our question.
    asyncpg.InternalClientError,
)


class Query(Generic[R]):
    """A SELECT, or a change with RETURNING, whose rows come as ``row``: a NamedTuple with the columns' names in order.

    What changes from call to call are ``bindparam``s, given by name. Raises ValueError, at import, for columns and
    fields that do not match, for lists as parameters, which change the text of a statement, and for an INSERT that
    leaves a column to a default of SQLAlchemy's.
    """

    def __init__(self, row: type[R], statement: Select[*tuple[Any, ...]] | UpdateBase) -> None:
        columns = statement.selected_columns if isinstance(statement, Select) else statement.exported_columns
        names = tuple(str(column.key) for column in columns)
        fields = cast("tuple[str, ...]", getattr(row, "_fields", ()))
        if names != fields:
            raise ValueError(f"{row.__name__} has {fields}, the statement gives {names}")
        compiled = statement.compile(dialect=_DIALECT)
        self.sql = compiled.string
        if "__[POSTCOMPILE" in self.sql:
            raise ValueError(f"the query of {row.__name__} has a list for a parameter")
        if getattr(compiled, "insert_prefetch", ()) or getattr(compiled, "update_prefetch", ()):
            raise ValueError(f"the query of {row.__name__} must give every column that has a default")
        self.make: Callable[[Iterable[Any]], R] = row._make  # type: ignore[attr-defined]
        self._order: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._fixed: dict[str, Any] = {
            name: value for name, value in compiled.params.items() if not compiled.binds[name].required
        }

    def arguments(self, parameters: dict[str, Any]) -> list[Any]:
        """Values in the order of the statement's placeholders. Raises KeyError for one that is missing."""
        fixed = self._fixed
        return [parameters[name] if name in parameters else fixed[name] for name in self._order]


class Reads:
    """A connection on which queries run, one after the other; each sees what is committed at that moment.

    A connection that is lost raises ConnectionError, whatever the driver makes of it.
    """

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self.is_broken = False
        """Whether a query went wrong: its answer may still be on its way, or its locks held until the next one."""

    async def all(self, query: Query[R], **parameters: Any) -> list[R]:
        """All rows."""
        return [query.make(record) for record in await self._fetch(query, parameters)]

    async def first(self, query: Query[R], **parameters: Any) -> R | None:
        """The first row; None when there is none."""
        records = await self._fetch(query, parameters)
        return query.make(records[0]) if records else None

    async def _fetch(self, query: Query[R], parameters: dict[str, Any]) -> list[Iterable[Any]]:
        arguments = query.arguments(parameters)
        try:
            records: list[Iterable[Any]] = await self._driver.fetch(query.sql, *arguments)
        except BaseException as error:
            self.is_broken = True
            if isinstance(error, _LOST):
                raise ConnectionResetError(str(error)) from error
            raise
        return records
