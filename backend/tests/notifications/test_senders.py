from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from app.notifications.exceptions import MailNotConfigured
from app.notifications.mail import Mail
from app.notifications.senders import ConsoleSender, NoSender, make_sender, sender_name
from app.notifications.smtp import SmtpSender
from tests.notifications.conftest import MailSettings

pytestmark = pytest.mark.anyio

SECRETS = {"SECRET_KEY": "k" * 40, "POSTGRES_PASSWORD": "a-real-one-1234"}


def test_a_server_that_is_named_is_used(mail_settings: MailSettings) -> None:
    assert isinstance(make_sender(mail_settings()), SmtpSender)
    assert sender_name(mail_settings()) == "smtp"


def test_without_one_a_developer_sees_mails_in_the_log(mail_settings: MailSettings) -> None:
    settings = mail_settings(SMTP_HOST="", ENVIRONMENT="local")
    assert isinstance(make_sender(settings), ConsoleSender)
    assert sender_name(settings) == "console"


@pytest.mark.parametrize("environment", ["staging", "production"])
async def test_elsewhere_there_is_no_mail_and_no_code_in_a_log(
    mail_settings: MailSettings, mail: Mail, environment: str
) -> None:
    settings = mail_settings(SMTP_HOST="", ENVIRONMENT=environment, **SECRETS)
    with pytest.raises(MailNotConfigured):
        sender_name(settings)
    sender = make_sender(settings)
    assert isinstance(sender, NoSender)
    with pytest.raises(MailNotConfigured), capture_logs() as logs:
        await sender.send(mail)
    assert logs == []


async def test_the_log_shows_the_mail_but_not_whose_it_is(mail: Mail) -> None:
    with capture_logs() as logs:
        await ConsoleSender().send(mail)
    assert logs[0]["subject"] == "你好 Hello"
    assert logs[0]["text"] == "你好 Hello ."
    assert logs[0]["to"] == "s***@example.com"
    assert "somebody" not in str(logs)
