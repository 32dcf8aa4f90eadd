from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from app.core.settings import Settings
from tests.conftest import SignIn, StartWorker
from tests.notifications.smtp_server import SmtpServer
from tests.users.conftest import assert_refused, device

pytestmark = pytest.mark.anyio

TO = {"email": "Operator@Example.com"}


@pytest.mark.parametrize(("language", "word"), [("zh", "测试邮件"), ("en", "Test mail")])
async def test_an_operator_sees_whether_mail_works(
    client: httpx.AsyncClient,
    app: FastAPI,
    settings: Settings,
    operator: dict[str, str],
    start_worker: StartWorker,
    language: str,
    word: str,
) -> None:
    async with SmtpServer() as server:
        mailing = settings.model_copy(
            update={"SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "SMTP_TLS": False, "DOMAIN": "a.example.org"}
        )
        app.state.settings = mailing
        await start_worker(mailing)
        answer = await client.post("/utils/test-email", json=TO, headers=operator | {"Accept-Language": language})
        assert answer.status_code == 202
        assert answer.json()["data"] == {"sender": "smtp"}
        mail = await server.wait_for_mail()
    assert mail.recipients == ["operator@example.com"]
    assert mail.sender == "noreply@a.example.org"
    assert word in mail.message["Subject"]
    for kind in ("plain", "html"):
        assert "a.example.org" in mail.part(kind)


async def test_without_a_server_the_answer_says_where_the_mail_is(
    client: httpx.AsyncClient, operator: dict[str, str], start_worker: StartWorker
) -> None:
    with capture_logs() as logs:
        await start_worker()
        answer = await client.post("/utils/test-email", json=TO, headers=operator)
        assert answer.json()["data"] == {"sender": "console"}
        async with asyncio.timeout(10):
            while not any(entry["event"] == "mail_shown_here" for entry in logs):
                await asyncio.sleep(0.02)
    assert "operator@" not in str(logs)


async def test_only_operators(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    assert_refused(await client.post("/utils/test-email", json=TO, headers=await sign_in(device())), 403, 403001)
    assert_refused(await client.post("/utils/test-email", json=TO), 401, 401001)


async def test_a_server_without_mail_says_so(client: httpx.AsyncClient, app: FastAPI, operator: dict[str, str]) -> None:
    app.state.settings = app.state.settings.model_copy(update={"ENVIRONMENT": "production", "SMTP_HOST": ""})
    assert_refused(await client.post("/utils/test-email", json=TO, headers=operator), 503, 503101)


async def test_addresses_that_are_none(client: httpx.AsyncClient, operator: dict[str, str]) -> None:
    for email in ("nobody", None, "a@example.com\nb@example.com"):
        assert_refused(await client.post("/utils/test-email", json={"email": email}, headers=operator), 422)
    assert_refused(await client.post("/utils/test-email", json={}, headers=operator), 422)
