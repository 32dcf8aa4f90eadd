"""What routes ask for when they deal with files."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, cast

from fastapi import Depends, Request

from app.core.http import DatabaseDep, KeyringDep, SettingsDep, SignalsDep
from app.media.links import Linker, LinkSigner
from app.media.receiving import PhotoReceiver
from app.media.storage import Storage


async def get_storage(request: Request) -> Storage:
    """Where files are kept."""
    return cast("Storage", request.app.state.storage)


StorageDep = Annotated[Storage, Depends(get_storage)]


async def get_link_signer(keyring: KeyringDep, settings: SettingsDep) -> LinkSigner:
    """Makes and checks signatures of links."""
    return LinkSigner(keyring, timedelta(hours=settings.LINK_HOURS))


LinkSignerDep = Annotated[LinkSigner, Depends(get_link_signer)]


async def get_linker(request: Request, signer: LinkSignerDep, storage: StorageDep, settings: SettingsDep) -> Linker:
    """Links for this caller: under PUBLIC_URL where that is set, else under the address that was called."""
    called = str(request.base_url).rstrip("/")
    public = settings.PUBLIC_URL.rstrip("/")
    return Linker(signer, storage, base=public or called, bases=(public, called))


LinkerDep = Annotated[Linker, Depends(get_linker)]


async def get_receiver(
    request: Request, database: DatabaseDep, storage: StorageDep, signals: SignalsDep
) -> PhotoReceiver:
    """Takes uploads in."""
    return PhotoReceiver(database, storage, request.app.state.queue, signals)


ReceiverDep = Annotated[PhotoReceiver, Depends(get_receiver)]
