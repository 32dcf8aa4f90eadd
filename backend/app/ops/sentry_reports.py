"""What Sentry is told: what the log calls an error, without personal data.

The library's own integrations stay off. They would send request bodies, headers and the variables of every frame;
what we report is what the log holds, behind the same net for secrets. (``send_default_pii`` is off unless it is set.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration

from app.core.logging import listen_to_errors
from app.core.redaction import Redactor
from app.core.version import VERSION

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from sentry_sdk.types import Event, Hint

    from app.core.settings import Settings

_TAGS: Final = ("request_id", "job", "logger")
_PERSONAL: Final = frozenset({"request", "user", "server_name"})


def start_reports(settings: Settings, process: str) -> None:
    """Report errors of this process from now on."""
    redactor = Redactor(settings)

    def scrub(event: Event, hint: Hint) -> Event | None:
        return scrubbed(event, redactor)

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN.get_secret_value(),
        environment=settings.ENVIRONMENT,
        release=f"ai-pic@{VERSION}",
        include_local_variables=False,
        max_request_body_size="never",
        default_integrations=False,
        integrations=[AtexitIntegration(callback=lambda pending, timeout: None), DedupeIntegration()],
        before_send=scrub,
    )
    sentry_sdk.set_tag("process", process)
    listen_to_errors(report)


def report(fields: MutableMapping[str, Any]) -> None:
    """Send one event of the log."""
    error = fields.get("exc_info")
    if isinstance(error, tuple):
        error = error[1]
    with sentry_sdk.new_scope() as scope:
        scope.set_tag("event", str(fields.get("event", ""))[:200])
        for name in _TAGS:
            if name in fields:
                scope.set_tag(name, str(fields[name]))
        if error is True or isinstance(error, BaseException):
            sentry_sdk.capture_exception(None if error is True else error)
        else:
            sentry_sdk.capture_message(str(fields.get("event", "")), level="error")


def scrubbed(event: Event, redactor: Redactor) -> Event:
    """The event with secrets taken out of every text in it, and without request, user and machine name."""
    content: Any = {key: value for key, value in event.items() if key not in _PERSONAL}
    clean: Event = _hide(content, redactor)
    return clean


def _hide(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.hide(value)
    if isinstance(value, dict):
        return {key: _hide(item, redactor) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(item, redactor) for item in value]
    return value
