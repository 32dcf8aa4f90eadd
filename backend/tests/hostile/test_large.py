"""Fault 25: 300 MB for the whole service, by somebody who may upload: refused before they are in memory."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.core.database import Database
from app.core.settings import Settings
from app.ops.embedded.ports import free_port
from tests.conftest import BACKEND
from tests.hostile.conftest import service_settings
from tests.hostile.service import empty
from tests.hostile.wire import Answer, read, request
from tests.installation import environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
MEGABYTE = b"x" * 2**20
FORM = "Content-Type: multipart/form-data; boundary=x"
START = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n\xff\xd8\xff'
JSON = "Content-Type: application/json"


@dataclass(frozen=True)
class Backend:
    """The real server in a process of its own, with one account and no worker."""

    port: int
    process: subprocess.Popen[bytes]
    bearer: str
    folder: Path

    @property
    def peak_megabytes(self) -> float:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) / 1024

    def push(self, head: bytes, start: bytes, piece: bytes, times: int) -> tuple[int, Answer]:
        """Send as much as the server takes; how much that was, and its answer."""
        sent, received = 0, b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(head + start)
                for _ in range(times):
                    connection.sendall(piece)
                    sent += len(piece)
            with contextlib.suppress(ConnectionError):
                while part := connection.recv(65_536):
                    received += part
        return sent, read(received)


@pytest.fixture(scope="module")
def backend(migrated: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp("large")
    settings = service_settings(migrated, folder)
    spool = folder / "spool"
    spool.mkdir()
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port), "--no-access-log", "--ws", "none"]
    command += ["--http", "app.core.bounded_http:BoundedHttp", "--log-level", "warning", "--no-proxy-headers"]
    variables = environment(settings) | {"TMPDIR": str(spool)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=BACKEND, env=variables, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/api/v1"
            for _ in range(300):
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(f"{url}/utils/health-check/", timeout=5)
                    httpx.get(f"{url}/config", timeout=5)
                    break
                time.sleep(0.1)
            answer = httpx.post(f"{url}/auth/login", json={"device_id": "device-of-a-glutton-0001"})
            yield Backend(port, process, f"Authorization: Bearer {answer.json()['data']['access_token']}", spool)
        finally:
            process.kill()
            process.wait()
            asyncio.run(forget(settings))


async def forget(settings: Settings) -> None:
    database = Database(settings)
    await empty(database)
    await database.close()


@pytest.mark.parametrize("path", ["/api/v1/emoji/upload", "/api/v1/emoji/detect"])
@pytest.mark.parametrize("how", ["announced", "chunked"])
def test_fault_25_a_form_of_300_megabytes(backend: Backend, path: str, how: str) -> None:
    before = backend.peak_megabytes
    length = "Content-Length: 314572800" if how == "announced" else "Transfer-Encoding: chunked"
    head = request(f"POST {path}", backend.bearer, FORM, length)
    start = START if how == "announced" else b"%x\r\n%s\r\n" % (len(START), START)
    piece = MEGABYTE if how == "announced" else b"100000\r\n" + MEGABYTE + b"\r\n"
    sent, answer = backend.push(head, start, piece, 300)
    assert answer.status == 413, answer.raw[:300]
    assert sent < 80 * 2**20
    assert backend.peak_megabytes < before + 16
    assert list(backend.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/api/v1/emoji/create", JSON),
        ("/api/v1/emoji/detect", JSON),
        ("/api/v1/auth/login", JSON),
        ("/api/v1/config", JSON),
        ("/nowhere", "Content-Type: text/plain"),
    ],
)
def test_fault_25_anything_else_of_300_megabytes(backend: Backend, path: str, header: str) -> None:
    before = backend.peak_megabytes
    for length, piece in (
        ("Content-Length: 314572800", MEGABYTE),
        ("Transfer-Encoding: chunked", b"100000\r\n" + MEGABYTE + b"\r\n"),
    ):
        sent, answer = backend.push(request(f"POST {path}", backend.bearer, header, length), b"", piece, 300)
        assert answer.status in {404, 405, 413}, answer.raw[:300]
        assert sent < 80 * 2**20
    assert backend.peak_megabytes < before + 8


def test_fault_25_nobody_is_told_to_go_on(backend: Backend) -> None:
    """Who asks first hears that it is too much, and need not send it."""
    head = request(
        "POST /api/v1/emoji/upload", backend.bearer, FORM, "Content-Length: 314572800", "Expect: 100-continue"
    )
    _, answer = backend.push(head, b"", b"", 0)
    assert answer.status == 413
    assert b"100 Continue" not in answer.raw


def test_fault_25_many_uploads_at_once_lie_on_the_disk(backend: Backend) -> None:
    """Forty times ten megabytes that are all under way: what is held in memory of each is a megabyte at most."""
    before = backend.peak_megabytes
    head = request("POST /api/v1/emoji/detect", backend.bearer, FORM, "Content-Length: 10485760")
    with contextlib.ExitStack() as stack:
        callers = [stack.enter_context(socket.create_connection(("127.0.0.1", backend.port))) for _ in range(40)]
        for caller in callers:
            caller.settimeout(10)
            caller.sendall(head + START + bytes(4_000_000))
        time.sleep(0.5)
        spooled = sum(file.stat().st_size for file in backend.folder.iterdir())
        assert backend.peak_megabytes < before + 80, spooled
