"""What routes ask for when they deal with files."""

from __future__ import annotations

from datetime import timedelta
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
    called = str(request.base_url).rstrip("/")
    public = state.settings.PUBLIC_URL.rstrip("/")
    return Linker(_link_signer(state), state.storage, base=public or called, bases=(public, called))


LinkerDep = Annotated[Linker, Depends(get_linker)]


async def get_receiver(
    request: Request, database: DatabaseDep, storage: StorageDep, signals: SignalsDep
) -> PhotoReceiver:
    """Takes uploads in."""
    return PhotoReceiver(database, storage, request.app.state.queue, signals)


ReceiverDep = Annotated[PhotoReceiver, Depends(get_receiver)]
