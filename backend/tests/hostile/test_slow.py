"""Callers who take their time: heads and bodies that trickle, answers that nobody reads. Each costs us a connection
for a bounded time, and nobody else anything."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from app.core import bounded_http
from app.core.middleware import gate
from tests.hostile.customers import Customer
from tests.hostile.service import Service
from tests.hostile.wire import Answer, read, request
from tests.media.photos import jpeg

pytestmark = pytest.mark.long(12)

HEAD, PATIENCE, REST, READ = 0.8, 0.6, 0.5, 1.0
SLACK = 10.0  # seconds that a machine may take that runs other tests


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_http, "HEAD_SECONDS", HEAD)
    monkeypatch.setattr(bounded_http, "REST_SECONDS", REST)
    monkeypatch.setattr(bounded_http, "READ_SECONDS", READ)
    monkeypatch.setattr(gate, "PATIENCE_SECONDS", PATIENCE)
    monkeypatch.setattr("app.core.middleware.linger._SECONDS", 0.3)


def trickle(service: Service, start: bytes, drops: Iterator[bytes], every: float = 0.1) -> tuple[Answer, float]:
    """Send a start, then drop by drop until the server closes: its answer, and how long that took."""
    started = time.monotonic()
    received = b""
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.settimeout(every)
        connection.sendall(start)
        while time.monotonic() < started + 30:
            with contextlib.suppress(ConnectionError):
                connection.sendall(next(drops, b""))
            try:
                piece = connection.recv(65_536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if not piece:
                break
            received += piece
    return read(received), time.monotonic() - started


def endless(drop: bytes) -> Iterator[bytes]:
    while True:
        yield drop


def upload_head(customer: Customer) -> bytes:
    bearer = f"Authorization: {customer.headers['Authorization']}"
    return request(
        "POST /api/v1/emoji/upload", bearer, "Content-Type: multipart/form-data; boundary=x", "Content-Length: 1000000"
    )


def test_who_says_nothing(service: Service) -> None:
    answer, seconds = trickle(service, b"", iter(()))
    assert answer.status == 0
    assert HEAD <= seconds < HEAD + SLACK


def test_a_head_that_trickles(service: Service) -> None:
    answer, seconds = trickle(service, b"GET /api/v1/config HTTP/1.1\r\nHost: x\r\n", endless(b"X: y\r\n"))
    assert answer.status == 0
    assert HEAD <= seconds < HEAD + SLACK


def test_a_second_head_that_trickles(service: Service) -> None:
    start = b"GET /api/v1/utils/health-check/ HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX: "
    answer, seconds = trickle(service, start, endless(b"y"))
    assert answer.status == 200
    assert seconds < HEAD + SLACK


@pytest.mark.parametrize("chunked", [False, True])
def test_json_that_trickles(service: Service, owner: Customer, chunked: bool) -> None:
    how = "Transfer-Encoding: chunked" if chunked else "Content-Length: 1000"
    bearer = f"Authorization: {owner.headers['Authorization']}"
    head = request("POST /api/v1/emoji/create", how, bearer, "Content-Type: application/json")
    answer, seconds = trickle(service, head, endless(b"1\r\n \r\n" if chunked else b" "))
    assert answer.status == 408
    assert b'"code":408001' in answer.body
    assert answer.headers["connection"] == "close"
    assert PATIENCE <= seconds < PATIENCE + SLACK


def test_an_upload_that_trickles(service: Service, owner: Customer) -> None:
    before = service.holdings()
    start = upload_head(owner) + b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    answer, seconds = trickle(service, start, endless(b"x"))
    assert answer.status == 408
    assert PATIENCE <= seconds < PATIENCE + SLACK
    service.assert_holds(before)


def test_an_upload_that_stops(service: Service, owner: Customer) -> None:
    answer, _ = trickle(service, upload_head(owner) + b"--x\r\n", iter(()))
    assert answer.status == 408


def test_an_upload_that_breaks_off(service: Service, owner: Customer) -> None:
    """The caller is gone; nothing of it stays, and nothing is logged as a mistake of ours."""
    before = service.holdings()
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(upload_head(owner) + b"--x\r\n" + b"y" * 300_000)
    service.assert_holds(before)


def test_a_slow_line_is_none_of_these(service: Service, owner: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes on steadily, at the speed of a bad telephone line, is waited for."""
    monkeypatch.setattr(gate, "SLOWEST_BYTES", 1_000)
    body = b'{"nickname": "' + b"x" * 5_000 + b'"}'
    head = request(
        "PUT /api/v1/user/profile",
        f"Authorization: {owner.headers['Authorization']}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    pieces = (body[start : start + 400] for start in range(0, len(body), 400))
    answer, seconds = trickle(service, head, pieces)
    assert answer.status == 422
    assert seconds > 2 * PATIENCE


def test_what_is_still_sent_after_the_answer(service: Service) -> None:
    """A route that needs no body answers at once; the rest of the body is not waited for longer than a moment."""
    head = b"GET /api/v1/config HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"
    answer, seconds = trickle(service, head, endless(b"x"))
    assert answer.status == 200
    assert seconds < SLACK


def test_an_answer_that_nobody_reads(service: Service, owner: Customer) -> None:
    """The connection ends; else each of these would hold a file and a buffer for as long as it likes."""
    large = owner.upload(jpeg() + bytes(9_000_000)).json()["data"]["image_url"].removeprefix(service.url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", service.port))
        caller = connection.getsockname()
        connection.sendall(request(f"GET {large}"))
        until(lambda: caller in service.callers())
        started = time.monotonic()
        until(lambda: caller not in service.callers())
        assert READ < time.monotonic() - started < READ + SLACK


def test_two_hundred_of_them_keep_nobody_from_being_served(service: Service, owner: Customer) -> None:
    idle = service.callers()
    with contextlib.ExitStack() as stack:
        for number in range(200):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            connection.sendall(upload_head(owner) if number % 2 else b"GET / HTTP/1.1\r\nX: ")
        started = time.monotonic()
        for _ in range(10):
            assert owner.client.get("/user/profile").status_code == 200
        assert time.monotonic() - started < SLACK
    until(lambda: len(service.callers() - idle) <= 1)  # that of the customer, which is kept alive


def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
