"""PostgreSQL: the declarative base, sessions, and transactions that end at the edge.

Services flush at most; only ``Database.transaction`` commits. What must happen after the commit, such as putting a
job into the queue, is registered with ``Session.after_commit`` and dropped when the transaction rolls back.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Connection, DateTime, MetaData, event, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.core.errors import ServiceError, Unavailable
from app.core.failures import meaning
from app.core.ids import new_id
from app.core.read_pool import ReadPool
from app.core.reading import Query, R, Reads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from app.core.settings import Settings

_NOTHING = text("SELECT 1")
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def is_outage(error: BaseException) -> bool:
    """Whether the database is away, full or still starting, rather than the statement wrong: the same may succeed in
    a moment."""
    if not isinstance(error, Exception) or isinstance(error, ServiceError):
        return False
    return isinstance(error, OSError) or isinstance(meaning(error), Unavailable)


def _replace_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool open another connection in place of one that the server has closed while it lay idle."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


class Base(DeclarativeBase):
    """Base of all tables; constraints get names by one convention, so that migrations can speak of them."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        int: BigInteger,
    }


class Identified:
    """A UUIDv7 primary key and the time of creation."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Session(AsyncSession):
    """A session that remembers what to do once its transaction has committed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, expire_on_commit=False, **options)
        self.deferred: list[Callable[[], Awaitable[object]]] = []
        self._below: Connection | None = None
        self._driver: Any = None

    def after_commit(self, action: Callable[[], Awaitable[object]]) -> None:
        """Run ``action`` after the commit. It must not raise: the data is in already, whatever it does."""
        self.deferred.append(action)

    async def fetch_first(self, query: Query[R], **parameters: Any) -> R | None:
        """The first row of a query that the driver runs within this transaction; None when there is none."""
        if self._driver is None:
            await self._reach_driver()
        if self.new or self.dirty or self.deleted:
            await self.flush()
        try:
            return await Reads(self._driver).first(query, **parameters)
        except BaseException as error:
            # An answer that nobody waits for may still be on its way: the connection is of no use any more.
            if not isinstance(error, Exception) and self._below is not None:
                self._below.invalidate()
            raise

    async def _reach_driver(self) -> None:
        self._below = (await self.connection()).sync_connection
        assert self._below is not None
        driver: Any = self._below.connection.driver_connection
        if not driver.is_in_transaction():
            await self.execute(_NOTHING)  # SQLAlchemy sends BEGIN with its own first statement
        self._driver = driver


class Database:
    """The connections of one process: a pool of DATABASE_POOL_SIZE for sessions, and half as many for hot reads."""

    def __init__(self, settings: Settings, *, name: str = "backend") -> None:
        server_settings = {"application_name": f"ai-pic-{name}", "jit": "off"}
        self.engine = create_async_engine(
            settings.database_url,
            pool_size=settings.DATABASE_POOL_SIZE,
            max_overflow=0,
            # A caller who cannot get a connection in this time is told so, instead of waiting behind all others.
            pool_timeout=10,
            pool_use_lifo=True,
            # Errors end in logs, and parameters are addresses and hashes of people.
            hide_parameters=True,
            connect_args={"timeout": 5, "server_settings": server_settings},
        )
        event.listen(self.engine.sync_engine, "checkout", _replace_closed)
        self._read_pool = ReadPool(
            settings, size=max(1, settings.DATABASE_POOL_SIZE // 2), server_settings=server_settings
        )
        # Reads need no BEGIN and COMMIT: one round trip instead of three.
        self.reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """A transaction: committed when the block ends, rolled back when it raises. Then the deferred actions."""
        async with Session(self.engine) as session, session.begin():
            yield session
        for action in session.deferred:
            await action()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Session]:
        """A session for reading alone; each statement sees what is committed at that moment."""
        async with Session(self.reader) as session:
            yield session

    def reads(self) -> AbstractAsyncContextManager[Reads]:
        """The same for queries that clients make all the time, without SQLAlchemy's share of the time."""
        return self._read_pool.reads()

    async def close(self) -> None:
        """Close all connections."""
        await self._read_pool.close()
        await self.engine.dispose()
