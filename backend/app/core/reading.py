"""Reads that clients make all the time, at the price of the driver.

A session of SQLAlchemy takes five times as long as the driver to fetch a row by its key: it prepares to track objects
that nobody will change. So the hottest reads are queries that SQLAlchemy writes once, at import, and the driver runs.
Everything that writes, and every read that is not hot, keeps to sessions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from sqlalchemy.dialects.postgresql import asyncpg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Select

R = TypeVar("R", bound=tuple[Any, ...])
_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


class Query(Generic[R]):
    """A SELECT whose rows come as ``row``, a NamedTuple with the columns' names in the same order.

    What changes from call to call are ``bindparam``s, given by name. Raises ValueError, at import, for columns and
    fields that do not match, and for lists as parameters, which change the text of a statement.
    """

    def __init__(self, row: type[R], statement: Select[*tuple[Any, ...]]) -> None:
        columns = statement.selected_columns
        names = tuple(str(column.key) for column in columns)
        fields = cast("tuple[str, ...]", getattr(row, "_fields", ()))
        if names != fields:
            raise ValueError(f"{row.__name__} has {fields}, the statement gives {names}")
        compiled = statement.compile(dialect=_DIALECT)
        self.sql = compiled.string
        if "__[POSTCOMPILE" in self.sql:
            raise ValueError(f"the query of {row.__name__} has a list for a parameter")
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
    """A connection on which queries run, one after the other; each sees what is committed at that moment."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    async def all(self, query: Query[R], **parameters: Any) -> list[R]:
        """All rows."""
        records = await self._driver.fetch(query.sql, *query.arguments(parameters))
        return [query.make(record) for record in records]

    async def first(self, query: Query[R], **parameters: Any) -> R | None:
        """The first row; None when there is none."""
        records = await self._driver.fetch(query.sql, *query.arguments(parameters))
        return query.make(records[0]) if records else None
