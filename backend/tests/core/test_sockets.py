"""What only shows over a real connection: what is refused unread, and bytes that are no HTTP."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.ops.embedded.ports import free_port
from tests.core.small_app import served, small_app, talk

MEGABYTE = b"x" * 2**20
BACKEND = Path(__file__).parents[2]
SERVER = """
import sys, uvicorn
from tests.core.small_app import small_app
uvicorn.run(small_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="critical", access_log=False,
            lifespan="off", http="app.core.bounded_http:BoundedHttp")
"""


@dataclass
class Server:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def peak_megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    def push(self, head: bytes, piece: bytes, times: int) -> tuple[int, bytes]:
        """Send as much as the server takes; how much that was, and its answer."""
        sent, answer = 0, b""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.settimeout(10)
            with contextlib.suppress(ConnectionError):
                connection.sendall(head)
                for _ in range(times):
                    connection.sendall(piece)
                    sent += len(piece)
            with contextlib.suppress(ConnectionError):
                while received := connection.recv(65536):
                    answer += received
        return sent, answer


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", SERVER, str(port)], cwd=BACKEND) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            yield Server(port, process)
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
class TestThreeHundredMegabytes:
    @pytest.mark.parametrize(
        ("head", "piece", "status"),
        [
            pytest.param(b"POST /api/v1/things HTTP/1.1\r\nContent-Length: 314572800", MEGABYTE, 413, id="announced"),
            pytest.param(
                b"POST /api/v1/things HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked",
                b"100000\r\n" + MEGABYTE + b"\r\n",
                413,
                id="chunked",
            ),
            pytest.param(
                b"POST /api/v1/emoji/upload HTTP/1.1\r\nContent-Length: 314572800", MEGABYTE, 401, id="no token"
            ),
        ],
    )
    def test_fault_25_are_refused_unread(self, server: Server, head: bytes, piece: bytes, status: int) -> None:
        before = server.peak_megabytes
        sent, answer = server.push(head + b"\r\nHost: x\r\n\r\n", piece, 300)
        assert answer.startswith(b"HTTP/1.1 %d" % status)
        assert sent < 60 * 2**20
        assert server.peak_megabytes < before + 4

    def test_a_head_without_end(self, server: Server) -> None:
        before = server.peak_megabytes
        for start in (
            b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
            b"POST /api/v1/things HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nX: ",
        ):
            sent, _ = server.push(start, MEGABYTE, 300)
            assert sent < 60 * 2**20
        assert server.peak_megabytes < before + 16

    def test_a_little_too_much_is_told_to_a_client_that_sends_first(self, server: Server) -> None:
        head = b"POST /api/v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: 20971520\r\n\r\n"
        sent, answer = server.push(head, MEGABYTE, 20)
        assert sent == 20 * 2**20
        assert b'"code":413001' in answer


@pytest.mark.anyio
class TestOddRequests:
    @pytest.mark.parametrize(
        "request_line",
        [
            "GET /api/v1/things/猫".encode(),
            b"GET /api/v1/things/%zz",
            b"GET /api/v1/things/%",
            b"GET /api/v1/things/%ff%fe",
            b"GET /api/v1/things/%ed%a0%80",
            b"GET /api/v1/things/%00",
            b"GET /api/v1/things?a=%ff&b=\xff",
            b"GET /api/v1/things/caller?" + b"x" * 60_000,
            b"GET /" + b"x" * 60_000,
            b"GET //elsewhere.example/api",
            b"OPTIONS *",
            b"CONNECT x:1",
            b"NONSENSE /api/v1/things",
        ],
        ids=lambda line: repr(line[:40]),
    )
    async def test_fault_30_addresses(self, request_line: bytes) -> None:
        async with served(small_app()) as port:
            answer = await talk(port, request_line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 4")

    @pytest.mark.parametrize(
        "headers",
        [
            b"Host: [::1",
            b"Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
            b"Host: x\r\nContent-Length: 5\r\nContent-Length: 6",
            b"Host: x\r\nContent-Length: -5",
            b"Host: x\r\nContent-Type: multipart/form-data\r\nContent-Length: 2",
            b'Host: x\r\nContent-Type: application/json; charset=\xff"\r\nContent-Length: 2',
            b"Host: x\r\nX-Request-ID: abcdefgh\x0bijk",
        ],
    )
    async def test_fault_30_headers(self, headers: bytes) -> None:
        async with served(small_app()) as port:
            answer = await talk(port, b"POST /api/v1/things HTTP/1.1\r\n" + headers + b"\r\n\r\n{}")
        assert answer.startswith(b"HTTP/1.1 4")
