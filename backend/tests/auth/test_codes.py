from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, func, select, text, update
from structlog.testing import capture_logs

from app.auth import codes
from app.auth.models import EmailCode
from app.core.database import Database
from app.core.ids import new_id
from app.core.security import Keyring
from app.core.settings import Settings
from app.users.models import User
from tests.auth.conftest import MAIL, AskForCode, Count, Verify, assert_refused, device, wrong

pytestmark = pytest.mark.anyio

NO_ADDRESSES: list[Any] = [
    "",
    "nobody",
    "a@b",
    "@example.com",
    "a@",
    "a b@example.com",
    "a@example.com\r\nBcc: b@example.com",
    "a@example.com, b@example.com",
    "Somebody <a@example.com>",
    '"a b"@example.com',
    "a@[127.0.0.1]",
    "ü@example.com",
    "a\0b@example.com",
    "a@exam\0ple.com",
    "a" * 65 + "@example.com",
    "a@" + "b" * 250 + ".com",
    "a" * 100_000 + "@example.com",
    7,
    None,
    ["a@example.com"],
    {"a": "b"},
]
NO_CODES: list[Any] = ["", "12345", "1234567", "12345a", "１２３４５６", "12 456", "\0" * 6, "-12345", 123456, None]

WRONG, EXPIRED = 400101, 400102


class TestAsking:
    async def test_the_answer_says_how_long_the_code_holds(self, client: httpx.AsyncClient, count: Count) -> None:
        answer = await client.post("/auth/email/code", json={"email": MAIL})
        assert answer.status_code == 202
        assert answer.json() == {"code": 0, "message": "success", "data": {"expires_in": 600}}
        assert await count(EmailCode) == 1

    async def test_an_address_with_an_account_makes_no_difference(
        self, client: httpx.AsyncClient, app: FastAPI, ask_for_code: AskForCode, verify: Verify
    ) -> None:
        """Not in the answer, and not in what is done for it: time tells nothing where the same statements run."""
        known, unknown = MAIL, "stranger@example.com"
        assert (await verify(await ask_for_code(known), known)).status_code == 200
        statements: list[str] = []
        event.listen(
            app.state.database.engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2])
        )
        seen = []
        for email in (known, unknown):
            statements.clear()
            answer = await client.post("/auth/email/code", json={"email": email})
            seen.append((answer.status_code, answer.json(), list(statements)))
        assert seen[0] == seen[1]
        assert not any("users" in statement for statement in seen[0][2])

    @pytest.mark.parametrize(
        ("written", "stored"),
        [
            (" Somebody@Example.COM ", "somebody@example.com"),
            ("a+b.c@example.com", "a+b.c@example.com"),
            ("me@münchen.de", "me@xn--mnchen-3ya.de"),
            ("me@例子.测试", None),
        ],
    )
    async def test_an_address_has_one_form(
        self, client: httpx.AsyncClient, database: Database, written: str, stored: str | None
    ) -> None:
        answer = await client.post("/auth/email/code", json={"email": written})
        async with database.read() as session:
            kept = await session.scalar(select(EmailCode.email))
        if stored is not None:
            assert (answer.status_code, kept) == (202, stored)

    async def test_what_is_no_address_is_refused(self, client: httpx.AsyncClient, count: Count) -> None:
        for email in NO_ADDRESSES:
            answer = await client.post("/auth/email/code", json={"email": email})
            assert_refused(answer, 413 if len(str(email)) > 60_000 else 422)
        assert await count(EmailCode) == 0

    async def test_half_a_surrogate_pair_is_refused(self, client: httpx.AsyncClient) -> None:
        headers = {"Content-Type": "application/json"}
        for body in (rb'{"email": "\ud800@example.com"}', rb'{"email": "a@example.com\udfff"}', rb'{"\ud800": 1}'):
            assert_refused(await client.post("/auth/email/code", content=body, headers=headers), 422)

    @pytest.mark.parametrize("environment", ["staging", "production"])
    async def test_a_server_without_mail_says_so(
        self, client: httpx.AsyncClient, app: FastAPI, count: Count, environment: str
    ) -> None:
        app.state.settings = app.state.settings.model_copy(update={"ENVIRONMENT": environment, "SMTP_HOST": ""})
        answer = await client.post("/auth/email/code", json={"email": MAIL}, headers={"Accept-Language": "en"})
        assert_refused(answer, 503, 503101)
        assert "SMTP_HOST" in answer.json()["message"]
        assert await count(EmailCode) == 0

    async def test_a_queue_that_is_down_is_told(
        self, client: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def refuses(*_: Any, **__: Any) -> bool:
            return False

        monkeypatch.setattr(app.state.queue, "enqueue", refuses)
        answer = await client.post("/auth/email/code", json={"email": MAIL})
        assert_refused(answer, 503, 503102)
        assert int(answer.headers["retry-after"]) > 0


class TestSecrecy:
    async def test_the_code_lies_neither_in_the_database_nor_in_redis_nor_in_a_log(
        self, app: FastAPI, ask_for_code: AskForCode, database: Database
    ) -> None:
        with capture_logs() as logs:
            code = await ask_for_code()
        assert code not in str(logs)
        assert MAIL not in str(logs)
        async with database.read() as session:
            row = (await session.execute(text("SELECT * FROM email_codes"))).one()
        assert not re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", str(row))
        redis = app.state.redis
        found = [str(key) + str(await _content(redis, key)) async for key in redis.scan_iter(match="*", count=1000)]
        assert any("auth.send_code" in content for content in found)
        assert not any(code in content or MAIL in content for content in found)

    def test_codes_are_spread_evenly(self, keyring: Keyring) -> None:
        made = [codes.derive(keyring, new_id(), MAIL) for _ in range(6000)]
        assert all(re.fullmatch(r"\d{6}", code) for code in made)
        for place in range(6):
            digits = Counter(code[place] for code in made)
            assert len(digits) == 10
            assert max(digits.values()) < 750
            assert min(digits.values()) > 450

    def test_a_code_belongs_to_its_row_its_address_and_this_server(self, keyring: Keyring, settings: Settings) -> None:
        row = UUID("01a20dda-a129-7690-a117-a0e913f0607a")
        mine = codes.derive(keyring, row, MAIL)
        assert mine == codes.derive(keyring, row, MAIL)
        other = Keyring(settings.model_copy(update={"SECRET_KEY": type(settings.SECRET_KEY)("another" * 6)}))
        assert len({mine, codes.derive(keyring, row, "b@example.com"), codes.derive(other, row, MAIL)}) == 3


async def _content(redis: Any, key: bytes) -> Any:
    kind = (await redis.type(key)).decode()
    if kind == "stream":
        return await redis.xrange(key)
    if kind == "hash":
        return await redis.hgetall(key)
    if kind == "zset":
        return await redis.zrange(key, 0, -1)
    if kind == "list":
        return await redis.lrange(key, 0, -1)
    return await redis.smembers(key) if kind == "set" else await redis.get(key)


class TestTrying:
    async def test_a_wrong_code_counts_and_says_how_many_tries_are_left(
        self, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        code = await ask_for_code()
        for left in (4, 3, 2, 1):
            answer = await verify(wrong(code))
            assert_refused(answer, 400, WRONG)
            assert str(left) in answer.json()["message"]
        assert_refused(await verify(wrong(code)), 400, EXPIRED)
        # Now the right one does not help either.
        assert_refused(await verify(code), 400, EXPIRED)
        assert await count(User) == 0

    async def test_the_fifth_try_may_be_the_right_one(self, ask_for_code: AskForCode, verify: Verify) -> None:
        code = await ask_for_code()
        for _ in range(4):
            await verify(wrong(code))
        assert (await verify(code)).status_code == 200

    async def test_guessing_in_parallel_gets_five_tries_too(
        self, ask_for_code: AskForCode, verify: Verify, database: Database
    ) -> None:
        code = await ask_for_code()
        answers = await asyncio.gather(*(verify(wrong(code)) for _ in range(40)))
        assert Counter(answer.json()["code"] for answer in answers) == {WRONG: 4, EXPIRED: 36}
        async with database.read() as session:
            assert await session.scalar(select(EmailCode.tries)) == 5
        assert_refused(await verify(code), 400, EXPIRED)

    async def test_a_code_works_once(self, ask_for_code: AskForCode, verify: Verify) -> None:
        code = await ask_for_code()
        assert (await verify(code)).status_code == 200
        assert_refused(await verify(code), 400, EXPIRED)

    async def test_a_code_works_once_for_many_at_once(
        self, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        code = await ask_for_code()
        answers = await asyncio.gather(*(verify(code) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
        assert await count(User) == 1

    async def test_a_code_ends_after_ten_minutes(
        self, ask_for_code: AskForCode, verify: Verify, database: Database
    ) -> None:
        code = await ask_for_code()
        async with database.transaction() as session:
            left = await session.scalar(select(EmailCode.expires_at - func.now()))
            assert left is not None
            assert 590 < left.total_seconds() <= 600
            await session.execute(update(EmailCode).values(expires_at=func.now()))
        assert_refused(await verify(code), 400, EXPIRED)

    async def test_a_newer_code_replaces_the_older(
        self, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        older = await ask_for_code()
        newer = await ask_for_code()
        assert await count(EmailCode) == 1
        if older != newer:
            assert_refused(await verify(older), 400, WRONG)
        assert (await verify(newer)).status_code == 200

    async def test_a_code_is_for_one_address(self, ask_for_code: AskForCode, verify: Verify) -> None:
        code, other = await ask_for_code(), await ask_for_code("b@example.com")
        assert code != other
        assert_refused(await verify(code, "b@example.com"), 400, WRONG)

    async def test_without_a_code_nothing_is_told(self, ask_for_code: AskForCode, verify: Verify) -> None:
        assert (await verify(await ask_for_code())).status_code == 200
        known, unknown = await verify("123456"), await verify("123456", "stranger@example.com")
        assert known.json() == unknown.json()
        assert_refused(known, 400, EXPIRED)

    async def test_the_address_may_be_written_otherwise(self, ask_for_code: AskForCode, verify: Verify) -> None:
        code = await ask_for_code()
        assert (await verify(code, " SomeBody@EXAMPLE.com")).status_code == 200

    async def test_what_is_no_code_is_refused_and_costs_no_try(
        self, client: httpx.AsyncClient, ask_for_code: AskForCode, database: Database
    ) -> None:
        await ask_for_code()
        for code in NO_CODES:
            body = {"email": MAIL, "code": code, "device_id": device()}
            assert_refused(await client.post("/auth/email/verify", json=body), 422)
        async with database.read() as session:
            assert await session.scalar(select(EmailCode.tries)) == 0
