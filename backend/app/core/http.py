"""What endpoints ask FastAPI for: the process's resources, and one session a request, committed at the edge.

All are coroutines though most never wait: plain functions would each be sent to a thread, which costs more than all the
rest of a request together. A test holds every route to that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Query, Request

from app.core.database import Database, Session
from app.core.i18n import Lang, negotiate
from app.core.schemas import Paging
from app.core.security import Keyring
from app.core.settings import Settings
from app.core.signals import Signals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def get_settings(request: Request) -> Settings:
    """The settings of this process."""
    return cast("Settings", request.app.state.settings)


async def get_database(request: Request) -> Database:
    """The pool of database connections."""
    return cast("Database", request.app.state.database)


async def get_keyring(request: Request) -> Keyring:
    """The keys derived from SECRET_KEY."""
    return cast("Keyring", request.app.state.keyring)


async def get_signals(request: Request) -> Signals:
    """Signals from the workers."""
    return cast("Signals", request.app.state.signals)


async def get_lang(request: Request) -> Lang:
    """The caller's language."""
    return negotiate(request.headers.get("accept-language"))


async def get_session(request: Request, database: Annotated[Database, Depends(get_database)]) -> AsyncIterator[Session]:
    """One session for the whole request. A GET only reads; everything else is one transaction.

    It ends before the answer is written: who reads "success" can rely on the commit.
    """
    if request.method in {"GET", "HEAD"}:
        async with database.read() as session:
            yield session
    else:
        async with database.transaction() as session:
            yield session


SettingsDep = Annotated[Settings, Depends(get_settings)]
DatabaseDep = Annotated[Database, Depends(get_database)]
KeyringDep = Annotated[Keyring, Depends(get_keyring)]
SignalsDep = Annotated[Signals, Depends(get_signals)]
LangDep = Annotated[Lang, Depends(get_lang)]
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
PagingDep = Annotated[Paging, Query()]
