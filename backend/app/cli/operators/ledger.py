"""``ledger check``: does every balance, every chain and every task add up?"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import language
from app.cli.failure import BROKEN, tell
from app.cli.options import chosen_lang
from app.cli.texts import text

if TYPE_CHECKING:
    from app.cli.language import Lang
    from app.core.database import Database
    from app.core.settings import Settings
    from app.ops.ledger_check import Difference, LedgerCheck


def check(
    as_json: Annotated[bool, typer.Option("--json", help="help.json")] = False,
    lang: Annotated[str | None, typer.Option("--lang", metavar="metavar.lang", help="help.lang_only")] = None,
) -> int:
    """See ``help.ledger_check`` in texts."""
    from app.cli.operators.installation import with_database
    from app.ops.ledger_check import check_ledger

    spoken = chosen_lang(lang, language.from_environment(os.environ))
    started = time.perf_counter()

    async def run(_: Settings, database: Database) -> LedgerCheck:
        return await check_ledger(database)

    found = with_database(run)
    seconds = time.perf_counter() - started
    if as_json:
        print(json.dumps(_as_data(found, seconds), ensure_ascii=False, indent=2))
    else:
        _print(found, seconds, spoken)
    return 0 if found.adds_up else BROKEN


def _print(found: LedgerCheck, seconds: float, lang: Lang) -> None:
    from app.cli.operators.layout import print_columns

    print(text(lang, "ledger.figures", accounts=found.accounts, balance=found.balance, seconds=f"{seconds:.1f}"))
    print(text(lang, "ledger.entries", entries=found.entries, booked=found.booked))
    kinds = found.kinds.items()
    print_columns([(text(lang, f"kind.{kind}"), str(count), f"{total:+d}") for kind, (count, total) in kinds], (1, 2))
    print(text(lang, "ledger.tasks", tasks=found.tasks))
    statuses = found.statuses.items()
    print_columns([(text(lang, f"status.{name}"), str(count), str(cost)) for name, (count, cost) in statuses], (1, 2))
    if found.adds_up:
        print(text(lang, "ledger.right"))
        return
    tell(text(lang, "ledger.wrong", count=sum(found.counts.values())))
    listed: dict[str, int] = {}
    for difference in found.differences:
        listed[difference.check] = listed.get(difference.check, 0) + 1
        tell(_sentence(difference, lang))
    for check_name, count in found.counts.items():
        if count > listed[check_name]:
            tell(text(lang, "ledger.more", count=count - listed[check_name], what=text(lang, f"check.{check_name}")))


def _sentence(difference: Difference, lang: Lang) -> str:
    return "✗ " + text(
        lang,
        f"differs.{difference.check}",
        user=difference.user_id,
        task=difference.task_id,
        found=difference.found,
        wanted=difference.wanted,
    )


def _as_data(found: LedgerCheck, seconds: float) -> dict[str, object]:
    return {
        "adds_up": found.adds_up,
        "accounts": found.accounts,
        "balance": found.balance,
        "entries": found.entries,
        "booked": found.booked,
        "tasks": found.tasks,
        "by_type": {kind: {"count": count, "amount": total} for kind, (count, total) in found.kinds.items()},
        "by_status": {name: {"count": count, "points": cost} for name, (count, cost) in found.statuses.items()},
        "problems": found.counts,
        "differences": [
            {
                "check": one.check,
                "user_id": None if one.user_id is None else str(one.user_id),
                "task_id": one.task_id,
                "found": one.found,
                "wanted": one.wanted,
            }
            for one in found.differences
        ],
        "seconds": round(seconds, 3),
    }
