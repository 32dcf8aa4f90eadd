"""What FastAPI asks for on each request must not be sent to threads."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import iter_route_contexts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

pytestmark = pytest.mark.anyio


def _calls(dependant: Any) -> Iterator[Any]:
    yield dependant.call
    for child in dependant.dependencies:
        yield from _calls(child)


async def test_every_dependency_is_a_coroutine(app: FastAPI) -> None:
    """A plain function runs in a thread: it works, and costs more than the rest of the request."""
    plain, seen = set(), 0
    for context in iter_route_contexts(app.routes):
        for call in _calls(context.dependant) if hasattr(context, "dependant") else ():
            seen += 1
            target = call if inspect.isroutine(call) else call.__call__
            if not inspect.iscoroutinefunction(target) and not inspect.isasyncgenfunction(target):
                plain.add(f"{target.__module__}.{target.__qualname__}")
    assert seen > 50
    assert plain == set()
