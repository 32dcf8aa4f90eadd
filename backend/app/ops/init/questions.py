"""The few questions, each with a default that Enter takes."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Final

from app.ops.init.env_file import EnvFile, Unwritable
from app.ops.init.failure import InitFailure
from app.ops.init.texts import text
from app.ops.init.trial import HOST, try_postgres, try_redis

if TYPE_CHECKING:
    from collections.abc import Callable

_HERE: Final = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}


def wants_bundled() -> bool:
    """Whether AI-PIC shall run the servers itself."""
    while True:
        answer = input(text("choose")).strip()
        if answer in {"", "1", "2"}:
            return answer != "1"


def ask_postgres(file: EnvFile) -> dict[str, str]:
    """The lines of `.env` for the person's own PostgreSQL, tried at once."""

    def ask(known: EnvFile) -> dict[str, str]:
        return {
            "POSTGRES_SERVER": _host("PostgreSQL", known["POSTGRES_SERVER"]),
            "POSTGRES_PORT": _port("PostgreSQL", known["POSTGRES_PORT"] or "5432"),
            "POSTGRES_USER": _word("ask.user", known["POSTGRES_USER"] or "postgres"),
            "POSTGRES_DB": _word("ask.database", known["POSTGRES_DB"] or "app"),
            "POSTGRES_PASSWORD": _password("POSTGRES_PASSWORD", "ask.password", needed=True),
        }

    return _until_it_works("PostgreSQL", file, ask, try_postgres)


def ask_redis(file: EnvFile) -> dict[str, str]:
    """The same for Redis."""

    def ask(known: EnvFile) -> dict[str, str]:
        return {
            "REDIS_HOST": _host("Redis", known["REDIS_HOST"]),
            "REDIS_PORT": _port("Redis", known["REDIS_PORT"] or "6379"),
            "REDIS_PASSWORD": _password("REDIS_PASSWORD", "ask.password.empty", needed=False),
        }

    return _until_it_works("Redis", file, ask, try_redis)


def _until_it_works(
    server: str,
    file: EnvFile,
    ask: Callable[[EnvFile], dict[str, str]],
    attempt: Callable[[dict[str, str]], str],
) -> dict[str, str]:
    while True:
        lines = ask(file)
        file = file.with_values(lines)  # what was typed is the next round's default
        host, port, *_ = lines.values()
        print(text("trying", server=server, host=host, port=port), flush=True)
        wrong = attempt(lines)
        if not wrong:
            print(text("works", server=server))
            return lines
        print(wrong)
        match input(text("again")).strip().lower():
            case "k":
                return lines
            case "q":
                raise InitFailure("left")


def _host(server: str, known: str) -> str:
    host = _word("ask.host", known or HOST, server=server)
    if host.lower() in _HERE:
        print(text("local"))
        return HOST
    return host


def _port(server: str, known: str) -> str:
    while True:
        answer = _word("ask.port", known, server=server)
        if answer.isascii() and answer.isdecimal() and 0 < int(answer) < 65536:
            return answer
        print(text("ask.number"))


def _word(key: str, default: str, **params: str) -> str:
    while True:
        answer = input(text(key, default=default, **params)).strip() or default
        if _writable(key, answer):
            return answer


def _password(name: str, key: str, *, needed: bool) -> str:
    while True:
        answer = getpass.getpass(text(key))
        if needed and not answer:
            print(text("ask.empty"))
        elif _writable(name, answer):
            return answer


def _writable(name: str, value: str) -> bool:
    try:
        EnvFile().with_values({"VALUE": value})
    except Unwritable:
        print(text("value", name=name))
        return False
    return True
