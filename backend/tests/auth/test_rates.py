from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.auth.models import EmailCode
from app.core.settings import Settings
from app.users.models import User
from tests.auth.conftest import MAIL, Count, assert_refused, device

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    usual = {name: Settings.model_fields[name].default for name in Settings.model_fields if name.startswith("RATE_")}
    return settings.model_copy(update=usual)


def assert_limited(answer: httpx.Response) -> None:
    assert_refused(answer, 429)
    assert 0 < int(answer.headers["retry-after"]) <= 3600


async def test_fault_29_new_accounts_without_end_from_one_client(client: httpx.AsyncClient, count: Count) -> None:
    answers = [await client.post("/auth/login", json={"device_id": device()}) for _ in range(30)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 10
    assert_limited(answers[-1])
    assert int(answers[-1].headers["retry-after"]) <= 60
    assert await count(User) == 20


async def test_codes_of_one_mail_address_are_few(client: httpx.AsyncClient, count: Count) -> None:
    written = [MAIL, MAIL.upper(), f" {MAIL}", MAIL, MAIL]
    for email in written:
        assert (await client.post("/auth/email/code", json={"email": email})).status_code == 202
    assert_limited(await client.post("/auth/email/code", json={"email": MAIL}))
    assert (await client.post("/auth/email/code", json={"email": "other@example.com"})).status_code == 202
    assert await count(EmailCode) == 2


async def test_codes_for_one_client_are_limited(client: httpx.AsyncClient) -> None:
    answers = [await client.post("/auth/email/code", json={"email": f"a{n}@example.com"}) for n in range(21)]
    assert [answer.status_code for answer in answers] == [202] * 20 + [429]


async def test_guesses_are_limited(client: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {"email": MAIL, "code": "123456", "device_id": device()}
    answers = [await client.post("/auth/email/verify", json=body) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [400] * 20 + [429]
