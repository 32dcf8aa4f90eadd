from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from structlog.testing import capture_logs

from app.auth.models import Device
from app.core.database import Database
from app.points import repository as ledger
from app.points.models import LedgerEntry, PointAccount
from app.users.models import User
from tests.auth.conftest import Count, assert_refused, bearer, device

pytestmark = pytest.mark.anyio

NO_DEVICES: list[bytes] = [
    b'{"device_id": "' + b"x" * 15 + b'"}',
    b'{"device_id": "' + b"x" * 129 + b'"}',
    b'{"device_id": "' + b"x" * 900_000 + b'"}',
    b'{"device_id": "xxxxxxxxxxxxxxxx\\u0000"}',
    b'{"device_id": "xxxxxxxxxxxxxxxx\\ud800"}',
    '{"device_id": "设备设备设备设备设备设备设备设备"}'.encode(),
    b'{"device_id": "a device with blanks"}',
    b'{"device_id": "xxxxxxxxxxxxxxxx\xff"}',
    b'{"device_id": 12345678901234567890}',
    b'{"device_id": null}',
    b'{"device_id": ["xxxxxxxxxxxxxxxxxx"]}',
    b'{"device_id": {}}',
    b"{}",
    b"[]",
    b"null",
    b"",
    b"{",
    b'"' + b"[" * 10_000,
    b"[" * 50_000,
]


async def sign_in(client: httpx.AsyncClient, device_id: str, **headers: str) -> httpx.Response:
    return await client.post("/auth/login", json={"device_id": device_id}, headers=headers)


async def test_the_first_call_makes_an_account_with_welcome_points(client: httpx.AsyncClient, count: Count) -> None:
    answer = await sign_in(client, device())
    data = answer.json()["data"]
    assert answer.json()["code"] == 0
    assert set(data) == {"access_token", "token_type", "expires_in", "user"}
    assert data["token_type"] == "bearer"
    assert data["expires_in"] == 30 * 86_400
    assert set(data["user"]) == {"id", "nickname", "email", "points_balance", "created_at"}
    assert data["user"]["points_balance"] == 100
    assert data["user"]["email"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", data["user"]["created_at"])
    assert await count(LedgerEntry, LedgerEntry.reference == f"welcome:{data['user']['id']}") == 1


async def test_later_calls_find_the_same_account(client: httpx.AsyncClient, count: Count) -> None:
    mine = device()
    answers = [await sign_in(client, mine) for _ in range(3)]
    assert len({answer.json()["data"]["user"]["id"] for answer in answers}) == 1
    assert await count(User) == await count(Device) == await count(PointAccount) == await count(LedgerEntry) == 1


async def test_another_device_is_another_account(client: httpx.AsyncClient) -> None:
    first, second = await sign_in(client, device()), await sign_in(client, device())
    assert first.json()["data"]["user"]["id"] != second.json()["data"]["user"]["id"]


@pytest.mark.parametrize(("language", "expected"), [("zh-CN", "表情玩家"), ("en-GB,en;q=0.9", "Sticker fan")])
async def test_the_first_name_is_in_the_callers_language(
    client: httpx.AsyncClient, language: str, expected: str
) -> None:
    answer = await sign_in(client, device(), **{"Accept-Language": language})
    assert answer.json()["data"]["user"]["nickname"].startswith(expected)


async def test_fault_12_sixteen_sign_ins_of_one_device_at_once(
    client: httpx.AsyncClient, database: Database, count: Count
) -> None:
    rounds = 6
    for _ in range(rounds):
        mine = device()
        answers = await asyncio.gather(*(sign_in(client, mine) for _ in range(16)))
        assert [answer.status_code for answer in answers] == [200] * 16
        assert len({answer.json()["data"]["user"]["id"] for answer in answers}) == 1
        assert {answer.json()["data"]["user"]["points_balance"] for answer in answers} == {100}
    # No account was left without a device, and nobody was welcomed twice.
    for model in (User, Device, PointAccount, LedgerEntry):
        assert await count(model) == rounds
    async with database.read() as session:
        assert await ledger.list_differences(session) == []


async def test_the_device_is_stored_as_a_keyed_hash_only(client: httpx.AsyncClient, database: Database) -> None:
    mine = device()
    with capture_logs() as logs:
        await sign_in(client, mine)
        await sign_in(client, mine + "\0")
        await sign_in(client, mine * 9)
    assert mine not in str(logs)
    async with database.read() as session:
        stored = await session.scalar(select(Device.device_hash))
        assert stored is not None
        assert re.fullmatch(r"[0-9a-f]{64}", stored)
        for table in ("users", "devices", "point_accounts", "ledger_entries"):
            rows: list[Any] = list(await session.execute(text(f"SELECT * FROM {table}")))
            assert mine not in str(rows)


async def test_what_is_no_device_is_refused(client: httpx.AsyncClient, count: Count) -> None:
    for body in NO_DEVICES:
        answer = await client.post("/auth/login", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 413, 422}, (body[:40], answer.text)
        assert_refused(answer, answer.status_code)
        assert "xxxxxxxx" not in answer.text
    assert await count(User) == 0


async def test_a_device_whose_account_was_deleted_starts_anew(client: httpx.AsyncClient, count: Count) -> None:
    mine = device()
    first = await sign_in(client, mine)
    await client.delete("/user", headers=bearer(first))
    second = await sign_in(client, mine)
    assert second.json()["data"]["user"]["id"] != first.json()["data"]["user"]["id"]
    assert second.json()["data"]["user"]["points_balance"] == 100
    assert await count(Device) == 1


async def test_sign_ins_while_the_account_is_deleted(client: httpx.AsyncClient) -> None:
    mine = device()
    headers = bearer(await sign_in(client, mine))
    answers = await asyncio.gather(
        client.delete("/user", headers=headers), *(sign_in(client, mine) for _ in range(8)), return_exceptions=False
    )
    assert {answer.status_code for answer in answers} == {200}
    last = bearer(await sign_in(client, mine))
    assert (await client.get("/user/profile", headers=last)).status_code == 200


async def test_no_welcome_points_when_the_operator_wants_none(
    client: httpx.AsyncClient, app: FastAPI, count: Count
) -> None:
    app.state.settings = app.state.settings.model_copy(update={"WELCOME_POINTS": 0})
    answer = await sign_in(client, device())
    assert answer.json()["data"]["user"]["points_balance"] == 0
    assert await count(LedgerEntry) == 0
    assert await count(PointAccount) == 1
