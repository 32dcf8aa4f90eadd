from __future__ import annotations

from typing import Any

import asyncpg  # type: ignore[import-untyped]
import httpx
import pytest

from app.users.models import EMAIL_LENGTH, NICKNAME_LENGTH, User
from tests.users.conftest import Count, assert_refused

pytestmark = pytest.mark.anyio

NAMES: list[str] = [
    "a",
    "雨" * 40,
    "👩‍👩‍👧‍👦",
    "Zoë",
    "Zoe\u0308",
    "O'Brien; DROP TABLE users",
    "<b>x</b>",
    "{nickname}",
]
NO_NAMES: list[Any] = [
    "",
    "   ",
    "\u3000",
    "\u200b",
    "\u200d\ufe0f",
    "a\nb",
    "a\tb",
    "a\0b",
    "a\x1b[31mb",
    "a\u2028b",
    "a\u202eb",
    "a\u2066b",
    None,
    7,
    ["a"],
    {"a": 1},
]
NO_BODIES: list[bytes] = [b"{}", b"[]", b"null", b"7", b"{", b"", b"\xff", b'{"nickname": "\xff"}', b"[" * 50_000]


async def rename(client: httpx.AsyncClient, headers: dict[str, str], nickname: Any) -> httpx.Response:
    return await client.put("/user/profile", json={"nickname": nickname}, headers=headers)


async def test_the_profile_is_what_signing_in_showed(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.get("/user/profile", headers=headers)
    assert answer.json()["code"] == 0
    profile = answer.json()["data"]
    assert set(profile) == {"id", "nickname", "email", "points_balance", "created_at"}
    assert profile["points_balance"] == 100


async def test_the_profile_costs_one_statement(
    client: httpx.AsyncClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    fetch = asyncpg.Connection.fetch

    async def noted(connection: Any, sql: str, *arguments: Any) -> Any:
        statements.append(sql)
        return await fetch(connection, sql, *arguments)

    monkeypatch.setattr(asyncpg.Connection, "fetch", noted)
    await client.get("/user/profile", headers=headers)
    assert len(statements) == 1


async def test_a_new_nickname(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    before = (await client.get("/user/profile", headers=headers)).json()["data"]
    answer = await rename(client, headers, "  小雨 🐱 ")
    assert answer.json()["data"] == before | {"nickname": "小雨 🐱"}
    assert (await client.get("/user/profile", headers=headers)).json() == answer.json()


async def test_names_that_people_have(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for nickname in NAMES:
        answer = await rename(client, headers, nickname)
        assert answer.status_code == 200, nickname
        assert answer.json()["data"]["nickname"] == nickname.replace("Zoe\u0308", "Zoë")


async def test_names_that_nobody_has(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    before = (await client.get("/user/profile", headers=headers)).json()
    for nickname in NO_NAMES:
        assert_refused(await rename(client, headers, nickname), 422)
    assert (await client.get("/user/profile", headers=headers)).json() == before


async def test_half_a_surrogate_pair_is_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for body in (rb'{"nickname": "\ud800"}', rb'{"nickname": "a\udc00b"}'):
        answer = await client.put("/user/profile", content=body, headers=headers | {"Content-Type": "application/json"})
        assert_refused(answer, 422)


@pytest.mark.parametrize("length", [NICKNAME_LENGTH + 1, 200, 201, 4096, 4097, 60_000])
async def test_fault_13_a_nickname_longer_than_its_column(
    client: httpx.AsyncClient, headers: dict[str, str], length: int
) -> None:
    before = (await client.get("/user/profile", headers=headers)).json()
    english = headers | {"Accept-Language": "en"}
    answer = await rename(client, english, "x" * length)
    assert_refused(answer, 422)
    assert answer.json()["data"][0]["field"] == "nickname"
    assert (await client.get("/user/profile", headers=headers)).json() == before


@pytest.mark.parametrize("length", [EMAIL_LENGTH + 1, 4097, 60_000])
async def test_fault_13_an_address_longer_than_its_column(client: httpx.AsyncClient, count: Count, length: int) -> None:
    email = "a@" + "b." * ((length - 6) // 2) + "com"
    answer = await client.post("/auth/email/code", json={"email": email.rjust(length, "c")})
    assert_refused(answer, 422)
    assert await count(User) == 0


async def test_bodies_that_are_none(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for body in NO_BODIES:
        answer = await client.put("/user/profile", content=body, headers=headers | JSON)
        assert answer.status_code in {400, 422}, body[:40]
        assert_refused(answer, answer.status_code)


async def test_fault_30_nothing_that_a_string_can_hold_is_a_500(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    awkward = [
        "\0",
        "\ud800",
        "\udfff\ud800",
        "1" + "0" * 30,
        "\x7f",
        "\ufffe",
        "\U0010ffff",
        "é" * 4096,
        "%00",
        "'",
        '"',
    ]
    device_id = "device-of-a-fault-0000"
    for text in awkward:
        bodies: list[tuple[str, str, dict[str, Any]]] = [
            ("PUT", "/user/profile", {"nickname": text}),
            ("POST", "/auth/login", {"device_id": text}),
            ("POST", "/auth/login", {"device_id": text + device_id}),
            ("POST", "/auth/email/code", {"email": text}),
            ("POST", "/auth/email/code", {"email": f"{text}@example.com"}),
            ("POST", "/auth/email/code", {"email": f"a@{text}.com"}),
            ("POST", "/auth/email/verify", {"email": "a@example.com", "code": text, "device_id": device_id}),
            ("POST", "/auth/email/verify", {"email": text, "code": "123456", "device_id": text}),
            ("POST", "/utils/test-email", {"email": text}),
        ]
        for method, path, content in bodies:
            answer = await client.request(method, path, content=_json(content), headers=headers | JSON)
            assert answer.status_code < 500, (method, path, text.encode("unicode_escape"))
            assert set(answer.json()) == {"code", "message", "data"}
    numbers = [10**12, 10**18, 10**30, -1, 1e308, True]
    for number in numbers:
        answer = await client.put("/user/profile", content=_json({"nickname": number}), headers=headers | JSON)
        assert_refused(answer, 422)


JSON = {"Content-Type": "application/json"}


def _json(content: Any) -> bytes:
    """JSON in which lone surrogates stand as escapes, as they come over the wire."""
    import json

    return json.dumps(content).encode()
