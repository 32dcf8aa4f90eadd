from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.auth import codes
from app.auth.models import EmailCode
from app.core.database import Base, Database
from app.core.security import Keyring
from app.core.settings import Settings
from tests.notifications.smtp_server import SmtpServer

MAIL = "somebody@example.com"
numbers = itertools.count(1)


def device() -> str:
    """A device id that no other test has."""
    return f"device-of-the-auth-tests-{next(numbers):06d}"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Limits are out of the way, but where they are what is tested."""
    rates = {"RATE_SIGN_IN": "1000/minute", "RATE_CODE_ADDRESS": "1000/hour", "RATE_CODE_MAIL": "1000/hour"}
    return settings.model_copy(update=rates)


@pytest.fixture
def keyring(settings: Settings) -> Keyring:
    return Keyring(settings)


class Count(Protocol):
    async def __call__(self, model: type[Base], *where: Any) -> int: ...


@pytest.fixture
def count(database: Database) -> Count:
    async def counted(model: type[Base], *where: Any) -> int:
        async with database.read() as session:
            return await session.scalar(select(func.count()).select_from(model).where(*where)) or 0

    return counted


class AskForCode(Protocol):
    async def __call__(self, email: str = ...) -> str: ...


@pytest.fixture
def ask_for_code(client: httpx.AsyncClient, database: Database, keyring: Keyring) -> AskForCode:
    """Asks for a code over HTTP, and works it out as the worker does."""

    async def asked(email: str = MAIL) -> str:
        answer = await client.post("/auth/email/code", json={"email": email})
        assert answer.status_code == 202, answer.text
        async with database.read() as session:
            newest = select(EmailCode.id).where(EmailCode.email == email).order_by(EmailCode.id.desc()).limit(1)
            code_id = await session.scalar(newest)
        assert isinstance(code_id, UUID)
        return codes.derive(keyring, code_id, email)

    return asked


class Verify(Protocol):
    async def __call__(
        self, code: str, email: str = ..., device_id: str | None = ..., headers: dict[str, str] | None = ...
    ) -> httpx.Response: ...


@pytest.fixture
def verify(client: httpx.AsyncClient) -> Verify:
    async def verified(
        code: str, email: str = MAIL, device_id: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        body = {"email": email, "code": code, "device_id": device_id or device()}
        return await client.post("/auth/email/verify", json=body, headers=headers)

    return verified


@pytest.fixture
async def mail_server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as opened:
        yield opened


@pytest.fixture
def with_mail(settings: Settings) -> Callable[[SmtpServer], Settings]:
    """The settings of a worker that mails over this server."""

    def changed(server: SmtpServer) -> Settings:
        mailing = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "SMTP_TLS": False}
        return settings.model_copy(update=mailing)

    return changed


def bearer(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['data']['access_token']}"}


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def assert_refused(answer: httpx.Response, status: int, code: int | None = None) -> None:
    """The answer is an error in the one shape that all errors have."""
    assert answer.status_code == status, answer.text
    content = answer.json()
    assert set(content) == {"code", "message", "data"}
    assert content["code"] // 1000 == status
    assert content["message"]
    if code is not None:
        assert content["code"] == code
