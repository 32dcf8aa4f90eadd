from __future__ import annotations

import pytest

from app.notifications.mail import Mail, sender_address, to_message
from tests.notifications.conftest import MailSettings


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"EMAILS_FROM_EMAIL": "hi@example.org", "EMAILS_FROM_NAME": "小店"}, "小店 <hi@example.org>"),
        ({"SMTP_USER": "mailer@example.org"}, "AI-PIC <mailer@example.org>"),
        ({"SMTP_USER": "apikey", "DOMAIN": "example.org"}, "AI-PIC <noreply@example.org>"),
        ({"PROJECT_NAME": 'Say "cheese", please', "DOMAIN": "a.org"}, r'"Say \"cheese\", please" <noreply@a.org>'),
    ],
)
def test_who_mails_come_from(mail_settings: MailSettings, changes: dict[str, str], expected: str) -> None:
    assert str(sender_address(mail_settings(**changes))) == expected


def test_neither_address_nor_content_shows_in_a_repr(mail: Mail) -> None:
    assert repr(mail) == "Mail()"


def test_two_mails_have_two_ids(mail_settings: MailSettings, mail: Mail) -> None:
    sender = sender_address(mail_settings())
    assert to_message(mail, sender)["Message-ID"] != to_message(mail, sender)["Message-ID"]
