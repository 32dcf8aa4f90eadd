from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import select

from app.points.models import LedgerEntry
from app.users import repository as users
from tests.belongings import add_user, assert_ledger_adds_up, entries, get_balance

if TYPE_CHECKING:
    from app.core.database import Database
    from tests.cli.operators.conftest import Operate


async def bind(database: Database, user_id: UUID, email: str) -> None:
    async with database.transaction() as session:
        await users.set_email(session, user_id, email)


class TestGrant:
    async def test_gives_points_under_a_reference_of_its_own(self, operate: Operate, database: Database) -> None:
        user_id = await add_user(database, 100)
        said = await operate("user", "grant", user_id, 500, "--note", "for a  broken photo")
        assert (said.code, said.err) == (0, "")
        first, second = said.out.splitlines()
        assert first == f"Test ({user_id})：100 → 600 积分（+500）"
        assert await get_balance(database, user_id) == 600
        async with database.read() as session:
            entry = await session.scalar(select(LedgerEntry).where(LedgerEntry.reference.like("grant:%")))
        assert entry is not None
        assert (entry.kind, entry.amount, entry.note) == ("reward", 500, "for a broken photo")
        assert second == f"  流水：{entry.reference}"
        await assert_ledger_adds_up(database)

    async def test_every_grant_counts(self, operate: Operate, database: Database) -> None:
        user_id = await add_user(database, 0 + 1)
        for _ in range(2):
            assert (await operate("user", "grant", user_id, 5)).code == 0
        assert await get_balance(database, user_id) == 11

    async def test_takes_points_down_to_none(self, operate: Operate, database: Database) -> None:
        user_id = await add_user(database, 30)
        said = await operate("user", "grant", user_id, -31, "--lang", "en")
        assert said.code == 2
        assert said.err == "31 points cannot be taken: the account has 30\n"
        assert await get_balance(database, user_id) == 30
        said = await operate("user", "grant", user_id, "-30", "--lang", "en")
        assert said.out.startswith(f"Test ({user_id}): 30 → 0 points (-30)")
        assert [(kind, amount) for kind, _, amount in await entries(database, user_id)] == [("adjust", -30)]

    async def test_by_e_mail_however_it_is_written(self, operate: Operate, database: Database) -> None:
        user_id = await add_user(database, 1)
        await bind(database, user_id, "ann@example.com")
        said = await operate("user", "grant", " Ann@Example.COM", 9, "--json")
        told = json.loads(said.out)
        assert (told["user_id"], told["before"], told["after"]) == (str(user_id), 1, 10)
        assert told["reference"].startswith("grant:")

    @pytest.mark.parametrize(
        "wanted", ["nobody@example.com", "nonsense", "01a20e06-9762-76e6-b122-0338c4293ab2", "a\0b"]
    )
    async def test_an_unknown_account(self, operate: Operate, wanted: str) -> None:
        said = await operate("user", "grant", wanted, 5)
        assert said.code == 2
        assert said.err.startswith("没有这个账号：")

    async def test_a_deleted_account(self, operate: Operate, database: Database) -> None:
        user_id = await add_user(database, 1)
        async with database.transaction() as session:
            await users.erase(session, user_id)
        said = await operate("user", "grant", user_id, 5, "--lang", "en")
        assert (said.code, said.err) == (2, f"The account {user_id} was deleted\n")

    @pytest.mark.parametrize("points", ["0", "many", "1.5", "1e3", "10000000000", ""])
    async def test_points_that_are_none(self, operate: Operate, database: Database, points: str) -> None:
        user_id = await add_user(database, 1)
        said = await operate("user", "grant", user_id, points)
        assert said.code == 2
        assert said.err.startswith("积分要写一个不为 0 的整数")
        assert await get_balance(database, user_id) == 1

    async def test_a_note_that_is_too_long(self, operate: Operate, database: Database) -> None:
        said = await operate("user", "grant", await add_user(database, 1), 5, "--note", "x" * 201, "--lang", "en")
        assert (said.code, said.err) == (2, "A note has at most 200 characters that can be seen\n")


class TestShow:
    async def test_for_people(self, operate: Operate, database: Database) -> None:
        user_id = await add_user(database, 100)
        await bind(database, user_id, "ann@example.com")
        said = await operate("user", "show", "ann@example.com", "--lang", "en")
        assert (said.code, said.err) == (0, "")
        lines = said.out.splitlines()
        assert lines[0] == f"Account {user_id}"
        assert "  points     100" in lines
        assert "  e-mail     ann@example.com" in lines
        assert "adjust  +100  → 100  test:" in lines[-1]

    async def test_for_programs(self, operate: Operate, database: Database) -> None:
        user_id = await add_user(database, 100)
        told = json.loads((await operate("user", "show", user_id, "--json")).out)
        assert (told["id"], told["points_balance"], told["deleted_at"]) == (str(user_id), 100, None)
        assert [entry["amount"] for entry in told["latest_entries"]] == [100]

    async def test_a_deleted_account_is_shown_by_its_id(self, operate: Operate, database: Database) -> None:
        user_id = await add_user(database, 100)
        async with database.transaction() as session:
            await users.erase(session, user_id)
        said = await operate("user", "show", user_id)
        assert said.code == 0
        assert "  删除" in said.out
