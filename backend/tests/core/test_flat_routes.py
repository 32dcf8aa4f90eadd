"""Flattened routes are the same routes."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, FastAPI

from app.api import build_api
from app.core.flat_routes import RouteTable, add_flat
from app.core.quick_routes import QuickRoute


def test_the_contract_stays_the_same() -> None:
    nested, flat = FastAPI(), FastAPI()
    nested.include_router(build_api())
    add_flat(flat, build_api())
    assert flat.openapi() == nested.openapi()
    assert len(flat.openapi()["paths"]) > 10


def test_every_route_stands_by_itself() -> None:
    app = FastAPI(openapi_url=None)
    add_flat(app, build_api())
    table, *routes = app.routes
    assert type(table) is RouteTable
    assert all(type(route) is QuickRoute for route in routes)
    assert len(routes) > 20


def test_what_is_no_api_route_is_refused() -> None:
    router = APIRouter()
    router.mount("/files", FastAPI())
    with pytest.raises(TypeError, match="no API route"):
        add_flat(FastAPI(), router)
