"""A mail: what it says, and how it travels."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.i18n import Lang
    from app.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, the same in plain text and in HTML."""

    subject: str
    text: str
    html: str
    lang: Lang


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person. The address and the content stay out of every repr, and so out of logs."""

    recipient: str = field(repr=False)
    content: Content = field(repr=False)


def sender_address(settings: Settings) -> Address:
    """Who our mails come from: EMAILS_FROM_EMAIL, else the mailbox that we log in to, else noreply at DOMAIN."""
    mailbox = settings.SMTP_USER if "@" in settings.SMTP_USER else f"noreply@{settings.DOMAIN}"
    return Address(settings.EMAILS_FROM_NAME or settings.PROJECT_NAME, addr_spec=settings.EMAILS_FROM_EMAIL or mailbox)


def to_message(mail: Mail, sender: Address) -> EmailMessage:
    """The mail in MIME: plain text first, HTML as the better alternative."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.content.subject
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=sender.domain)
    # No holiday notice shall answer it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.content.text)
    message.add_alternative(mail.content.html, subtype="html")
    message["Content-Language"] = mail.content.lang
    return message
