from __future__ import annotations

from typing import Any, Protocol

import pytest

from app.core.settings import Settings
from app.notifications.mail import Content, Mail
from tests.certificates import Certificate, make_certificate


class MailSettings(Protocol):
    def __call__(self, **changes: Any) -> Settings: ...


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def mail_settings() -> MailSettings:
    """Settings that need no servers."""

    def make(**changes: Any) -> Settings:
        values: dict[str, Any] = {
            "SECRET_KEY": "test-only-secret-key-of-more-than-32-characters",
            "SMTP_HOST": "127.0.0.1",
        }
        return Settings(_env_file=None, **(values | changes))

    return make


@pytest.fixture
def mail() -> Mail:
    content = Content(subject="你好 Hello", text="你好\nHello\n.\n", html="<p>你好 Hello</p>\n", lang="zh")
    return Mail("somebody@example.com", content)
