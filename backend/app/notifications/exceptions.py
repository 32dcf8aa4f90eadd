"""What can go wrong with mail."""

from __future__ import annotations

from app.core.errors import ServiceError, Unavailable


class MailNotConfigured(ServiceError):
    """This server has no way to send mail, whoever it is for. Waiting does not help: there is no ``Retry-After``."""

    status = 503
    number = 101
    code = "mail_not_configured"
    zh = "这个服务没有配置邮件发送，暂时不能用邮箱登录。请联系管理员设置 SMTP_HOST。"
    en = "This server cannot send mail, so there is no sign-in by e-mail. Please ask its operator to set SMTP_HOST."


class MailUnavailable(Unavailable):
    """The mail could not be handed to a worker; nothing will be sent for this request."""

    number = 102
    code = "mail_unavailable"
    zh = "现在无法发送邮件，请稍后再试。"
    en = "No mail can be sent at the moment. Please try again shortly."


class MailFailed(Exception):
    """The mail server did not take a mail.

    ``reason`` holds neither addresses nor the server's prose, which likes to repeat them: it goes into the log.
    ``retryable``: the same mail may pass in a while.
    """

    def __init__(self, reason: str, *, retryable: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
