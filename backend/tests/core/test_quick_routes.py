"""A quick route answers as FastAPI's own would, to right and to wrong requests."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from app.core.quick_routes import QuickRoute
from app.core.schemas import Envelope, Moment, Paging

pytestmark = pytest.mark.anyio
calls: list[str] = []


class Filter(BaseModel):
    kind: str | None = Field(default=None, pattern="^[a-z]+$")


class Tags(BaseModel):
    tag: list[str] = []


class Answer(BaseModel):
    number: int
    when: Moment | None = None


async def caller(request: Request) -> str:
    calls.append("caller")
    if (name := request.headers.get("x-name")) is None:
        raise HTTPException(401)
    return name


Caller = Annotated[str, Depends(caller)]


async def greeting(name: Caller) -> str:
    calls.append("greeting")
    return f"hello {name}"


async def limit(request: Request, name: Caller) -> None:
    calls.append("limit")


class Counter:
    async def __call__(self, request: Request) -> int:
        return len(request.headers.get("x-name", ""))


async def generator() -> Any:
    yield 1


async def simple(name: Caller, hello: Annotated[str, Depends(greeting)]) -> Envelope[Answer]:
    return Envelope(data=Answer(number=len(hello + name)))


async def by_path(count: Annotated[int, Depends(Counter())], item: UUID) -> Envelope[str]:
    return Envelope(data=f"{item} {count}")


async def by_query(
    name: Caller, paging: Annotated[Paging, Query()], chosen: Annotated[Filter, Query()], plain: int = 7
) -> dict[str, Any]:
    return {"page": paging.page, "size": paging.page_size, "kind": chosen.kind, "plain": plain, "name": name}


async def many_tags(tags: Annotated[Tags, Query()]) -> list[str]:
    return tags.tag


async def broken() -> int:
    raise HTTPException(418)


async def own_response() -> Response:
    return Response(b"own")


async def generated(one: Annotated[int, Depends(generator)]) -> int:
    return one


def make(kind: type[APIRoute]) -> FastAPI:
    app = FastAPI()
    add = app.router.add_api_route
    add("/simple", simple, methods=["GET"], route_class_override=kind, dependencies=[Depends(limit)], status_code=203)
    for path, endpoint in (("/item/{item}", by_path), ("/query", by_query), ("/tags", many_tags), ("/broken", broken)):
        add(path, endpoint, methods=["GET"], route_class_override=kind)
    add("/own", own_response, methods=["GET"], route_class_override=kind)
    add("/generated", generated, methods=["GET"], route_class_override=kind)
    return app


QUICK, THOROUGH = make(QuickRoute), make(APIRoute)


async def ask(app: FastAPI, path: str, **headers: str) -> tuple[httpx.Response, list[str]]:
    calls.clear()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return await client.get(path, headers=headers), list(calls)


def test_what_is_quick() -> None:
    quick = {route.path for route in QUICK.routes if isinstance(route, QuickRoute) and route.is_quick}
    assert quick == {"/simple", "/item/{item}", "/query", "/tags", "/broken"}


@pytest.mark.parametrize(
    "path",
    [
        "/simple",
        "/item/01890000-0000-7000-8000-000000000001",
        "/item/nonsense",
        "/query",
        "/query?page=3&page_size=5&kind=abc&plain=2&other=1",
        "/query?page=1&page=2",
        "/query?page=0&kind=A1",
        "/query?plain=x&page=",
        "/tags?tag=a&tag=b",
        "/broken",
        "/own",
        "/generated",
    ],
)
@pytest.mark.parametrize("headers", [{}, {"x-name": "rain"}])
async def test_the_same_answer(path: str, headers: dict[str, str]) -> None:
    quick, quick_calls = await ask(QUICK, path, **headers)
    thorough, thorough_calls = await ask(THOROUGH, path, **headers)
    assert (quick.status_code, quick.content) == (thorough.status_code, thorough.content)
    assert quick.headers == thorough.headers
    assert quick_calls == thorough_calls


async def test_overrides_are_obeyed() -> None:
    app = make(QuickRoute)
    app.dependency_overrides[caller] = lambda: "somebody"
    answer, called = await ask(app, "/query")
    assert answer.json()["name"] == "somebody"
    assert called == []


def test_the_contract_is_the_same() -> None:
    assert QUICK.openapi() == THOROUGH.openapi()
