"""Delivering a mail from a job: what fails for a while is tried again, what fails for good is logged."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from app.notifications.exceptions import MailFailed, MailNotConfigured, MailUnavailable

if TYPE_CHECKING:
    from app.jobs.job import JobName
    from app.jobs.queue import Queue
    from app.notifications.mail import Mail
    from app.notifications.senders import Sender

BACKOFF_SECONDS: Final = (2, 10, 30, 60, 120, 240)
"""Waits between attempts. Servers that put off unknown senders (greylisting) want some minutes; all of it still lies
within the ten minutes of a code."""
logger = structlog.get_logger(__name__)


class Delivery:
    """Sends mails for jobs."""

    def __init__(self, sender: Sender, queue: Queue) -> None:
        self._sender = sender
        self._queue = queue

    async def deliver(self, mail: Mail, job: JobName, attempt: int, **arguments: Any) -> None:
        """Send ``mail``. After a failure that may pass, ``job`` is put in again with these arguments and a new attempt.

        A connection that breaks after the mail was taken looks like a failure too, so that a mail may come twice.
        """
        try:
            await self._sender.send(mail)
        except MailNotConfigured:
            logger.error("mail_not_configured", job=job.name)
        except MailFailed as failure:
            await self._try_again(failure, job, attempt, arguments)
        else:
            logger.info("mail_sent", job=job.name, attempt=attempt)

    async def _try_again(self, failure: MailFailed, job: JobName, attempt: int, arguments: dict[str, Any]) -> None:
        if not failure.retryable or attempt > len(BACKOFF_SECONDS):
            logger.error("mail_given_up", job=job.name, attempt=attempt, reason=failure.reason)
            return
        wait = BACKOFF_SECONDS[attempt - 1]
        logger.warning("mail_put_off", job=job.name, attempt=attempt, reason=failure.reason, seconds=wait)
        if not await self._queue.enqueue(job, delay=timedelta(seconds=wait), attempt=attempt + 1, **arguments):
            raise MailUnavailable
