"""Connects to Redis and signs in, and says how far that went. Standard library only, no other module."""

from __future__ import annotations

import socket
import time
from typing import Any


def probe(host: str, port: int, *, password: str, database: int, limit: float = 4.0) -> dict[str, Any]:
    """``{"state": …}``: ok, name, refused, timeout, unreachable, other, needs_password, password, no_password,
    protected, database, readonly, failed; with ``message``, and ``version`` where it is known.
    """
    until = time.monotonic() + limit
    try:
        where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return {"state": "name", "message": str(error)}
    found: dict[str, Any] = {"state": "unreachable", "message": ""}
    for family, kind, number, _, address in where:
        with socket.socket(family, kind, number) as connection:
            found = _tried(connection, address, until, password, database)
        if found["state"] not in {"refused", "unreachable", "timeout"}:
            break
    return found


def _tried(connection: socket.socket, address: Any, until: float, password: str, database: int) -> dict[str, Any]:
    try:
        connection.settimeout(max(0.1, until - time.monotonic()))
        connection.connect(address)
    except ConnectionRefusedError as error:
        return {"state": "refused", "message": str(error)}
    except TimeoutError:
        return {"state": "timeout", "message": "no answer to a connection"}
    except OSError as error:
        return {"state": "unreachable", "message": str(error)}
    try:
        return _talk(connection, until, password, database)
    except TimeoutError:
        return {"state": "other", "message": "connected, but no answer"}
    except (OSError, ValueError) as error:
        return {"state": "other", "message": str(error)}


def _talk(connection: socket.socket, until: float, password: str, database: int) -> dict[str, Any]:
    with connection.makefile("rb") as answers:
        commands: list[tuple[str, ...]] = [("AUTH", password)] if password else []
        commands += [("PING",), ("SELECT", str(database))]
        for words in commands:
            answer = _asked(connection, answers, until, words)
            if not answer.startswith("+"):
                return {"state": _meaning(words[0], answer), "message": answer[1:]}
        return {"state": "ok", "message": "", **_version(connection, answers, until)}


def _asked(connection: socket.socket, answers: Any, until: float, words: tuple[str, ...]) -> str:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)
    parts = [word.encode() for word in words]
    connection.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
    line: bytes = answers.readline(4096)
    if not line:
        raise ValueError("the connection was closed")
    if line[:1] not in {b"+", b"-", b"$"}:
        raise ValueError("what answers there is not Redis")
    return line.rstrip().decode("utf-8", "replace")


def _meaning(command: str, answer: str) -> str:
    kinds = {"-NOAUTH": "needs_password", "-WRONGPASS": "password", "-DENIED": "protected"}
    word = answer.split(" ", 1)[0]
    if command == "AUTH" and word == "-ERR":  # older releases have no WRONGPASS
        return "password" if "invalid password" in answer else "no_password"
    if command == "SELECT" and word == "-ERR":
        return "database"
    return kinds.get(word, "failed")


def _version(connection: socket.socket, answers: Any, until: float) -> dict[str, str]:
    head = _asked(connection, answers, until, ("INFO", "server"))
    if not head.startswith("$") or not head[1:].isdigit():
        return {}  # an account may not be allowed to ask
    text = answers.read(int(head[1:])).decode("utf-8", "replace")
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {"version": lines["redis_version"]} if "redis_version" in lines else {}
