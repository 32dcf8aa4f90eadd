"""The SQL that a request of the service really causes, written down so that the floor can do the same.

Run as a program it sends each request of a plan to the service's own application in this process, twice: the second
time every statement is recorded with its parameters, BEGIN and COMMIT too. The floor replays the record, so the two
can never drift apart.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the load generator sends it. ``known`` names the words in it that differ from call to call."""

    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter with something in it that is new for each call: ``{task}``, ``task:{task}``."""

    template: str
    is_uuid: bool

    def fill(self, words: Mapping[str, str]) -> str | UUID:
        """The parameter of one call."""
        text = self.template.format_map(words)
        return UUID(text) if self.is_uuid else text


@dataclass(frozen=True, slots=True)
class Statement:
    """One round trip to the database. ``parameters`` are values, or slots."""

    sql: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """All that the database sees of a request, and the bytes of its answer. ``fresh`` are ids made for each call."""

    name: str
    method: str
    statements: tuple[Statement, ...]
    answer: bytes
    fresh: tuple[str, ...] = ()


class Recorder:
    """Listens to SQLAlchemy and to the driver below it, which some reads use alone.

    A BEGIN is sent with the first statement after it, as the driver does.
    """

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self._begun = False
        self._waiting = False

    def begin(self, connection: Connection) -> None:
        """A transaction begins, unless each statement is one by itself."""
        self._waiting = connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT"

    def execute(self, _connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool) -> None:
        """A statement goes out."""
        if many:
            raise NotImplementedError("the floor cannot replay a statement with many sets of parameters")
        if self._waiting:
            self.statements.append(Statement("BEGIN"))
            self._begun, self._waiting = True, False
        self.statements.append(Statement(sql, tuple(_plain(value) for value in parameters)))

    def fetch(self, query: Any) -> None:
        """The driver was asked directly; what it does for SQLAlchemy goes by another way, but for the brackets."""
        if query.query.rstrip(";") not in ("BEGIN", "COMMIT", "ROLLBACK"):
            self.statements.append(Statement(query.query, tuple(_plain(value) for value in query.args)))

    def end(self, word: str) -> None:
        """The transaction ends by ``word``."""
        if self._begun:
            self.statements.append(Statement(word))
        self._begun = self._waiting = False


def _plain(value: Any) -> Any:
    """Texts of our own types as plain ones, so that reading the record needs nothing of the service."""
    return str.__str__(value) if isinstance(value, str) else value


def generalise(statements: list[Statement], known: Mapping[str, str]) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """Put slots where parameters hold ``known`` words (name to word), or ids that are made anew for each call.

    Returns the statements, and the names of what is to be made anew.
    """
    names = {word: name for name, word in known.items()}
    fresh = [name for name in known if name not in ("user", "photo", "key")]

    def open_up(value: Any) -> Any:
        if isinstance(value, UUID):
            if str(value) not in names:
                names[str(value)] = name = f"id{len(names)}"
                fresh.append(name)
            return Slot("{" + names[str(value)] + "}", is_uuid=True)
        if isinstance(value, str):
            template = value.replace("{", "{{").replace("}", "}}")
            for word, name in names.items():
                template = template.replace(word, "{" + name + "}")
            if template.replace("{{", "{").replace("}}", "}") != value:
                return Slot(template, is_uuid=False)
        return value

    opened = tuple(Statement(one.sql, tuple(open_up(value) for value in one.parameters)) for one in statements)
    return opened, tuple(fresh)


async def record(requests: list[Request]) -> list[Trace]:
    """The traces of requests, by an application of the same settings as the service's."""
    import httpx
    from sqlalchemy import event

    from app.core.logging import configure_logging
    from app.core.settings import load_settings
    from app.main import create_app

    settings = load_settings()
    configure_logging(settings, process="bench")
    application = create_app(settings)
    recorder = Recorder()
    _listen_to_driver(recorder)
    async with application.router.lifespan_context(application):
        engine = application.state.database.engine.sync_engine
        event.listen(engine, "begin", recorder.begin)
        event.listen(engine, "before_cursor_execute", recorder.execute)
        event.listen(engine, "commit", lambda _connection: recorder.end("COMMIT"))
        event.listen(engine, "rollback", lambda _connection: recorder.end("ROLLBACK"))
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            traces = []
            for request in requests:
                await _ask(client, request, "first")
                recorder.statements.clear()
                answer = await _ask(client, request, "second")
                if not recorder.statements:
                    raise SystemExit(f"{request.name}: no statement was seen, so its floor would be the ground")
                traces.append(_trace(request, list(recorder.statements), answer))
    return traces


def _listen_to_driver(recorder: Recorder) -> None:
    """Have every connection tell, whichever pool opens it; for the rest of this process."""
    import asyncpg  # type: ignore[import-untyped]

    begin = asyncpg.Connection.__init__

    def begin_and_tell(self: Any, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        self.add_query_logger(recorder.fetch)

    asyncpg.Connection.__init__ = begin_and_tell


async def _ask(client: Any, request: Request, key: str) -> Any:
    headers = {name: value.replace("{key}", f"trace-{key}") for name, value in request.headers.items()}
    answer = await client.request(request.method, request.path, headers=headers, content=request.body)
    if answer.status_code != 200:
        raise SystemExit(f"{request.method} {request.path}: {answer.status_code} {answer.text}")
    await asyncio.sleep(0.01)  # the driver tells what it did a moment later
    return answer


def _trace(request: Request, statements: list[Statement], answer: Any) -> Trace:
    if not request.known:
        return Trace(request.name, request.method, tuple(statements), answer.content)
    known = {**request.known, "key": "trace-second", "task": answer.json()["data"]["id"]}
    opened, fresh = generalise(statements, known)
    return Trace(request.name, request.method, opened, answer.content, fresh)


def main() -> None:
    """``tracing.py plan record``: both are pickles, of requests and of traces."""
    plan, target = (Path(argument) for argument in sys.argv[1:])
    # Named by its module, so that the record can be read by whoever imports that.
    from bench.api import tracing

    requests = pickle.loads(plan.read_bytes())
    unfinished = target.with_suffix(".new")
    unfinished.write_bytes(pickle.dumps(asyncio.run(tracing.record(requests))))
    unfinished.replace(target)


if __name__ == "__main__":
    main()
