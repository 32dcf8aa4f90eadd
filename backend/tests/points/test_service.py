"""The ledger under normal use and under a crowd."""

from __future__ import annotations

import asyncio

import pytest

from app.core.database import Database
from app.core.ids import new_id
from app.points import repository, service
from app.points.exceptions import InsufficientPoints
from app.points.models import EntryKind
from tests.belongings import add_user, assert_ledger_adds_up, entries, get_balance


class TestTake:
    async def test_takes_points_and_writes_an_entry(self, database: Database) -> None:
        user = await add_user(database, 100)
        async with database.transaction() as session:
            await service.take(session, user, 30, "task:a")
        assert await get_balance(database, user) == 70
        assert await entries(database, user) == [("consume", "task:a", -30)]

    async def test_refuses_what_the_balance_does_not_cover(self, database: Database) -> None:
        user = await add_user(database, 5)
        with pytest.raises(InsufficientPoints) as refusal:
            async with database.transaction() as session:
                await service.take(session, user, 6, "task:a")
        assert refusal.value.params == {"cost": 6, "balance": 5}
        assert await get_balance(database, user) == 5

    async def test_costs_nothing_when_it_is_free(self, database: Database) -> None:
        user = await add_user(database, 5)
        async with database.transaction() as session:
            await service.take(session, user, 0, "task:a")
        assert await entries(database, user) == []

    async def test_a_rollback_takes_entry_and_charge_back(self, database: Database) -> None:
        user = await add_user(database, 50)

        async def charge_and_fail() -> None:
            async with database.transaction() as session:
                await service.take(session, user, 30, "task:a")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await charge_and_fail()
        assert await get_balance(database, user) == 50
        assert await entries(database, user) == []

    async def test_a_crowd_never_overdraws(self, database: Database) -> None:
        user = await add_user(database, 100)

        async def charge(number: int) -> bool:
            try:
                async with database.transaction() as session:
                    await service.take(session, user, 10, f"task:{number}")
            except InsufficientPoints:
                return False
            return True

        assert sum(await asyncio.gather(*(charge(number) for number in range(32)))) == 10
        assert await get_balance(database, user) == 0
        await assert_ledger_adds_up(database)


class TestAdd:
    async def test_counts_the_same_reference_once(self, database: Database) -> None:
        user = await add_user(database, 0)

        async def book() -> bool:
            async with database.transaction() as session:
                return await service.add(session, user, 7, EntryKind.REWARD, "welcome:x")

        assert sorted(await asyncio.gather(*(book() for _ in range(12)))) == [False] * 11 + [True]
        assert await get_balance(database, user) == 7

    async def test_a_refund_and_a_charge_of_one_task_are_two_things(self, database: Database) -> None:
        user = await add_user(database, 10)
        async with database.transaction() as session:
            await service.take(session, user, 10, "task:a")
            assert await service.give_back(session, user, 10, "task:a")
            assert not await service.give_back(session, user, 10, "task:a")
        assert await get_balance(database, user) == 10
        await assert_ledger_adds_up(database)

    async def test_never_leaves_less_than_nothing(self, database: Database) -> None:
        user = await add_user(database, 5)
        with pytest.raises(InsufficientPoints):
            async with database.transaction() as session:
                await service.add(session, user, -6, EntryKind.ADJUST, "grant:x")


async def test_differences_are_found(database: Database) -> None:
    user = await add_user(database, 10)
    async with database.transaction() as session:
        await repository.move(session, user, 3)
    async with database.read() as session:
        assert await repository.list_differences(session) == [(user, 13, 10)]


async def test_no_account_is_an_empty_one(database: Database) -> None:
    assert await get_balance(database, new_id()) == 0
