"""Names of this domain's jobs."""

from __future__ import annotations

from typing import Final

from app.jobs.job import JobName, Lane

SEND_TEST: Final = JobName("notifications.send_test", Lane.INTERACTIVE)
