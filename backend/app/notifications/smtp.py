"""Mail by SMTP: STARTTLS, TLS from the start, or plain, as the settings say."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from typing import TYPE_CHECKING, Final

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from app.notifications.exceptions import MailFailed
from app.notifications.mail import sender_address, to_message

if TYPE_CHECKING:
    from app.core.settings import Settings
    from app.notifications.mail import Mail

_COMMAND_SECONDS: Final = 15
_MAIL_SECONDS: Final = 60
_GOODBYE_SECONDS: Final = 2
_ENHANCED_STATUS: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


class SmtpSender:
    """One connection a mail: codes are few, and a pool would only keep connections that servers drop."""

    def __init__(self, settings: Settings, *, tls_context: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._address = sender_address(settings)
        # Without it the library asks the resolver for this machine's name, which may take seconds.
        self._greeting = settings.DOMAIN if re.fullmatch(r"[A-Za-z0-9.-]+", settings.DOMAIN) else "localhost"
        self._tls_context = tls_context

    async def send(self, mail: Mail) -> None:
        """Send the mail, or raise MailFailed, which says whether another attempt makes sense."""
        client = self._client()
        try:
            async with asyncio.timeout(_MAIL_SECONDS):
                await client.connect()
                await client.send_message(
                    to_message(mail, self._address), sender=self._address.addr_spec, recipients=[mail.recipient]
                )
            # The mail was taken: whatever becomes of the goodbye, it must not be sent again.
            with contextlib.suppress(SMTPException, OSError):
                await client.quit(timeout=_GOODBYE_SECONDS)
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            # The cause is dropped on purpose: a server's answer repeats the address, and tracebacks are logged.
            raise _failure(error) from None
        finally:
            client.close()

    def _client(self) -> SMTP:
        settings = self._settings
        return SMTP(
            hostname=settings.SMTP_HOST,
            port=settings.SMTP_PORT,
            username=settings.SMTP_USER or None,
            password=settings.SMTP_PASSWORD.get_secret_value() or None,
            local_hostname=self._greeting,
            timeout=_COMMAND_SECONDS,
            use_tls=settings.SMTP_SSL,
            start_tls=settings.SMTP_TLS and not settings.SMTP_SSL,
            tls_context=self._tls_context,
        )


def _failure(error: Exception) -> MailFailed:
    if isinstance(error, SMTPRecipientsRefused):
        refusals = [_failure(refusal) for refusal in error.recipients]
        return MailFailed(refusals[0].reason, retryable=all(refusal.retryable for refusal in refusals))
    kind = type(error).__name__
    if isinstance(error, SMTPResponseException):
        enhanced = _ENHANCED_STATUS.search(error.message)
        reason = f"{kind} {error.code}" + (f" {enhanced.group()}" if enhanced else "")
        return MailFailed(reason, retryable=not 500 <= error.code < 600)
    # The library says with its base class that the server offers no encryption or no login.
    lacks = isinstance(error, ValueError | SMTPNotSupported) or type(error) is SMTPException
    untrusted = isinstance(error.__cause__, ssl.SSLCertVerificationError)
    return MailFailed("untrusted certificate" if untrusted else kind, retryable=not lacks and not untrusted)
