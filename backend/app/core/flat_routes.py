"""All routes of a router in one flat list, with a table in front of it.

FastAPI keeps an included router whole, and for each request asks router after router, each of which asks its routes,
twice. With our thirty routes that took as long as everything else that it does. So each route is added to the
application as what it is in the end: its whole path, its tags, its answers. And those that come into question are found
by what their path begins with.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute, Match, NoMatchFound

from app.core.quick_routes import QuickRoute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import FastAPI
    from starlette.datastructures import URLPath
    from starlette.types import Receive, Scope, Send

_OPTIONS: Final = frozenset(inspect.signature(APIRouter.add_api_route).parameters) - {"self", "path", "endpoint"}


def add_flat(app: FastAPI, router: APIRouter) -> None:
    """Add every route of ``router``, and of the routers in it, to ``app``. It must hold API routes only."""
    first = len(app.router.routes)
    for route in iter_route_contexts(router.routes):
        if route.path is None or route.endpoint is None:
            raise TypeError(f"{route!r} is no API route")
        options = {name: getattr(route, name) for name in _OPTIONS if hasattr(route, name)}
        app.router.add_api_route(route.path, route.endpoint, route_class_override=QuickRoute, **options)
    added = app.router.routes[first:]
    app.router.routes.insert(0, RouteTable(route for route in added if isinstance(route, APIRoute)))


class RouteTable(BaseRoute):
    """Finds the route of a request among many; what it does not find, the list after it answers as ever.

    A path without parameters is looked up whole, one with parameters by all that stands before the first of them.
    """

    def __init__(self, routes: Iterable[APIRoute]) -> None:
        self._whole: dict[str, list[APIRoute]] = {}
        self._beginnings: dict[str, list[APIRoute]] = {}
        for route in routes:
            beginning, parameter, _ = route.path_format.partition("{")
            table = self._beginnings if parameter else self._whole
            table.setdefault(beginning, []).append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """A route that takes this path and this method, or none."""
        if scope["type"] != "http" or scope.get("root_path"):
            return Match.NONE, {}
        path: str = scope["path"]
        for route in self._whole.get(path, ()):
            match, found = route.matches(scope)
            if match is Match.FULL:
                return match, found
        end = len(path)
        while (end := path.rfind("/", 0, end)) >= 0:
            for route in self._beginnings.get(path[: end + 1], ()):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    return match, found
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the route that was found answer."""
        await scope["route"].handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Nothing: the routes in the list tell their own."""
        raise NoMatchFound(name, path_params)
