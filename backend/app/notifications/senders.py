"""Ways to send a mail, one contract: by SMTP, or on a developer's machine into the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import structlog

from app.notifications.exceptions import MailNotConfigured

if TYPE_CHECKING:
    from app.core.settings import Settings
    from app.notifications.mail import Mail

SenderName = Literal["smtp", "console"]
logger = structlog.get_logger(__name__)


class Sender(Protocol):
    """Hands a mail on."""

    async def send(self, mail: Mail) -> None:
        """Send the mail, or raise MailFailed."""


class ConsoleSender:
    """Shows the mail in the log of the process that would send it: the worker's, and nowhere else."""

    async def send(self, mail: Mail) -> None:
        """Write the mail into the log."""
        name, _, domain = mail.recipient.rpartition("@")
        logger.warning(
            "mail_shown_here",
            why="SMTP_HOST is not set",
            to=f"{name[:1]}***@{domain}",
            subject=mail.content.subject,
            text=" ".join(mail.content.text.split()),
        )


def sender_name(settings: Settings) -> SenderName:
    """How this installation sends mail. Raises MailNotConfigured where it cannot.

    Outside of local work a code that only stands in a log helps nobody who waits for it, and whoever reads the logs
    could sign in as anybody: there, no SMTP server means no mail.
    """
    if settings.SMTP_HOST:
        return "smtp"
    if settings.ENVIRONMENT == "local":
        return "console"
    raise MailNotConfigured


class NoSender:
    """Stands where mail is not configured, for a mail that was asked for before the settings changed."""

    async def send(self, mail: Mail) -> None:
        """Raise MailNotConfigured."""
        raise MailNotConfigured


def make_sender(settings: Settings) -> Sender:
    """The sender that the settings ask for."""
    try:
        if sender_name(settings) == "console":
            return ConsoleSender()
    except MailNotConfigured:
        return NoSender()
    from app.notifications.smtp import SmtpSender  # noqa: PLC0415 - the API only asks for a sender's name

    return SmtpSender(settings)
