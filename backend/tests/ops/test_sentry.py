from __future__ import annotations

import gzip
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sentry_sdk
import structlog

from app.core import logging as logs
from app.core.context import request_id
from app.core.logging import configure_logging
from app.ops.sentry import start_sentry
from tests.core.small_app import calling, plain_settings, small_app

pytestmark = pytest.mark.anyio


class FakeSentry:
    """Takes envelopes over HTTP, as Sentry does."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        sentry = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                for line in body.splitlines():
                    content = json.loads(line)
                    if "event_id" in content and "level" in content:
                        sentry.events.append(content)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def dsn(self) -> str:
        return f"http://public-key@127.0.0.1:{self.server.server_port}/1"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def sentry() -> Iterator[FakeSentry]:
    configuration, listeners = structlog.get_config(), list(logs._listeners)
    fake = FakeSentry()
    settings = plain_settings(SENTRY_DSN=fake.dsn, POSTGRES_PASSWORD="a-secret-password", ENVIRONMENT="local")
    configure_logging(settings, process="backend", stream=io.BytesIO())
    start_sentry(settings, process="backend")
    yield fake
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().clear()
    sentry_sdk.init(default_integrations=False)  # those would stay, and read every form before we do
    structlog.configure(**configuration)
    logs._listeners[:] = listeners
    logs._pipelines.clear()
    fake.close()


def sent(sentry: FakeSentry) -> list[dict[str, Any]]:
    sentry_sdk.flush(timeout=5)
    return sentry.events


class TestReports:
    async def test_a_bug_in_a_request(self, sentry: FakeSentry) -> None:
        app = small_app(failure=KeyError("a-secret-password of somebody@example.com"))
        async with calling(app) as client:
            await client.get(
                "/things/fail?signature=secret-signature",
                headers={"X-Request-ID": "request-0001", "Authorization": "Bearer secret-token"},
            )
        (event,) = sent(sentry)
        assert event["exception"]["values"][-1]["type"] == "KeyError"
        assert event["tags"]["request_id"] == "request-0001"
        assert event["tags"]["process"] == "backend"
        assert event["release"].startswith("ai-pic@")
        whole = json.dumps(event)
        for secret in ("a-secret-password", "somebody@example.com", "secret-signature", "secret-token"):
            assert secret not in whole
        assert not {"request", "user", "server_name"} & event.keys()
        assert not any("vars" in frame for frame in event["exception"]["values"][-1]["stacktrace"]["frames"])

    async def test_an_error_of_a_job(self, sentry: FakeSentry) -> None:
        request_id.set("request-0002")
        try:
            with structlog.contextvars.bound_contextvars(job="emoji.render"):
                try:
                    raise ValueError("no reason")
                except ValueError:
                    structlog.get_logger("app.jobs").exception("job_failed")
        finally:
            request_id.set("-")
        (event,) = sent(sentry)
        assert event["tags"]["job"] == "emoji.render"
        assert event["tags"]["request_id"] == "request-0002"

    async def test_an_event_without_exception(self, sentry: FakeSentry) -> None:
        structlog.get_logger("app").error("mail_given_up", reason="refused")
        structlog.get_logger("app").warning("only_a_warning")
        (event,) = sent(sentry)
        assert event["message"] == "mail_given_up"
        assert event["level"] == "error"


def test_nothing_without_a_dsn() -> None:
    before = list(logs._listeners)
    start_sentry(plain_settings(), process="backend")
    assert logs._listeners == before
