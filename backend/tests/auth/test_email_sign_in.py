from __future__ import annotations

import asyncio

import httpx
import pytest

from app.auth.models import Device, EmailCode
from app.core.database import Database
from app.points import repository as ledger
from app.points.models import LedgerEntry
from app.users.models import User
from tests.auth.conftest import MAIL, AskForCode, Count, Verify, assert_refused, bearer, device
from tests.conftest import SignIn

pytestmark = pytest.mark.anyio

TAKEN, EXPIRED = 409101, 400102


async def account(client: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, object]:
    answer = await client.get("/user/profile", headers=headers)
    assert answer.status_code == 200, answer.text
    data: dict[str, object] = answer.json()["data"]
    return data


class TestSigningIn:
    async def test_on_a_new_device_with_a_new_address(
        self, client: httpx.AsyncClient, sign_in: SignIn, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        mine = device()
        answer = await verify(await ask_for_code(), device_id=mine)
        user = answer.json()["data"]["user"]
        assert user["email"] == MAIL
        assert user["points_balance"] == 100
        assert await account(client, bearer(answer)) == user
        assert await account(client, await sign_in(mine)) == user
        assert await count(User) == await count(Device) == await count(LedgerEntry) == 1

    async def test_the_devices_own_account_gets_the_address(
        self, client: httpx.AsyncClient, sign_in: SignIn, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        mine = device()
        before = await account(client, await sign_in(mine))
        answer = await verify(await ask_for_code(), device_id=mine)
        assert answer.json()["data"]["user"] == before | {"email": MAIL}
        assert await count(User) == 1

    async def test_on_a_second_device_to_the_same_account(
        self, client: httpx.AsyncClient, sign_in: SignIn, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        first, second = device(), device()
        one = await verify(await ask_for_code(), device_id=first)
        two = await verify(await ask_for_code(), device_id=second)
        assert one.json()["data"]["user"] == two.json()["data"]["user"]
        assert await account(client, await sign_in(first)) == await account(client, await sign_in(second))
        assert await count(User) == 1
        assert await count(Device) == 2

    async def test_a_device_with_an_account_of_its_own_is_moved(
        self, client: httpx.AsyncClient, sign_in: SignIn, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        owner = await verify(await ask_for_code())
        mine = device()
        old_headers = await sign_in(mine)
        old = await account(client, old_headers)
        moved = await verify(await ask_for_code(), device_id=mine)
        assert moved.json()["data"]["user"] == owner.json()["data"]["user"]
        assert await account(client, await sign_in(mine)) == owner.json()["data"]["user"]
        # Nothing is merged, so that welcome points do not add up; the old account's token still opens it.
        assert moved.json()["data"]["user"]["points_balance"] == 100
        assert await account(client, old_headers) == old
        assert await count(User) == await count(Device) == 2

    async def test_an_account_with_an_address_is_not_given_another_one_without_a_token(
        self, client: httpx.AsyncClient, sign_in: SignIn, ask_for_code: AskForCode, verify: Verify
    ) -> None:
        shared = device()
        first = await verify(await ask_for_code(), device_id=shared)
        second = await verify(await ask_for_code("other@example.com"), "other@example.com", shared)
        assert second.json()["data"]["user"]["id"] != first.json()["data"]["user"]["id"]
        assert (await account(client, bearer(first)))["email"] == MAIL
        assert (await account(client, await sign_in(shared)))["email"] == "other@example.com"

    async def test_many_at_once_with_codes_of_one_address(
        self, ask_for_code: AskForCode, verify: Verify, count: Count, database: Database
    ) -> None:
        code = await ask_for_code()
        answers = await asyncio.gather(*(verify(code, device_id=device()) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
        assert await count(User) == await count(Device) == 1
        async with database.read() as session:
            assert await ledger.list_differences(session) == []

    async def test_by_address_and_by_device_at_once(
        self, client: httpx.AsyncClient, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        for number in range(5):
            mine, email = device(), f"someone{number}@example.com"
            code = await ask_for_code(email)
            by_device = [client.post("/auth/login", json={"device_id": mine}) for _ in range(4)]
            answers = await asyncio.gather(verify(code, email, mine), *by_device)
            assert [answer.status_code for answer in answers] == [200] * 5
            assert len({answer.json()["data"]["user"]["id"] for answer in answers}) == 1
        assert await count(User) == await count(Device) == await count(LedgerEntry) == 5


class TestBinding:
    async def test_the_calling_account_gets_the_address(
        self,
        client: httpx.AsyncClient,
        headers: dict[str, str],
        ask_for_code: AskForCode,
        verify: Verify,
        count: Count,
    ) -> None:
        before = await account(client, headers)
        answer = await verify(await ask_for_code(), headers=headers)
        assert answer.json()["data"]["user"] == before | {"email": MAIL}
        assert await account(client, bearer(answer)) == before | {"email": MAIL}
        # The device in the request is nobody's business here.
        assert await count(User) == await count(Device) == 1

    async def test_another_device_then_signs_in_by_the_address(
        self, client: httpx.AsyncClient, headers: dict[str, str], ask_for_code: AskForCode, verify: Verify
    ) -> None:
        await verify(await ask_for_code(), headers=headers)
        other = await verify(await ask_for_code())
        assert other.json()["data"]["user"] == await account(client, headers)

    async def test_a_new_address_replaces_the_old_one_which_is_free_then(
        self, client: httpx.AsyncClient, headers: dict[str, str], ask_for_code: AskForCode, verify: Verify
    ) -> None:
        await verify(await ask_for_code(), headers=headers)
        await verify(await ask_for_code("new@example.com"), "new@example.com", headers=headers)
        assert (await account(client, headers))["email"] == "new@example.com"
        other = await verify(await ask_for_code())
        assert other.json()["data"]["user"]["id"] != (await account(client, headers))["id"]

    async def test_the_same_address_again_changes_nothing(
        self, client: httpx.AsyncClient, headers: dict[str, str], ask_for_code: AskForCode, verify: Verify
    ) -> None:
        await verify(await ask_for_code(), headers=headers)
        assert (await verify(await ask_for_code(), headers=headers)).status_code == 200
        assert (await account(client, headers))["email"] == MAIL

    async def test_an_address_of_somebody_else(
        self, client: httpx.AsyncClient, headers: dict[str, str], ask_for_code: AskForCode, verify: Verify
    ) -> None:
        owner = await verify(await ask_for_code())
        code = await ask_for_code()
        english = {"Accept-Language": "en"}
        answer = await verify(code, headers=headers | english)
        assert_refused(answer, 409, TAKEN)
        assert "another account" in answer.json()["message"]
        assert (await account(client, headers))["email"] is None
        # The code was not used up: it still signs in where the address belongs.
        assert (await verify(code)).json()["data"]["user"]["id"] == owner.json()["data"]["user"]["id"]

    async def test_two_accounts_cannot_get_one_address(
        self, client: httpx.AsyncClient, sign_in: SignIn, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        accounts = [await sign_in(device()) for _ in range(5)]
        code = await ask_for_code()
        answers = await asyncio.gather(*(verify(code, headers=headers) for headers in accounts))
        outcomes = sorted(answer.status_code for answer in answers)
        assert outcomes[0] == 200
        assert set(outcomes[1:]) <= {400, 409}
        assert await count(User, User.email == MAIL) == 1

    async def test_a_token_that_does_not_hold_is_refused_and_not_overlooked(
        self, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        code = await ask_for_code()
        for authorization in ("Bearer a.b.c", "Bearer", "Basic abc", ""):
            assert_refused(await verify(code, headers={"Authorization": authorization}), 401, 401001)
        assert await count(User) == 0
        assert await count(EmailCode, EmailCode.tries == 0) == 1

    async def test_a_deleted_account_gets_nothing(
        self, client: httpx.AsyncClient, headers: dict[str, str], ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        code = await ask_for_code()
        await client.delete("/user", headers=headers)
        assert_refused(await verify(code, headers=headers), 401, 401001)
        assert await count(User, User.email.is_not(None)) == 0

    async def test_binding_while_the_account_is_deleted(
        self, client: httpx.AsyncClient, sign_in: SignIn, ask_for_code: AskForCode, verify: Verify, count: Count
    ) -> None:
        for number in range(6):
            headers, email = await sign_in(device()), f"someone{number}@example.com"
            code = await ask_for_code(email)
            bound, deleted = await asyncio.gather(
                verify(code, email, headers=headers), client.delete("/user", headers=headers)
            )
            assert deleted.status_code == 200
            assert bound.status_code in {200, 401}
        assert await count(User, User.email.is_not(None)) == 0
