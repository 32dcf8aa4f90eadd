"""All routes of a router in one flat list.

FastAPI keeps an included router whole, and for each request asks router after router, each of which asks its routes,
twice. With our thirty routes that took as long as everything else that it does. So each route is added to the
application as what it is in the end: its whole path, its tags, its answers.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts

if TYPE_CHECKING:
    from fastapi import FastAPI

_OPTIONS: Final = frozenset(inspect.signature(APIRouter.add_api_route).parameters) - {"self", "path", "endpoint"}


def add_flat(app: FastAPI, router: APIRouter) -> None:
    """Add every route of ``router``, and of the routers in it, to ``app``. It must hold API routes only."""
    for route in iter_route_contexts(router.routes):
        if route.path is None or route.endpoint is None:
            raise TypeError(f"{route!r} is no API route")
        options = {name: getattr(route, name) for name in _OPTIONS if hasattr(route, name)}
        app.router.add_api_route(route.path, route.endpoint, **options)
