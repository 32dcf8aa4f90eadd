"""Points over HTTP."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import SignIn


async def test_a_new_account_has_its_welcome_points(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.get("/points/balance", headers=headers)
    assert answer.json() == {"code": 0, "message": "success", "data": {"balance": 100}}


async def test_the_ledger_is_listed_newest_first(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.get("/points/transactions", headers=headers)
    listing = answer.json()["data"]
    assert listing["count"] == 1
    [entry] = listing["data"]
    assert (entry["type"], entry["amount"], entry["balance_after"]) == ("reward", 100, 100)
    assert entry["reference"].startswith("welcome:")
    assert entry["created_at"].endswith("Z")


@pytest.mark.parametrize("path", ["/points/balance", "/points/transactions"])
async def test_strangers_see_nothing(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 401
    assert answer.json()["code"] == 401001


async def test_others_see_their_own(client: httpx.AsyncClient, headers: dict[str, str], sign_in: SignIn) -> None:
    other = await sign_in("another-device-of-a-test")
    mine, theirs = [
        (await client.get("/points/transactions", headers=who)).json()["data"]["data"][0]["reference"]
        for who in (headers, other)
    ]
    assert mine != theirs


@pytest.mark.parametrize("query", ["page=0", "page=1000000000000000000", "page=-1", "page_size=101", "page=x"])
async def test_fault_30_page_numbers_out_of_range_are_told(
    client: httpx.AsyncClient, headers: dict[str, str], query: str
) -> None:
    answer = await client.get(f"/points/transactions?{query}", headers=headers)
    assert answer.status_code == 422
    assert answer.json()["code"] // 1000 == 422
