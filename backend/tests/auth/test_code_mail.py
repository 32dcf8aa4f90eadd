"""From the request to the mail in somebody's box and back, over a worker and a mail server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from app.auth.jobs import AuthJobs
from app.auth.models import EmailCode
from app.core.database import Database
from app.core.security import Keyring
from app.core.settings import Settings
from app.jobs.queue import Queue
from app.notifications import delivery
from app.notifications.delivery import Delivery
from app.notifications.senders import make_sender
from tests.auth.conftest import MAIL, AskForCode, Count, Verify, bearer
from tests.conftest import StartWorker
from tests.notifications.smtp_server import SmtpServer

pytestmark = pytest.mark.anyio

WithMail = Callable[[SmtpServer], Settings]


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "BACKOFF_SECONDS", (0.05, 0.05))


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


@pytest.mark.parametrize(
    ("language", "subject", "sentence"),
    [
        ("zh-CN,zh;q=0.9", "是你的 AI-PIC 登录验证码", "10 分钟内有效"),
        ("en-GB", "is your AI-PIC sign-in code", "It holds for 10 minutes"),
    ],
)
async def test_a_code_arrives_in_the_callers_language_and_signs_in(
    client: httpx.AsyncClient,
    start_worker: StartWorker,
    mail_server: SmtpServer,
    with_mail: WithMail,
    verify: Verify,
    language: str,
    subject: str,
    sentence: str,
) -> None:
    await start_worker(with_mail(mail_server))
    await client.post("/auth/email/code", json={"email": MAIL}, headers={"Accept-Language": language})
    mail = await mail_server.wait_for_mail()
    assert mail.recipients == [MAIL]
    code, _, rest = mail.message["Subject"].partition(" ")
    assert re.fullmatch(r"\d{6}", code)
    assert rest == subject
    for kind in ("plain", "html"):
        assert code in mail.part(kind)
        assert sentence in mail.part(kind)
    signed_in = await verify(code)
    profile = await client.get("/user/profile", headers=bearer(signed_in))
    assert profile.json()["data"]["email"] == MAIL


@pytest.mark.usefixtures("quick_retries")
async def test_a_server_that_puts_us_off_gets_the_same_code_again(
    client: httpx.AsyncClient,
    start_worker: StartWorker,
    mail_server: SmtpServer,
    with_mail: WithMail,
    verify: Verify,
    logs: list[Any],
) -> None:
    mail_server.script["RCPT"].extend([f"450 4.2.0 <{MAIL}> greylisted", f"450 4.2.0 <{MAIL}> greylisted"])
    await start_worker(with_mail(mail_server))
    await client.post("/auth/email/code", json={"email": MAIL})
    mail = await mail_server.wait_for_mail()
    assert mail_server.connections == 3
    code = mail.message["Subject"].split()[0]
    assert (await verify(code)).status_code == 200
    assert MAIL not in str(logs)
    assert code not in str(logs)
    assert [entry["reason"] for entry in logs if entry["event"] == "mail_put_off"] == [
        "SMTPRecipientRefused 450 4.2.0"
    ] * 2


@pytest.mark.usefixtures("quick_retries")
async def test_a_server_that_refuses_is_left_alone(
    client: httpx.AsyncClient, start_worker: StartWorker, mail_server: SmtpServer, with_mail: WithMail, logs: list[Any]
) -> None:
    mail_server.script["RCPT"].append(f"550 5.1.1 <{MAIL}> unknown")
    await start_worker(with_mail(mail_server))
    answer = await client.post("/auth/email/code", json={"email": MAIL})
    assert answer.status_code == 202
    async with asyncio.timeout(10):
        while not (given_up := [entry for entry in logs if entry["event"] == "mail_given_up"]):
            await asyncio.sleep(0.02)
    assert given_up[0]["reason"] == "SMTPRecipientRefused 550 5.1.1"
    await asyncio.sleep(0.3)
    assert mail_server.connections == 1
    assert MAIL not in str(logs)


async def test_without_a_mail_server_a_developer_finds_the_code_in_the_workers_log(
    client: httpx.AsyncClient, start_worker: StartWorker, logs: list[Any], verify: Verify
) -> None:
    await client.post("/auth/email/code", json={"email": MAIL}, headers={"Accept-Language": "en"})
    assert not re.search(r"\b\d{6}\b", " ".join(str(entry.get("subject")) for entry in logs))
    await start_worker()
    async with asyncio.timeout(10):
        while not (shown := [entry for entry in logs if entry["event"] == "mail_shown_here"]):
            await asyncio.sleep(0.02)
    code = shown[0]["subject"].split()[0]
    assert code in shown[0]["text"]
    assert (await verify(code)).status_code == 200


@pytest.mark.parametrize("why", ["used", "expired", "replaced", "removed"])
async def test_a_code_that_does_not_hold_any_more_is_not_mailed(
    settings: Settings,
    database: Database,
    queue: Queue,
    keyring: Keyring,
    mail_server: SmtpServer,
    with_mail: WithMail,
    ask_for_code: AskForCode,
    verify: Verify,
    why: str,
) -> None:
    code = await ask_for_code()
    async with database.read() as session:
        code_id = await session.scalar(select(EmailCode.id))
    if why == "used":
        assert (await verify(code)).status_code == 200
    elif why == "replaced":
        await ask_for_code()
    else:
        async with database.transaction() as session:
            await session.execute(update(EmailCode).values(expires_at=func.now()))
    jobs = AuthJobs(settings, database, keyring, Delivery(make_sender(with_mail(mail_server)), queue))
    if why == "removed":
        await jobs.remove_codes()
    await jobs.send_code(str(code_id), "zh")
    assert mail_server.connections == 0


async def test_codes_whose_time_is_over_are_removed_and_others_stay(
    settings: Settings, database: Database, queue: Queue, keyring: Keyring, ask_for_code: AskForCode, count: Count
) -> None:
    await ask_for_code("old@example.com")
    async with database.transaction() as session:
        await session.execute(update(EmailCode).values(expires_at=func.now()))
    await ask_for_code()
    await AuthJobs(settings, database, keyring, Delivery(make_sender(settings), queue)).remove_codes()
    assert await count(EmailCode) == await count(EmailCode, EmailCode.email == MAIL) == 1
