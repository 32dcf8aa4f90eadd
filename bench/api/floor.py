"""The floor: a bare Starlette application that does what PostgreSQL sees of each request, and nothing else.

It replays the statements that were recorded from the service, on a pool of the same size, and encodes the same answer
as JSON. No tokens, no validation, no objects, no links, no log.
"""

from __future__ import annotations

import json
import os
import pickle
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]
from bench.api.tracing import Slot
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from bench.api.tracing import Statement, Trace
    from starlette.requests import Request

_WITHOUT_ANSWER = ("BEGIN", "COMMIT", "ROLLBACK")


async def _leave_as_it_is(_connection: Any) -> None:
    """The pool's own reset costs a round trip, which the service's pool does not make."""


def _parameters(statement: Statement, words: Mapping[str, str]) -> list[Any]:
    return [value.fill(words) if isinstance(value, Slot) else value for value in statement.parameters]


def _handler(trace: Trace, pool: Callable[[], asyncpg.Pool]) -> Callable[[Request], Awaitable[Response]]:
    """Replays one trace."""
    answer = json.loads(trace.answer)

    async def replay(request: Request) -> Response:
        words: dict[str, str] = {}
        if trace.method != "GET":
            await request.body()
            words = {**request.path_params, "key": request.headers.get("idempotency-key", "")}
            words |= {name: str(uuid7()) for name in trace.fresh}
        async with pool().acquire() as connection:
            for statement in trace.statements:
                if statement.sql in _WITHOUT_ANSWER:
                    await connection.execute(statement.sql)
                elif words:
                    await connection.fetch(statement.sql, *_parameters(statement, words))
                else:
                    await connection.fetch(statement.sql, *statement.parameters)
        return JSONResponse(answer)

    return replay


def create_floor(traces: list[Trace], pool_options: Mapping[str, Any]) -> Starlette:
    """The application over recorded ``traces``: ``GET /<name>``, ``POST /<name>/<user>/<photo>``."""
    pools: list[asyncpg.Pool] = []

    @asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(reset=_leave_as_it_is, **pool_options) as pool:
            pools.append(pool)
            yield

    routes = []
    for trace in traces:
        path = f"/{trace.name}" if trace.method == "GET" else f"/{trace.name}/{{user}}/{{photo}}"
        routes.append(Route(path, _handler(trace, lambda: pools[0]), methods=[trace.method]))
    return Starlette(routes=routes, lifespan=lifespan)


def serve() -> Starlette:
    """The application of a server process, from its environment."""
    size = int(os.environ["DATABASE_POOL_SIZE"])
    options = {
        "host": os.environ["POSTGRES_SERVER"],
        "port": int(os.environ["POSTGRES_PORT"]),
        "database": os.environ["POSTGRES_DB"],
        "user": os.environ["POSTGRES_USER"],
        "password": os.environ["POSTGRES_PASSWORD"],
        "min_size": size,
        "max_size": size,
        "server_settings": {"application_name": "ai-pic-floor", "jit": "off"},
    }
    return create_floor(pickle.loads(Path(os.environ["AIPIC_BENCH_TRACES"]).read_bytes()), options)
