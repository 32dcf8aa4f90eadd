"""Names of this domain's jobs."""

from __future__ import annotations

from typing import Final

from app.jobs.job import JobName, Lane

SEND_CODE: Final = JobName("auth.send_code", Lane.INTERACTIVE)
REMOVE_CODES: Final = JobName("auth.remove_codes", Lane.INTERACTIVE)
