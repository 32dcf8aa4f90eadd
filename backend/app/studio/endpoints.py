"""The route of the catalogue."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Response

from app.core.http import DatabaseDep, LangDep
from app.core.schemas import Envelope
from app.studio.conditions import is_known
from app.studio.dependencies import CatalogueDep, PublicBaseDep
from app.studio.schemas import ConfigRead

router = APIRouter(tags=["catalogue"])
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "The caller has it already"}}


@router.get("/config", response_model=Envelope[ConfigRead], responses=_ANSWERS)
async def read_config(
    database: DatabaseDep,
    catalogue: CatalogueDep,
    lang: LangDep,
    base: PublicBaseDep,
    if_none_match: Annotated[str | None, Header(description="The `ETag` of the last answer")] = None,
) -> Response:
    """What is on offer and what the rules are, in the caller's language. Open; made to be asked at every start.

    Products and banners are no part of it: this service has none.
    """
    document = await catalogue.read(database, lang, base)
    headers = {"ETag": document.etag, "Cache-Control": "public, max-age=60", "Vary": "Accept-Language"}
    if is_known(if_none_match, document.etag):
        return Response(status_code=304, headers=headers)
    return Response(document.body, headers=headers, media_type="application/json")
