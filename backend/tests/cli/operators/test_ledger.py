from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.emoji.tasks.models import TaskStatus
from app.ops.ledger_check import MOST_LISTED, check_ledger
from app.points import service as points
from tests.belongings import add_photo, add_user
from tests.cli.operators.test_task import add_task

if TYPE_CHECKING:
    from app.core.database import Database
    from tests.cli.operators.conftest import Operate


async def run(database: Database, statement: str, **values: Any) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement), values)


async def add_users(database: Database, count: int) -> None:
    statement = "INSERT INTO users (id, nickname, is_superuser) SELECT gen_random_uuid(), 'x', false"
    await run(database, f"{statement} FROM generate_series(1, :count)", count=count)


async def live(database: Database) -> tuple[UUID, list[UUID]]:
    """An account with a task that waits, one that is done, and one that failed and was given back."""
    user_id = await add_user(database)
    photo_id = await add_photo(database, user_id)
    statuses = (TaskStatus.PENDING, TaskStatus.COMPLETED, TaskStatus.FAILED)
    tasks = [await add_task(database, user_id, photo_id, status=status) for status in statuses]
    async with database.transaction() as session:
        await points.give_back(session, user_id, 10, f"task:{tasks[-1]}")
    return user_id, tasks


async def test_one_that_adds_up(operate: Operate, database: Database) -> None:
    await live(database)
    await add_user(database, 7)
    said = await operate("ledger", "check", "--lang", "en")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("2 accounts with 87 points in all; checked in ")
    assert lines[1] == "6 ledger entries that sum up to 87"
    assert [line.split() for line in lines[2:5]] == [
        ["adjust", "2", "+107"],
        ["consume", "3", "-30"],
        ["refund", "1", "+10"],
    ]
    assert lines[-1] == "Everything adds up."
    told = json.loads((await operate("ledger", "check", "--json")).out)
    assert (told["adds_up"], told["balance"], told["problems"]) == (True, 87, {})
    assert told["by_status"]["failed"] == {"count": 1, "points": 10}


async def test_an_empty_one(operate: Operate) -> None:
    said = await operate("ledger", "check")
    assert (said.code, said.err) == (0, "")
    assert "没有出入" in said.out


@pytest.mark.parametrize(
    ("tampering", "problems"),
    [
        ("UPDATE point_accounts SET balance = balance + 1", {"balance": 1, "chain": 1}),
        ("DELETE FROM point_accounts", {"balance": 1, "chain": 1}),
        ("UPDATE ledger_entries SET balance_after = 85 WHERE balance_after = 90", {"chain": 1}),
        (
            "UPDATE ledger_entries SET balance_after = -5 WHERE balance_after = 90",
            {"chain": 1, "overdrawn": 1},
        ),
        ("DELETE FROM ledger_entries WHERE kind = 'refund'", {"balance": 1, "chain": 1, "refund": 1}),
        ("UPDATE emoji_tasks SET status = 'cancelled' WHERE status = 'pending'", {"refund": 1}),
        ("UPDATE emoji_tasks SET status = 'completed' WHERE status = 'failed'", {"refund": 1}),
        ("UPDATE emoji_tasks SET points_cost = 11 WHERE status = 'completed'", {"charge": 1}),
        ("DELETE FROM emoji_tasks WHERE status IN ('completed', 'failed')", {"no_task": 2}),
        ("UPDATE ledger_entries SET reference = 'task:' WHERE kind = 'refund'", {"no_task": 1, "refund": 1}),
    ],
)
async def test_what_differs_is_found(
    operate: Operate, database: Database, tampering: str, problems: dict[str, int]
) -> None:
    await live(database)
    await run(database, tampering)
    said = await operate("ledger", "check", "--json")
    assert said.code == 1
    told = json.loads(said.out)
    assert told["problems"] == problems
    assert sorted({one["check"] for one in told["differences"]}) == sorted(problems)
    for lang in ("zh", "en"):
        spoken = await operate("ledger", "check", "--lang", lang)
        assert spoken.code == 1
        assert spoken.err.count("✗") == sum(problems.values())


async def test_entries_of_another_account(database: Database) -> None:
    user_id, tasks = await live(database)
    other = await add_user(database, 50)
    await run(
        database,
        "UPDATE ledger_entries SET user_id = :other WHERE kind = 'consume' AND reference = :reference",
        other=other,
        reference=f"task:{tasks[0]}",
    )
    found = await check_ledger(database)
    assert [(one.task_id, one.user_id) for one in found.differences if one.check == "wrong_account"] == [
        (str(tasks[0]), user_id)
    ]


async def test_many_differences_are_counted_and_the_first_are_named(operate: Operate, database: Database) -> None:
    count = MOST_LISTED + 5
    await add_users(database, count)
    await run(database, "INSERT INTO point_accounts (user_id, balance) SELECT id, 3 FROM users")
    said = await operate("ledger", "check", "--lang", "en")
    assert said.code == 1
    assert said.err.startswith(f"{2 * count} things differ:\n")
    assert "  and 5 more: balance and entries\n" in said.err


async def test_it_changes_nothing_and_holds_nobody_up(database: Database) -> None:
    user_id, _ = await live(database)
    async with database.transaction() as session:
        await points.take(session, user_id, 1, "task:open")
        found = await check_ledger(database)  # beside a transaction that holds the account's row
        assert found.adds_up
        await session.rollback()


async def test_many_entries_are_quick(database: Database) -> None:
    await add_users(database, 500)
    await run(database, "INSERT INTO point_accounts (user_id, balance) SELECT id, 100 FROM users")
    await run(
        database,
        """INSERT INTO ledger_entries (id, user_id, kind, reference, amount, balance_after)
           SELECT gen_random_uuid(), id, 'reward', 'many:' || id || n, 1, n FROM users, generate_series(1, 100) n""",
    )
    started = time.perf_counter()
    found = await check_ledger(database)
    assert (found.adds_up, found.entries) == (True, 50_000)
    assert time.perf_counter() - started < 5  # about 0.15 s alone; the machine runs other tests
