"""Prestart: what it says when a server is absent, late, or lets nobody in; and that nothing else starts then."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from tests.docker.stack import Stack

OTHER = ("-p", "ai-pic-test-other", "-f", "docker-compose.yml")
BEGIN = ("up", "--detach", "prestart", "backend", "worker")


@pytest.fixture
def other(stack: Stack) -> Iterator[Stack]:
    """The base file as a project of its own, without ports."""
    yield stack
    stack.compose(*OTHER, "down", "--volumes", "--timeout", "3", check=False)


def ended(stack: Stack, service: str, seconds: float) -> int:
    """The exit code of a service that ends."""
    (container,) = stack.compose(*OTHER, "ps", "--all", "--quiet", service).stdout.split()
    done = stack.run("docker", "wait", container, timeout=seconds)
    return int(done.stdout)


class Late:
    """A door to PostgreSQL on this machine that opens after a while, where containers find it."""

    def __init__(self, address: str, target: tuple[str, int]) -> None:
        with socket.create_server((address, 0)) as reserved:
            self.port: int = reserved.getsockname()[1]
        self._address = address
        self._target = target
        self._server: socket.socket | None = None

    def open(self) -> None:
        self._server = socket.create_server((self._address, self.port))
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown(socket.SHUT_RDWR)

    def _accept(self, server: socket.socket) -> None:
        with server:
            self._serve(server)

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):  # a mere close would wait for the other direction's thread
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()


def gateway(stack: Stack) -> str:
    """Where containers find this machine as host.docker.internal."""
    form = "{{(index .IPAM.Config 0).Gateway}}"
    return stack.run("docker", "network", "inspect", "bridge", "--format", form).stdout.strip()


def test_without_postgres_nothing_starts(other: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        env = {"POSTGRES_PORT": str(taken.getsockname()[1]), "PRESTART_WAIT_SECONDS": "6"}
        done = other.compose(*OTHER, *BEGIN, env=env, check=False, timeout=120)
        assert done.returncode != 0
        assert ended(other, "prestart", 60) == 1
    told = other.compose(*OTHER, "logs", "prestart").stdout
    assert f"PostgreSQL host.docker.internal:{env['POSTGRES_PORT']}" in told
    assert "nothing listens there" in told
    assert "没有服务器在监听" in told
    assert told.count("attempt") >= 2
    assert "Redis" in told
    assert other.setting("POSTGRES_PASSWORD") not in told
    for service in ("backend", "worker"):
        (container,) = other.compose(*OTHER, "ps", "--all", "--quiet", service).stdout.split()
        assert other.inspect(container)["State"]["Status"] == "created"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"POSTGRES_PASSWORD": "another-password-1"}, "the password of the user"),
        ({"POSTGRES_DB": "nowhere"}, "there is no database nowhere"),
        ({"REDIS_PASSWORD": "another-password-2"}, "check REDIS_PASSWORD"),
        ({"POSTGRES_SERVER": "localhost"}, "inside a container localhost is the container itself"),
        ({"POSTGRES_SERVER": "no-such-host", "PRESTART_WAIT_SECONDS": "3"}, "the host name no-such-host is not known"),
    ],
)
def test_what_waiting_does_not_mend_ends_at_once(other: Stack, env: dict[str, str], expected: str) -> None:
    flags = [part for name, value in env.items() for part in ("-e", f"{name}={value}")]
    started = time.monotonic()
    done = other.compose(*OTHER, "run", "--rm", "--no-deps", *flags, "prestart", check=False)
    assert done.returncode == 1
    assert expected in done.stderr + done.stdout
    assert "another-password" not in done.stderr + done.stdout
    assert time.monotonic() - started < 30


def test_a_postgres_that_is_late_is_waited_for(other: Stack) -> None:
    late = Late(gateway(other), ("127.0.0.1", int(other.setting("POSTGRES_PORT"))))
    timer = threading.Timer(20, late.open)
    with closing(late):
        timer.start()
        try:
            done = other.compose(
                *OTHER, *BEGIN, "--wait", env={"POSTGRES_PORT": str(late.port)}, check=False, timeout=120
            )
        finally:
            timer.cancel()
        told = other.compose(*OTHER, "logs", "prestart").stdout
        assert done.returncode == 0, told
        assert "attempt 5" in told
        assert "ready" in told
