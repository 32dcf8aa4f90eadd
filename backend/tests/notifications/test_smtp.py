from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.notifications import smtp
from app.notifications.exceptions import MailFailed
from app.notifications.mail import Mail
from app.notifications.smtp import SmtpSender
from tests.certificates import Certificate
from tests.notifications.conftest import MailSettings
from tests.notifications.smtp_server import DROP, SILENCE, SmtpServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as opened:
        yield opened


@pytest.fixture
def sender(server: SmtpServer, mail_settings: MailSettings) -> SmtpSender:
    return SmtpSender(mail_settings(SMTP_PORT=server.port, SMTP_TLS=False))


async def test_a_mail_arrives_as_it_was_written(server: SmtpServer, sender: SmtpSender, mail: Mail) -> None:
    await sender.send(mail)
    received = server.mails[0]
    assert received.recipients == ["somebody@example.com"]
    assert received.sender == "noreply@localhost"
    assert received.message["Subject"] == "你好 Hello"
    assert received.message["To"] == "somebody@example.com"
    assert received.message["From"] == "AI-PIC <noreply@localhost>"
    assert received.message["Content-Language"] == "zh"
    assert received.message["Auto-Submitted"] == "auto-generated"
    assert received.message["Date"]
    assert received.message["Message-ID"].endswith("@localhost>")
    assert received.message.get_content_type() == "multipart/alternative"
    assert received.part("plain") == "你好\nHello\n.\n"
    assert received.part("html") == "<p>你好 Hello</p>\n"


async def test_what_is_sent_holds_no_bare_bytes_for_servers_that_take_seven_bits(
    server: SmtpServer, sender: SmtpSender, mail: Mail
) -> None:
    server.script["EHLO"].append("250 test.invalid")
    await sender.send(mail)
    assert server.mails[0].data.isascii()
    assert server.mails[0].part("plain") == "你好\nHello\n.\n"


async def test_the_greeting_is_our_domain(server: SmtpServer, mail_settings: MailSettings, mail: Mail) -> None:
    settings = mail_settings(SMTP_PORT=server.port, SMTP_TLS=False, DOMAIN="stickers.example.org")
    await SmtpSender(settings).send(mail)
    assert server.greetings == ["stickers.example.org"]


class TestEncryption:
    async def test_starttls(self, certificate: Certificate, mail_settings: MailSettings, mail: Mail) -> None:
        async with SmtpServer(tls=certificate.server, login=("mailer", "pass word")) as server:
            settings = mail_settings(SMTP_PORT=server.port, SMTP_USER="mailer", SMTP_PASSWORD="pass word")
            await SmtpSender(settings, tls_context=certificate.client).send(mail)
        assert server.mails[0].encrypted
        assert server.mails[0].user == "mailer"

    async def test_tls_from_the_start(self, certificate: Certificate, mail_settings: MailSettings, mail: Mail) -> None:
        async with SmtpServer(tls=certificate.server, tls_from_start=True) as server:
            settings = mail_settings(SMTP_PORT=server.port, SMTP_SSL=True)
            await SmtpSender(settings, tls_context=certificate.client).send(mail)
        assert server.mails[0].encrypted

    async def test_nothing_is_sent_in_the_clear_when_encryption_is_asked_for(
        self, server: SmtpServer, mail_settings: MailSettings, mail: Mail
    ) -> None:
        with pytest.raises(MailFailed) as caught:
            await SmtpSender(mail_settings(SMTP_PORT=server.port, SMTP_TLS=True)).send(mail)
        assert not caught.value.retryable
        assert server.mails == []

    @pytest.mark.parametrize("tls_from_start", [False, True])
    async def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, certificate: Certificate, mail_settings: MailSettings, mail: Mail, tls_from_start: bool
    ) -> None:
        async with SmtpServer(tls=certificate.server, tls_from_start=tls_from_start) as server:
            settings = mail_settings(SMTP_PORT=server.port, SMTP_SSL=tls_from_start)
            with pytest.raises(MailFailed) as caught:
                await SmtpSender(settings, tls_context=ssl.create_default_context()).send(mail)
        assert not caught.value.retryable
        assert server.mails == []


class TestFailures:
    @pytest.mark.parametrize(
        ("verb", "reply", "retryable"),
        [
            ("GREETING", "421 4.3.2 too busy", True),
            ("GREETING", "554 5.7.1 go away", False),
            ("MAIL", "451 4.3.0 later", True),
            ("MAIL", "553 5.1.8 sender refused", False),
            ("RCPT", "450 4.2.0 greylisted, try again", True),
            ("RCPT", "550 5.1.1 <somebody@example.com>: user unknown", False),
            ("DATA", "452 4.3.1 disk full", True),
            ("BODY", "554 5.7.1 spam", False),
            ("BODY", "421 4.4.2 shutting down", True),
            ("GREETING", DROP, True),
            ("EHLO", DROP, True),
            ("RCPT", DROP, True),
            ("BODY", DROP, True),
            ("GREETING", "what is this", True),
        ],
    )
    async def test_what_may_pass_is_told_from_what_will_not(
        self, server: SmtpServer, sender: SmtpSender, mail: Mail, verb: str, reply: str, retryable: bool
    ) -> None:
        server.script[verb].append(reply)
        with pytest.raises(MailFailed) as caught:
            await sender.send(mail)
        assert caught.value.retryable is retryable
        assert server.mails == []
        # The next one finds a server in order.
        await sender.send(mail)
        assert len(server.mails) == 1

    async def test_the_reason_holds_codes_and_no_address(
        self, server: SmtpServer, sender: SmtpSender, mail: Mail
    ) -> None:
        server.script["RCPT"].append("550 5.1.1 <somebody@example.com>: user unknown")
        with pytest.raises(MailFailed) as caught:
            await sender.send(mail)
        assert caught.value.reason == "SMTPRecipientRefused 550 5.1.1"
        assert caught.value.__suppress_context__

    async def test_a_wrong_password_does_not_get_better(self, mail_settings: MailSettings, mail: Mail) -> None:
        async with SmtpServer(login=("mailer", "right")) as server:
            settings = mail_settings(SMTP_PORT=server.port, SMTP_TLS=False, SMTP_USER="mailer", SMTP_PASSWORD="wrong")
            with pytest.raises(MailFailed) as caught:
                await SmtpSender(settings).send(mail)
        assert not caught.value.retryable
        assert "535" in caught.value.reason

    @pytest.mark.parametrize("verb", ["GREETING", "EHLO", "BODY"])
    async def test_a_server_that_falls_silent_is_given_up(
        self, server: SmtpServer, sender: SmtpSender, mail: Mail, verb: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(smtp, "_COMMAND_SECONDS", 0.2)
        server.script[verb].append(SILENCE)
        with pytest.raises(MailFailed) as caught:
            await sender.send(mail)
        assert caught.value.retryable

    async def test_a_server_that_trickles_is_given_up_too(
        self, server: SmtpServer, sender: SmtpSender, mail: Mail, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(smtp, "_MAIL_SECONDS", 0.2)
        server.script["DATA"].append(SILENCE)
        with pytest.raises(MailFailed) as caught:
            await sender.send(mail)
        assert caught.value.retryable

    async def test_nobody_listens(self, mail_settings: MailSettings, mail: Mail) -> None:
        async with SmtpServer() as server:
            port = server.port
        with pytest.raises(MailFailed) as caught:
            await SmtpSender(mail_settings(SMTP_PORT=port, SMTP_TLS=False)).send(mail)
        assert caught.value.retryable

    async def test_a_goodbye_that_fails_is_no_failure(self, server: SmtpServer, sender: SmtpSender, mail: Mail) -> None:
        server.script["QUIT"].append(DROP)
        await sender.send(mail)
        assert len(server.mails) == 1

    async def test_an_address_cannot_smuggle_commands(self, server: SmtpServer, sender: SmtpSender, mail: Mail) -> None:
        for address in ("a@example.com\r\nBcc: b@example.com", "a@example.com>\r\nRCPT TO:<b@example.com"):
            with contextlib.suppress(MailFailed):
                await sender.send(replace(mail, recipient=address))
        assert server.mails == []
