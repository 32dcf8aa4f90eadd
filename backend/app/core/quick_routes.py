"""Routes that only read, answered without walking the tree of their dependencies each time.

For every request FastAPI asks each dependency what kind of function it is, what it wants and whether it ran already;
for a read with four of them that took longer than the database did. A route whose dependencies are plain coroutines
that want nothing but the request is therefore planned once, at the start. Whatever is not so simple (a body, a
generator, a parameter of a dependency, a custom response), and every request with a wrong parameter, goes FastAPI's own
way; so does each request while a test overrides dependencies.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi._compat import field_annotation_is_sequence
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.utils import request_params_to_args
from fastapi.routing import APIRoute, serialize_response
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi._compat import ModelField
    from fastapi.dependencies.models import Dependant
    from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class _Step:
    """A dependency: what to call, under which name it gets the request and the results of earlier steps."""

    call: Callable[..., Awaitable[Any]]
    request_name: str | None
    earlier: tuple[tuple[str, int], ...]


class QuickRoute(APIRoute):
    """An API route that is quick where it can be."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        steps = _Planner().plan(self)
        self.is_quick = steps is not None
        if steps is not None:
            self.app = _Quick(self, steps, thorough=self.app)


class _Quick:
    """The application of one such route; ``thorough`` is FastAPI's."""

    def __init__(self, route: APIRoute, steps: list[_Step], *, thorough: ASGIApp) -> None:
        self._route = route
        self._overridable = route.dependency_overrides_provider
        self._thorough = thorough
        self._earlier = steps[:-1]
        self._endpoint = steps[-1]
        self._path_fields = route.dependant.path_params
        self._query_fields = [field for field in route.dependant.query_params if not _is_flat_model(field)]
        self._query_models = [field for field in route.dependant.query_params if _is_flat_model(field)]
        self._status = route.status_code or 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        parameters: dict[str, Any] = {}
        wrong: list[Any] = []
        for field in self._path_fields:
            parameters[field.name], more = field.validate(request.path_params[field.alias], {}, loc=("path",))
            wrong += more
        if self._query_fields:
            queried, more = request_params_to_args(self._query_fields, request.query_params)
            parameters.update(queried)
            wrong += more
        if self._query_models:
            queried = dict(request.query_params)
            for field in self._query_models:
                parameters[field.name], more = field.validate(queried, {}, loc=("query",))
                wrong += more
        if wrong or (self._overridable is not None and self._overridable.dependency_overrides):
            await self._thorough(scope, receive, send)
            return
        results: list[Any] = []
        for step in self._earlier:
            results.append(await _call(step, request, results, {}))
        content = await _call(self._endpoint, request, results, parameters)
        body = await serialize_response(field=self._route.response_field, response_content=content, dump_json=True)
        await Response(body, self._status, media_type="application/json")(scope, receive, send)


def _call(step: _Step, request: Request, results: list[Any], values: dict[str, Any]) -> Awaitable[Any]:
    for name, index in step.earlier:
        values[name] = results[index]
    if step.request_name is not None:
        values[step.request_name] = request
    return step.call(**values)


class _NotSimple(Exception):
    """Something that only FastAPI's own way can do."""


class _Planner:
    """Brings the dependencies of a route into an order in which each comes once, and after what it needs."""

    def __init__(self) -> None:
        self._steps: list[_Step] = []
        self._indices: dict[Any, int] = {}

    def plan(self, route: APIRoute) -> list[_Step] | None:
        """The steps, the endpoint's last; None when the route is not simple enough."""
        try:
            if not _answers_simply(route) or not _asks_simply(route.dependant):
                return None
            endpoint = self._step(route.dependant)
        except _NotSimple:
            return None
        return [*self._steps, endpoint]

    def _add(self, dependant: Dependant) -> int:
        parameters = (*dependant.path_params, *dependant.query_params)
        if parameters or not _asks_simply(dependant) or not dependant.use_cache:
            raise _NotSimple
        if dependant.call not in self._indices:
            step = self._step(dependant)
            self._indices[dependant.call] = len(self._steps)
            self._steps.append(step)
        return self._indices[dependant.call]

    def _step(self, dependant: Dependant) -> _Step:
        call = dependant.call
        if call is None or not _is_coroutine(call):
            raise _NotSimple
        needed = [(child.name, self._add(child)) for child in dependant.dependencies]
        named = tuple((name, index) for name, index in needed if name is not None)
        return _Step(call, dependant.request_param_name, named)


def _answers_simply(route: APIRoute) -> bool:
    changed = (
        route.response_model_include is not None
        or route.response_model_exclude is not None
        or route.response_model_exclude_unset
        or route.response_model_exclude_defaults
        or route.response_model_exclude_none
        or not route.response_model_by_alias
    )
    streams = route.is_sse_stream or route.is_json_stream
    default = isinstance(route.response_class, DefaultPlaceholder)
    return route.methods == {"GET"} and route.response_field is not None and default and not changed and not streams


def _asks_simply(dependant: Dependant) -> bool:
    """Whether it wants no more than parameters of path and query, other dependencies and the request."""
    return not (
        dependant.header_params
        or dependant.cookie_params
        or dependant.body_params
        or dependant.response_param_name
        or dependant.background_tasks_param_name
        or dependant.security_scopes_param_name
        or dependant.http_connection_param_name
        or dependant.websocket_param_name
        or dependant.own_oauth_scopes
        or dependant.concurrency
    )


def _is_flat_model(field: ModelField) -> bool:
    """Whether it is a model whose fields are single values under their own names, so that it can read a plain dict."""
    model = field.field_info.annotation
    if not (inspect.isclass(model) and issubclass(model, BaseModel)):
        return False
    fields = model.model_fields.values()
    return not any(one.alias or one.validation_alias or field_annotation_is_sequence(one.annotation) for one in fields)


def _is_coroutine(call: Callable[..., Any]) -> bool:
    called: object = call if inspect.isroutine(call) else getattr(call, "__call__")  # noqa: B004, B009
    return inspect.iscoroutinefunction(called)
