"""Does the ledger add up? Every balance, every chain of balances, and every task against its entries.

All of it is asked of one snapshot, by set operations in the database: it may run beside a service that books
all the time, and a million entries take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

if TYPE_CHECKING:
    from uuid import UUID

    from app.core.database import Database, Session

MOST_LISTED: Final = 100
"""How many problems of each kind are named; the others are counted."""

# The joins below hash a million rows, which in the usual 4 MB would go over the disk.
_PREPARE: Final = ("SET TRANSACTION READ ONLY", "SET LOCAL work_mem = '128MB'", "SET LOCAL hash_mem_multiplier = 2")

_COUNTS: Final = """
SELECT (SELECT count(*) FROM point_accounts) AS accounts,
       (SELECT coalesce(sum(balance), 0) FROM point_accounts) AS balance,
       (SELECT count(*) FROM ledger_entries) AS entries,
       (SELECT coalesce(sum(amount), 0) FROM ledger_entries) AS booked,
       (SELECT count(*) FROM emoji_tasks) AS tasks
"""
_KINDS: Final = "SELECT kind, count(*), sum(amount) FROM ledger_entries GROUP BY kind ORDER BY kind"
_STATUSES: Final = "SELECT status, count(*), sum(points_cost) FROM emoji_tasks GROUP BY status ORDER BY status"

_BALANCES: Final = """
SELECT 'balance' AS what, coalesce(a.user_id, s.user_id) AS user_id, NULL AS task_id,
       coalesce(a.balance, 0) AS found, coalesce(s.total, 0) AS wanted
FROM point_accounts a
FULL JOIN (SELECT user_id, sum(amount)::bigint AS total FROM ledger_entries GROUP BY user_id) s USING (user_id)
WHERE coalesce(a.balance, 0) <> coalesce(s.total, 0)
"""

# The entries of an account must join to a chain from 0 to its balance: every balance that an entry leaves is the one
# that another starts from. Counted instead of walked, since no column holds the order in which accounts were locked:
# ids and times come from the clocks of several processes, and two within a millisecond may lie either way.
_CHAINS: Final = """
SELECT 'chain' AS what, user_id, NULL AS task_id, min(value) AS found, max(value) AS wanted
FROM (
  SELECT user_id, value
  FROM (
    SELECT user_id, balance_after AS value, 1 AS side FROM ledger_entries
    UNION ALL SELECT user_id, balance_after - amount, -1 FROM ledger_entries
    UNION ALL SELECT user_id, 0, 1 FROM point_accounts
    UNION ALL SELECT user_id, balance, -1 FROM point_accounts
  ) ends
  GROUP BY user_id, value HAVING sum(side) <> 0
) loose
GROUP BY user_id
"""
_OVERDRAWN: Final = """
SELECT 'overdrawn' AS what, user_id, NULL AS task_id, min(balance_after) AS found, 0 AS wanted
FROM ledger_entries WHERE balance_after < 0 GROUP BY user_id
"""

# Kind and reference are unique together, so there is at most one charge and one refund of a task.
_TASKS: Final = """
WITH charges AS (SELECT * FROM ledger_entries WHERE kind = 'consume' AND reference LIKE 'task:%'),
     refunds AS (SELECT * FROM ledger_entries WHERE kind = 'refund' AND reference LIKE 'task:%'),
     tasks AS (SELECT id, user_id, 'task:' || id AS reference, points_cost AS price,
                      CASE WHEN status IN ('failed', 'cancelled') THEN points_cost ELSE 0 END AS due
               FROM emoji_tasks),
     wrong AS MATERIALIZED (
       SELECT t.id, t.price, t.due, coalesce(-c.amount, 0) AS taken, coalesce(r.amount, 0) AS returned,
              coalesce(t.user_id, c.user_id, r.user_id) AS user_id,
              coalesce(t.reference, c.reference, r.reference) AS reference,
              coalesce(c.user_id <> t.user_id, false) OR coalesce(r.user_id <> t.user_id, false) AS foreign_entry
       FROM tasks t
       FULL JOIN charges c ON c.reference = t.reference
       FULL JOIN refunds r ON r.reference = coalesce(t.reference, c.reference)
       WHERE t.id IS NULL OR c.user_id <> t.user_id OR r.user_id <> t.user_id
          OR coalesce(-c.amount, 0) <> t.price OR coalesce(r.amount, 0) <> t.due
     )
SELECT 'no_task' AS what, user_id, substr(reference, 6) AS task_id, taken - returned AS found, 0 AS wanted
FROM wrong WHERE id IS NULL
UNION ALL SELECT 'wrong_account', user_id, id::text, taken, price FROM wrong WHERE foreign_entry
UNION ALL SELECT 'charge', user_id, id::text, taken, price FROM wrong WHERE taken <> price
UNION ALL SELECT 'refund', user_id, id::text, returned, due FROM wrong WHERE returned <> due
"""
# However much is wrong, only the first of each kind are read.
_FIRST: Final = """
SELECT * FROM (
  SELECT found.*, count(*) OVER kind AS total, row_number() OVER (kind ORDER BY user_id, task_id) AS place
  FROM ({}) found WINDOW kind AS (PARTITION BY what)
) numbered WHERE place <= :most
"""
_CHECKS: Final = (_BALANCES, _CHAINS, _OVERDRAWN, _TASKS)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not add up.

    ``check``: ``balance`` (``found`` in the account, ``wanted`` by its entries), ``chain`` (balances from ``found`` to
    ``wanted`` do not join), ``overdrawn`` (a balance below zero), ``no_task`` (entries of a task that is not there),
    ``wrong_account`` (a task's entries are another account's), ``charge`` (taken for a task, and its price),
    ``refund`` (given back for a task, and what its end asks for).
    """

    check: str
    user_id: UUID | None
    task_id: str | None
    found: int
    wanted: int


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """The figures, and what is wrong with them. ``counts`` has every kind of problem, ``differences`` the first."""

    accounts: int
    balance: int
    entries: int
    booked: int
    tasks: int
    kinds: dict[str, tuple[int, int]]
    statuses: dict[str, tuple[int, int]]
    counts: dict[str, int]
    differences: tuple[Difference, ...]

    @property
    def adds_up(self) -> bool:
        """Whether nothing differs."""
        return not self.counts


async def check_ledger(database: Database) -> LedgerCheck:
    """Compare everything in one snapshot; changes nothing."""
    async with database.transaction() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for statement in _PREPARE:
            await session.execute(text(statement))
        figures = (await session.execute(text(_COUNTS))).one()
        counts: dict[str, int] = {}
        differences: list[Difference] = []
        for statement in _CHECKS:
            for row in await session.execute(text(_FIRST.format(statement)), {"most": MOST_LISTED}):
                counts[row.what] = row.total
                task_id = None if row.task_id is None else str(row.task_id)
                differences.append(Difference(row.what, row.user_id, task_id, int(row.found), int(row.wanted)))
        return LedgerCheck(
            accounts=figures.accounts,
            balance=int(figures.balance),
            entries=figures.entries,
            booked=int(figures.booked),
            tasks=figures.tasks,
            kinds=await _grouped(session, _KINDS),
            statuses=await _grouped(session, _STATUSES),
            counts=counts,
            differences=tuple(differences),
        )


async def _grouped(session: Session, statement: str) -> dict[str, tuple[int, int]]:
    rows: Any = await session.execute(text(statement))
    return {str(name): (int(count), int(total)) for name, count, total in rows}
