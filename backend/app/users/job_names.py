"""Names of jobs about accounts."""

from __future__ import annotations

from typing import Final

from app.jobs.job import JobName, Lane

DELETED: Final = JobName("users.deleted", Lane.INTERACTIVE)
"""An account was deleted: whoever holds something of it removes that. Argument ``user_id``. The job lies with the
highest domain, and may come more than once for one account."""

REPEAT_DELETIONS: Final = JobName("users.repeat_deletions", Lane.INTERACTIVE)
