"""What the routes of the catalogue ask for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from app.core.http import SettingsDep
from app.studio.catalogue import Catalogue


async def get_catalogue(request: Request) -> Catalogue:
    """The catalogue of this process."""
    return cast("Catalogue", request.app.state.catalogue)


async def get_public_base(request: Request, settings: SettingsDep) -> str:
    """Where the page's files lie for this caller: PUBLIC_URL where that is set, else the address that was called."""
    return settings.PUBLIC_URL.rstrip("/") or str(request.base_url).rstrip("/")


CatalogueDep = Annotated[Catalogue, Depends(get_catalogue)]
PublicBaseDep = Annotated[str, Depends(get_public_base)]
