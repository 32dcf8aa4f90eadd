"""The page at ``/`` and its files."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, FastAPI, Request, Response

from app.core.errors import NotFound
from app.studio.assets import load_assets
from app.studio.catalogue import Catalogue
from app.studio.conditions import is_known, strong_etag
from app.studio.policy import content_security_policy

if TYPE_CHECKING:
    from app.core.settings import Settings
    from app.studio.assets import Asset, Assets

_READ: Final = ["GET", "HEAD"]
_FOR_EVER: Final = "public, max-age=31536000, immutable"


def install_page(app: FastAPI) -> None:
    """Serve the page, its files, and the catalogue that it begins with."""
    settings: Settings = app.state.settings
    assets = load_assets()
    app.state.catalogue = Catalogue(settings, assets)
    page = _page(settings, assets)
    page_headers = {
        "ETag": strong_etag(page),
        "Cache-Control": "no-cache",
        "Content-Security-Policy": content_security_policy(settings),
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=_READ)
    async def read_page(request: Request) -> Response:
        if is_known(request.headers.get("if-none-match"), page_headers["ETag"]):
            return Response(status_code=304, headers=page_headers)
        return Response(page, headers=page_headers, media_type="text/html")

    @router.api_route("/assets/{digest}/{name:path}", methods=_READ)
    async def read_asset(request: Request, digest: str, name: str) -> Response:
        asset = assets.get_or_none(name)
        if asset is None:
            raise NotFound
        # While an update is rolled out, the page of one process asks another for its files: those it has must do.
        return _answer(request, asset, cache=_FOR_EVER if digest == assets.digest_of(name) else "no-cache")

    app.include_router(router)


def _page(settings: Settings, assets: Assets) -> bytes:
    root = assets.path("")
    return (
        assets.page.replace("{{assets}}", root.rstrip("/")).replace("{{name}}", escape(settings.PROJECT_NAME)).encode()
    )


def _answer(request: Request, asset: Asset, *, cache: str) -> Response:
    headers = {"ETag": asset.etag, "Cache-Control": cache}
    content = asset.content
    if asset.packed is not None:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            content = asset.packed
            headers |= {"Content-Encoding": "gzip", "ETag": f'{asset.etag[:-1]}-gzip"'}
    if is_known(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=asset.content_type)
