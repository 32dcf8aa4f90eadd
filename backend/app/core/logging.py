"""Logs: one line an event on standard output, JSON for machines or readable text, from our code and from libraries.

Our code logs through structlog, libraries through ``logging``; both end in the same pipeline, which adds time,
level, process and request id, and hides secrets. A log that cannot be written never fails what it tells about.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import structlog
from pydantic_core import to_json

from app.core.context import request_id
from app.core.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from app.core.settings import Settings

    Fields = MutableMapping[str, Any]

_LONGEST_TRACEBACK: Final = 20_000
_LEVELS: Final = ("debug", "info", "warning", "error", "critical")
_ERRORS: Final = ("error", "critical")
_QUIET: Final = {"docket": "WARNING", "sqlalchemy": "WARNING", "httpx": "WARNING", "uvicorn.access": "CRITICAL"}
"""Libraries that say more than anybody reads. The server's own access log is off: ours stands in its place."""

_listeners: list[Callable[[Fields], None]] = []
_pipelines: list[_Pipeline] = []
"""The one in use, once logging is set up."""


def configure_logging(settings: Settings, *, process: str, stream: BinaryIO | None = None) -> None:
    """Set up logging for this process; ``process`` is its name in the lines, such as ``backend``."""
    pipeline = _Pipeline(settings, process, stream or sys.stdout.buffer)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, pipeline.process],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.LOG_LEVEL]),
        logger_factory=_Named,
        # Loggers of modules outlive a change of this configuration. What is logged often goes by log_request.
        cache_logger_on_first_use=False,
    )
    _pipelines[:] = [pipeline]
    bridge = _Bridge(pipeline)
    root = logging.getLogger()
    root.handlers[:] = [bridge]
    root.setLevel(settings.LOG_LEVEL)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.disabled = False
    # The server asks whether anybody listens before it puts a line together.
    logging.getLogger("uvicorn.access").propagate = False
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=True)


def log_request(*, quiet: bool = False, **fields: Any) -> None:
    """The line of a request; ``quiet`` ones are of level debug.

    There is one for each, so it takes the short way into the pipeline, where one is set up.
    """
    level = "debug" if quiet else "info"
    if not _pipelines:
        getattr(structlog.get_logger("app.access"), level)("request", **fields)
    elif level in _pipelines[0].levels:
        _pipelines[0].write(level, "app.access", {"event": "request", **fields})


def listen_to_errors(listener: Callable[[Fields], None]) -> None:
    """Hand every event of level error and above to ``listener`` too, with ``exc_info`` where there is one."""
    _listeners.append(listener)


class _Named:
    """What structlog hands finished lines to; it only remembers its name, since the pipeline has written them."""

    def __init__(self, name: str = "app") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Nothing is left to do."""

    debug = info = warning = error = critical = msg


class _Pipeline:
    """From the fields of an event to a line on the stream."""

    def __init__(self, settings: Settings, process: str, stream: BinaryIO) -> None:
        self._process = process
        self._pid = os.getpid()
        self._stream = stream
        self._redactor = Redactor(settings)
        self._as_json = settings.json_logs
        self._second, self._stamp = 0, ""
        self.levels = _LEVELS[_LEVELS.index(settings.LOG_LEVEL.lower()) :]
        self._console = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=24
        )

    def process(self, logger: Any, method: str, fields: Fields) -> str:
        """The pipeline as structlog's last processor."""
        self.write("error" if method == "exception" else method, logger.name, fields)
        return ""

    def write(self, level: str, name: str, fields: Fields) -> None:
        """Write an event."""
        if (identifier := request_id.get()) != "-":
            fields.setdefault("request_id", identifier)
        if level in _ERRORS:
            for listener in _listeners:
                with contextlib.suppress(Exception):
                    listener(fields)
        self._redactor.hide_fields(fields)
        if "exc_info" in fields:
            fields.update(_exception(fields.pop("exc_info")))
        line = self._as_line(level, name, fields) if self._as_json else self._as_text(level, fields)
        with contextlib.suppress(OSError, ValueError):  # a log that cannot be written stops nothing
            self._stream.write(self._redactor.hide(line).encode("utf-8", "backslashreplace") + b"\n")
            self._stream.flush()

    def _as_line(self, level: str, name: str, fields: Fields) -> str:
        head = {"time": self._now(), "level": level, "event": fields.pop("event", ""), "logger": name}
        content = {**head, "process": self._process, "pid": self._pid, **fields}
        try:
            return to_json(content, fallback=repr).decode()
        except ValueError:  # halves of a surrogate pair, which JSON writes as escapes
            return json.dumps(content, default=repr)

    def _as_text(self, level: str, fields: Fields) -> str:
        # A line break that came from a caller must not make up a second line.
        plain = {
            key: value if key == "exception" or str(value).isprintable() else repr(value)
            for key, value in fields.items()
        }
        return self._console(None, level, {"timestamp": self._now(), "level": level, **plain})

    def _now(self) -> str:
        """The time in UTC. All but the milliseconds is written once a second."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._stamp = second, datetime.fromtimestamp(second, UTC).isoformat()[:-6]
        return f"{self._stamp}.{int(now % 1 * 1000):03d}Z"


class _Bridge(logging.Handler):
    """Takes what libraries log into the same pipeline."""

    def __init__(self, pipeline: _Pipeline) -> None:
        super().__init__()
        self._pipeline = pipeline

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            fields: dict[str, Any] = {"event": record.getMessage()}
        except (TypeError, ValueError):
            fields = {"event": str(record.msg)}
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        self._pipeline.write(record.levelname.lower(), record.name, fields)


def _exception(error: Any) -> dict[str, str]:
    """The traceback as text, without the values of variables, which may be anybody's."""
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if not isinstance(error, BaseException):
        return {}
    return {"exception": "".join(traceback.format_exception(error))[-_LONGEST_TRACEBACK:]}
