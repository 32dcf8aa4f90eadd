"""Signs in to a Redis, without its driver, which is not installed yet."""

from __future__ import annotations

from app.ops.init.refusal import Refused, connected


def try_redis(host: str, port: int, password: str) -> None:
    """Raise ``Refused`` unless the server takes commands."""
    with connected("Redis", host, port) as connection, connection.makefile("rb") as answers:
        words = [[b"PING"]]
        if password:
            words.insert(0, [b"AUTH", password.encode()])
        for command in words:
            connection.sendall(b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in command))
            answer = answers.readline(4096).decode("utf-8", "replace").strip()
            if answer.startswith("-NOAUTH"):
                raise Refused("needs_password")
            if answer.startswith("-WRONGPASS"):
                raise Refused("password", detail=answer[1:])
            if answer.startswith("-ERR") and "without any password configured" in answer:
                raise Refused("no_password")
            if answer.startswith("-"):
                raise Refused("said", detail=answer[1:])
            if answer not in {"+OK", "+PONG"}:
                raise ValueError
