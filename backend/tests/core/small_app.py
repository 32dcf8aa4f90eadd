"""A small application behind the service's handlers and middleware, and a way to serve one over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from app.core.answers import COMMON_RESPONSES
from app.core.handlers import install_handlers
from app.core.middleware import install_middleware
from app.core.schemas import CleanText, Envelope, Schema
from app.core.security import Keyring
from app.core.settings import Settings

SECRET = "test-only-secret-key-of-more-than-32-characters"


class Order(Schema):
    name: CleanText
    number: int = 1


def plain_settings(**changes: Any) -> Settings:
    """Settings that read nothing of this machine."""
    return Settings(_env_file=None, **({"SECRET_KEY": SECRET} | changes))


def small_app(settings: Settings | None = None, failure: Exception | None = None) -> FastAPI:
    """The application; ``/api/v1/things/fail`` raises ``failure``."""
    settings = settings or plain_settings()
    app = FastAPI(openapi_url="/openapi.json", docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.state.keyring = Keyring(settings)
    inner = APIRouter(prefix="/things", responses=COMMON_RESPONSES)

    @inner.get("/fail")
    async def fail() -> None:
        assert failure is not None
        raise failure

    @inner.get("/break-off")
    async def break_off() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"a piece"
            raise RuntimeError("in the middle")

        return StreamingResponse(pieces())

    @inner.get("/caller")
    async def caller(request: Request) -> Envelope[str]:
        return Envelope(data=request.state.client_address)

    @inner.post("")
    async def order(order: Order) -> Envelope[str]:
        return Envelope(data=order.name)

    @inner.get("/{thing_id}")
    async def read(thing_id: UUID) -> Envelope[str]:
        return Envelope(data=str(thing_id))

    upload_routes = APIRouter(prefix="/emoji")

    @upload_routes.post("/upload")
    async def upload(request: Request) -> Envelope[int]:
        return Envelope(data=sum([len(chunk) async for chunk in request.stream()]))

    api = APIRouter(prefix="/api/v1")
    api.include_router(inner)
    api.include_router(upload_routes)
    app.include_router(api)
    install_handlers(app)
    install_middleware(app, settings, app.state.keyring)
    return app


@asynccontextmanager
async def calling(app: FastAPI, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls ``app`` in this process. An error that leaves the application fails the test."""
    transport = httpx.ASGITransport(app, **options)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as client:
        yield client


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[int]:
    """Serve ``app`` over a socket of this machine; yields the port."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, proxy_headers=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def talk(port: int, request: bytes) -> bytes:
    """Send raw bytes, and return all that comes back until the server closes or falls silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = b""
    try:
        async with asyncio.timeout(3):
            while piece := await reader.read(65536):
                answer += piece
                head, end, body = answer.partition(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if end and length and len(body) >= int(length[0].split(b":")[1]):
                    break
    finally:
        writer.close()
    return answer
