from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from app.core.context import request_id
from app.core.logging import _listeners, _pipelines, configure_logging, listen_to_errors, log_request
from app.core.settings import Settings
from tests.core.small_app import plain_settings

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijklmnop"


class Logs:
    def __init__(self) -> None:
        self.stream = io.BytesIO()

    def configure(self, settings: Settings | None = None, **changes: Any) -> None:
        settings = settings or plain_settings(**({"LOG_FORMAT": "json"} | changes))
        configure_logging(settings, process="backend", stream=self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue().decode()

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def logs() -> Iterator[Logs]:
    """Logging into memory; afterwards everything is as it was, for the tests that capture logs."""
    root, level = logging.getLogger(), logging.getLogger().level
    handlers, configuration, listeners = list(root.handlers), structlog.get_config(), list(_listeners)
    uvicorn = logging.getLogger("uvicorn.error")  # a server that a test ran in this process may have set its level
    uvicorn_level = uvicorn.level
    uvicorn.setLevel(logging.NOTSET)
    yield Logs()
    uvicorn.setLevel(uvicorn_level)
    structlog.configure(**configuration)
    root.handlers[:] = handlers
    root.setLevel(level)
    _listeners[:] = listeners
    _pipelines.clear()
    logging.captureWarnings(capture=False)


class TestJson:
    def test_our_lines(self, logs: Logs) -> None:
        logs.configure()
        request_id.set("request-0001")
        try:
            structlog.get_logger("app.points").info("points_taken", amount=10, note="猫")
        finally:
            request_id.set("-")
        (entry,) = logs.entries
        assert entry.pop("time").endswith("Z")
        assert entry.pop("pid") > 0
        assert entry == {
            "level": "info",
            "event": "points_taken",
            "logger": "app.points",
            "process": "backend",
            "request_id": "request-0001",
            "amount": 10,
            "note": "猫",
        }

    def test_lines_of_libraries(self, logs: Logs) -> None:
        logs.configure()
        logging.getLogger("some.library").warning("%s of %s", 1, 2)
        logging.getLogger("uvicorn.error").info("Started server process")
        first, second = logs.entries
        assert (first["level"], first["event"], first["logger"]) == ("warning", "1 of 2", "some.library")
        assert second["logger"] == "uvicorn.error"

    def test_the_line_of_a_request(self, logs: Logs) -> None:
        logs.configure(LOG_LEVEL="INFO")
        log_request(method="GET", path="/a")
        (entry,) = logs.entries
        assert (entry["event"], entry["logger"], entry["path"]) == ("request", "app.access", "/a")
        log_request(quiet=True, path="/b")
        logs.configure(LOG_LEVEL="WARNING")
        log_request(path="/b")
        assert "/b" not in logs.text

    def test_what_nobody_reads_is_left_out(self, logs: Logs) -> None:
        logs.configure()
        logging.getLogger("uvicorn.access").info("GET /?signature=x")
        logging.getLogger("docket.worker").info("a job with its arguments")
        logging.getLogger("sqlalchemy.engine.Engine").info("SELECT")
        structlog.get_logger("app").debug("detail")
        assert logs.text == ""

    def test_tracebacks_without_variables(self, logs: Logs) -> None:
        logs.configure()
        hidden = "value of a variable"
        try:
            raise KeyError(len(hidden))
        except KeyError:
            structlog.get_logger("app").exception("failed")
            logging.getLogger("library").exception("failed too")
        for entry in logs.entries:
            assert entry["level"] == "error"
            assert "KeyError" in entry["exception"]
            assert hidden not in entry["exception"]

    def test_odd_values_make_no_line_fail(self, logs: Logs) -> None:
        logs.configure()
        structlog.get_logger("app").info("odd", surrogate="\ud800", what=object(), number=float("nan"), keys={1: b"x"})
        logging.getLogger("library").warning("%d", "no number")
        logging.getLogger("library").warning("two\nlines")
        assert [entry["level"] for entry in logs.entries] == ["info", "warning", "warning"]

    def test_a_stream_that_is_gone_stops_nothing(self, logs: Logs) -> None:
        logs.configure()
        logs.stream.close()
        structlog.get_logger("app").info("into the void")

    def test_warnings_of_python(self, logs: Logs) -> None:
        logs.configure()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(capture=True)
            warnings.warn("old habit", DeprecationWarning, stacklevel=1)
        assert "old habit" in logs.text


class TestText:
    def test_one_line_an_event_whatever_a_caller_sends(self, logs: Logs) -> None:
        logs.configure(LOG_FORMAT="console")
        structlog.get_logger("app").info("request", path="/a\n2026-01-01 [error] forged")
        assert logs.text.count("\n") == 1
        assert "request" in logs.text

    def test_is_what_a_developer_gets(self, logs: Logs) -> None:
        logs.configure(LOG_FORMAT="auto", ENVIRONMENT="local")
        structlog.get_logger("app").info("hello")
        assert not logs.text.startswith("{")


class TestSecrets:
    @pytest.mark.parametrize(
        ("text", "secret"),
        [
            ("key is pass-word/with+odd", "pass-word/with+odd"),
            (f"Authorization: Bearer {TOKEN}", TOKEN),
            ("authorization: bearer abcdefghijkl", "abcdefghijkl"),
            (f"a token alone: {TOKEN}", TOKEN),
            ("/api/v1/media/x.webp?expires=1&signature=AbC-123_x&b=1", "AbC-123_x"),
            ("https://s3/x?X-Amz-Credential=AKIA/2026&X-Amz-Signature=beef01", "beef01"),
            ("postgresql+asyncpg://app:hunter2@db:5432/app", "hunter2"),
            ("redis://:hunter2@10.0.0.1:6379/0", "hunter2"),
            ("mail to first.last+tag@example.com bounced", "first.last+tag@example.com"),
        ],
    )
    @pytest.mark.parametrize("log_format", ["json", "console"])
    def test_shapes_in_any_text(self, logs: Logs, text: str, secret: str, log_format: str) -> None:
        logs.configure(LOG_FORMAT=log_format, POSTGRES_PASSWORD="pass-word/with+odd")
        structlog.get_logger("app").info("event", text=text)
        structlog.get_logger("app").info(text)
        logging.getLogger("library").warning(text)
        try:
            raise ValueError(text)
        except ValueError:
            logging.getLogger("library").exception("failed")
        assert secret not in logs.text
        assert "[redacted]" in logs.text

    def test_secrets_that_json_writes_differently(self, logs: Logs) -> None:
        logs.configure(POSTGRES_PASSWORD='quo"te\\slash')
        structlog.get_logger("app").info("event", text='it is quo"te\\slash')
        assert "slash" not in logs.text

    def test_fields_by_name(self, logs: Logs) -> None:
        logs.configure()
        structlog.get_logger("app").info("e", password="hunter2", device_id="hunter2", code="123456", email="hunter2")
        structlog.get_logger("app").info("e", code="insufficient_points", status=402)
        first, second = logs.entries
        assert {first[name] for name in ("password", "device_id", "code", "email")} == {"[redacted]"}
        assert second["code"] == "insufficient_points"

    def test_short_passwords_do_not_mangle_the_log(self, logs: Logs) -> None:
        logs.configure(POSTGRES_PASSWORD="a")
        structlog.get_logger("app").info("a plain event")
        assert logs.entries[0]["event"] == "a plain event"


class TestListeners:
    def test_hear_errors_of_both_kinds(self, logs: Logs) -> None:
        heard: list[dict[str, Any]] = []
        logs.configure()
        listen_to_errors(lambda fields: heard.append(dict(fields)))
        structlog.get_logger("app").warning("a warning")
        structlog.get_logger("app").error("an error", exc_info=KeyError("x"))
        logging.getLogger("library").error("another")
        assert [fields["event"] for fields in heard] == ["an error", "another"]
        assert isinstance(heard[0]["exc_info"], KeyError)

    def test_that_fail_stop_nothing(self, logs: Logs) -> None:
        logs.configure()
        listen_to_errors(lambda fields: fields["not there"])
        structlog.get_logger("app").error("an error")
        assert logs.entries[0]["event"] == "an error"
