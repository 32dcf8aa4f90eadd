"""What routes ask for when they deal with files."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.datastructures import State

from app.core.http import DatabaseDep, SignalsDep
from app.media.links import Linker, LinkSigner
from app.media.receiving import PhotoReceiver
from app.media.storage import Storage


async def get_storage(request: Request) -> Storage:
    """Where files are kept."""
    return cast("Storage", request.app.state.storage)


StorageDep = Annotated[Storage, Depends(get_storage)]


async def get_link_signer(request: Request) -> LinkSigner:
    """Makes and checks signatures of links; one for the process, made when it is first asked for."""
    return _link_signer(request.app.state)


def _link_signer(state: State) -> LinkSigner:
    if not hasattr(state, "link_signer"):
        state.link_signer = LinkSigner(state.keyring, timedelta(hours=state.settings.LINK_HOURS))
    return cast("LinkSigner", state.link_signer)


LinkSignerDep = Annotated[LinkSigner, Depends(get_link_signer)]


async def get_linker(request: Request) -> Linker:
    """Links for this caller: under PUBLIC_URL where that is set, else under the address that was called."""
    state = request.app.state
    scope = request.scope
    root = scope.get("app_root_path", scope.get("root_path", ""))
    called = _called(scope["scheme"], request.headers.get("host"), scope.get("server"), root)
    public = state.settings.PUBLIC_URL.rstrip("/")
    return Linker(_link_signer(state), state.storage, base=public or called, bases=(public, called))


@lru_cache(maxsize=256)
def _called(scheme: str, host: str | None, server: tuple[str, int | None] | None, root: str) -> str:
    """What ``request.base_url`` would say, without the slash at its end; few addresses serve many requests."""
    headers = [] if host is None else [(b"host", host.encode("latin-1"))]
    scope = {"type": "http", "scheme": scheme, "server": server, "root_path": root, "headers": headers}
    return str(Request(scope).base_url).rstrip("/")


LinkerDep = Annotated[Linker, Depends(get_linker)]


async def get_receiver(
    request: Request, database: DatabaseDep, storage: StorageDep, signals: SignalsDep
) -> PhotoReceiver:
    """Takes uploads in."""
    return PhotoReceiver(database, storage, request.app.state.queue, signals)


ReceiverDep = Annotated[PhotoReceiver, Depends(get_receiver)]
