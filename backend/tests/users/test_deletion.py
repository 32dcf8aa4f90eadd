from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from app.auth import codes
from app.auth.models import Device, EmailCode
from app.core.database import Database
from app.core.security import Keyring
from app.core.settings import Settings
from app.jobs.job import JobName
from app.points import repository as ledger
from app.points import service as points
from app.points.exceptions import InsufficientPoints
from app.points.models import EntryKind, LedgerEntry, PointAccount
from app.users.job_names import DELETED
from app.users.jobs import UserJobs
from app.users.models import User
from tests.conftest import SignIn
from tests.users.conftest import Count, assert_refused, device

pytestmark = pytest.mark.anyio

MAIL = "leaving@example.com"


class Recorder:
    """Stands for the queue: what would be put in."""

    def __init__(self) -> None:
        self.jobs: list[tuple[JobName, dict[str, Any]]] = []

    async def enqueue(self, job: JobName, **arguments: Any) -> bool:
        self.jobs.append((job, arguments))
        return True


async def id_of(client: httpx.AsyncClient, headers: dict[str, str]) -> UUID:
    return UUID((await client.get("/user/profile", headers=headers)).json()["data"]["id"])


async def test_what_is_personal_is_gone_and_the_books_add_up(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    sign_in: SignIn,
    settings: Settings,
    database: Database,
    app: FastAPI,
    count: Count,
) -> None:
    user_id = await id_of(client, headers)
    stranger = await sign_in(device())
    await client.post("/auth/email/code", json={"email": MAIL})
    async with database.transaction() as session:
        code_id = await session.scalar(select(EmailCode.id))
        assert code_id is not None
        code = codes.derive(Keyring(settings), code_id, MAIL)
        await points.take(session, user_id, 30, "task:1")
    body = {"email": MAIL, "code": code, "device_id": device()}
    await client.post("/auth/email/verify", json=body, headers=headers)
    app.state.queue = recorder = Recorder()

    answer = await client.delete("/user", headers=headers)

    assert answer.status_code == 200
    assert answer.json() == {"code": 0, "message": "success", "data": None}
    async with database.read() as session:
        user = await session.get_one(User, user_id)
        assert (user.nickname, user.email, user.is_superuser) == ("", None, False)
        assert user.deleted_at is not None
        assert await points.get_balance(session, user_id) == 0
        assert await ledger.list_differences(session) == []
        last = (await ledger.list_entries(session, user_id, limit=1, offset=0))[0]
        assert (last.kind, last.amount, last.balance_after) == (EntryKind.ADJUST, -70, 0)
        assert last.reference == f"deleted:{user_id}"
    assert await count(Device, Device.user_id == user_id) == await count(EmailCode) == 0
    assert await count(LedgerEntry, LedgerEntry.user_id == user_id) == 3
    assert recorder.jobs == [(DELETED, {"key": f"users.deleted:{user_id}", "user_id": str(user_id)})]
    assert (await client.get("/user/profile", headers=stranger)).status_code == 200


async def test_tokens_end_at_once(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    renewed = (await client.post("/auth/refresh", headers=headers)).json()["data"]["access_token"]
    await client.delete("/user", headers=headers)
    for authorization in (headers["Authorization"], f"Bearer {renewed}"):
        old = {"Authorization": authorization}
        for method, path in (
            ("GET", "/user/profile"),
            ("DELETE", "/user"),
            ("POST", "/auth/refresh"),
            ("GET", "/points/balance"),
        ):
            assert_refused(await client.request(method, path, headers=old), 401, 401001)
        assert_refused(await client.put("/user/profile", json={"nickname": "back"}, headers=old), 401, 401001)


async def test_an_account_without_points_leaves_no_entry(
    client: httpx.AsyncClient, headers: dict[str, str], database: Database, count: Count
) -> None:
    user_id = await id_of(client, headers)
    async with database.transaction() as session:
        await points.take(session, user_id, 100, "task:1")
    await client.delete("/user", headers=headers)
    assert await count(LedgerEntry, LedgerEntry.kind == EntryKind.ADJUST) == 0


async def test_the_address_is_free_again(
    client: httpx.AsyncClient, sign_in: SignIn, database: Database, count: Count
) -> None:
    for _ in range(2):
        headers = await sign_in(device())
        user_id = await id_of(client, headers)
        async with database.transaction() as session:
            await session.execute(update(User).where(User.id == user_id).values(email=MAIL))
        await client.delete("/user", headers=headers)
    assert await count(User, User.email.is_(None)) == 2


async def test_many_deletions_at_once(client: httpx.AsyncClient, headers: dict[str, str], count: Count) -> None:
    answers = await asyncio.gather(*(client.delete("/user", headers=headers) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    assert await count(LedgerEntry, LedgerEntry.kind == EntryKind.ADJUST) == 1


async def test_charges_while_the_account_is_deleted(
    client: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    async def charge(user_id: UUID, number: int) -> None:
        async with database.transaction() as session:
            await points.take(session, user_id, 10, f"task:{user_id}:{number}")

    for _ in range(5):
        headers = await sign_in(device())
        user_id = await id_of(client, headers)
        charges = (charge(user_id, number) for number in range(6))
        deleted, *outcomes = await asyncio.gather(
            client.delete("/user", headers=headers), *charges, return_exceptions=True
        )
        assert isinstance(deleted, httpx.Response)
        assert deleted.status_code == 200
        assert all(outcome is None or isinstance(outcome, InsufficientPoints) for outcome in outcomes)
    async with database.read() as session:
        assert await ledger.list_differences(session) == []
        assert await session.scalar(select(func.sum(PointAccount.balance))) == 0


async def test_a_queue_that_lost_a_deletion_gets_it_again(
    client: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    users = []
    for days in (0, 1, 3):
        headers = await sign_in(device())
        users.append(await id_of(client, headers))
        await client.delete("/user", headers=headers)
        async with database.transaction() as session:
            then = func.now() - timedelta(days=days)
            await session.execute(update(User).where(User.id == users[-1]).values(deleted_at=then))
    await sign_in(device())
    recorder = Recorder()
    await UserJobs(database, recorder).repeat_deletions()  # type: ignore[arg-type]
    assert {arguments["user_id"] for _, arguments in recorder.jobs} == {str(users[0]), str(users[1])}
    assert {name for name, _ in recorder.jobs} == {DELETED}
