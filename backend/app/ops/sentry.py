"""Sentry, where SENTRY_DSN is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.settings import Settings


def start_sentry(settings: Settings, *, process: str) -> None:
    """Report errors of this process, if a DSN is set."""
    if settings.SENTRY_DSN.get_secret_value():
        # Four megabytes a process, for those who use it.
        from app.ops.sentry_reports import start_reports  # noqa: PLC0415

        start_reports(settings, process)
