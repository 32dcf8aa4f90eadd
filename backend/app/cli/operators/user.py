"""``user``: look an account up, give it points or take some."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli import language
from app.cli.failure import Failure
from app.cli.options import chosen_lang
from app.cli.texts import text

if TYPE_CHECKING:
    from app.cli.language import Lang
    from app.core.database import Database
    from app.core.settings import Settings
    from app.ops.account_record import AccountRecord, Grant
    from app.users.models import User

MOST_POINTS: Final = 1_000_000_000
_LONGEST_NOTE: Final = 200


def show(
    user: Annotated[str, typer.Argument(metavar="metavar.user", help="help.user_name", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="help.json")] = False,
    lang: Annotated[str | None, typer.Option("--lang", metavar="metavar.lang", help="help.lang_only")] = None,
) -> int:
    """See ``help.user_show`` in texts."""
    from app.cli.operators.installation import with_database
    from app.ops.account_record import read_account

    spoken = chosen_lang(lang, language.from_environment(os.environ))

    async def read(_: Settings, database: Database) -> AccountRecord:
        async with database.read() as session:
            return await read_account(session, await _find(session, user))

    record = with_database(read)
    if as_json:
        print(json.dumps(_as_data(record), ensure_ascii=False, indent=2))
    else:
        _print(record, spoken)
    return 0


def grant(
    user: Annotated[str, typer.Argument(metavar="metavar.user", help="help.user_name", show_default=False)],
    points: Annotated[str, typer.Argument(metavar="metavar.points", help="help.points", show_default=False)],
    note: Annotated[str | None, typer.Option("--note", metavar="metavar.text", help="help.note")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.json")] = False,
    lang: Annotated[str | None, typer.Option("--lang", metavar="metavar.lang", help="help.lang_only")] = None,
) -> int:
    """See ``help.user_grant`` in texts."""
    from app.cli.operators.installation import with_database
    from app.ops import account_record
    from app.points.exceptions import InsufficientPoints

    spoken = chosen_lang(lang, language.from_environment(os.environ))
    amount = _chosen_points(points)
    written = _chosen_note(note)

    async def book(_: Settings, database: Database) -> tuple[User, Grant]:
        async with database.transaction() as session:
            found = await _find(session, user)
            booked = await account_record.grant(session, found.id, amount, written)
            if booked is None:
                raise Failure("user_deleted", user=user)
            return found, booked

    try:
        found, booked = with_database(book)
    except InsufficientPoints as error:
        raise Failure("grant_overdraws", wanted=-amount, balance=error.params["balance"]) from None
    if as_json:
        facts = {"user_id": str(found.id), "amount": amount, "reference": booked.reference, "note": written}
        print(json.dumps({**facts, "before": booked.before, "after": booked.after}, ensure_ascii=False, indent=2))
    else:
        who = f"{found.nickname} ({found.id})"
        print(text(spoken, "granted", who=who, amount=f"{amount:+d}", before=booked.before, after=booked.after))
        print("  " + text(spoken, "granted.reference", reference=booked.reference))
    return 0


async def _find(session: Any, wanted: str) -> User:
    from app.ops.account_record import find_user

    found = await find_user(session, wanted.strip())
    if found is None:
        raise Failure("user_unknown", user=wanted)
    return found


def _chosen_points(given: str) -> int:
    try:
        amount = int(given)
    except ValueError:
        amount = 0
    if amount == 0 or abs(amount) > MOST_POINTS:
        raise Failure("points_wrong", got=given, most=MOST_POINTS)
    return amount


def _chosen_note(given: str | None) -> str | None:
    if given is None or not given.strip():
        return None
    note = " ".join(given.split())
    if len(note) > _LONGEST_NOTE or not note.isprintable():
        raise Failure("note_wrong", most=_LONGEST_NOTE)
    return note


def _print(record: AccountRecord, lang: Lang) -> None:
    from app.cli.operators.layout import print_entries, print_pairs, spoken_time

    user = record.user
    tasks = "  ".join(f"{text(lang, f'status.{status}')} {count}" for status, count in record.tasks.items())
    pairs = [
        (text(lang, "label.nickname"), user.nickname or "—"),
        (text(lang, "label.email"), user.email or "—"),
        (text(lang, "label.points"), str(record.balance)),
        (text(lang, "label.created"), spoken_time(user.created_at)),
        (text(lang, "label.devices"), str(record.devices)),
        (text(lang, "label.photos"), str(record.photos)),
        (text(lang, "label.tasks"), tasks or "0"),
        (text(lang, "label.last_task"), spoken_time(record.last_task_at)),
    ]
    if user.is_superuser:
        pairs.append((text(lang, "label.rights"), text(lang, "superuser")))
    if user.deleted_at is not None:
        pairs.append((text(lang, "label.deleted"), spoken_time(user.deleted_at)))
    print(text(lang, "title.user", id=user.id))
    print_pairs(pairs)
    if record.entries:
        print(text(lang, "title.latest_entries"))
        print_entries(record.entries, lang)


def _as_data(record: AccountRecord) -> dict[str, object]:
    from app.cli.operators.layout import entry_as_data, json_time

    user = record.user
    return {
        "id": str(user.id),
        "nickname": user.nickname,
        "email": user.email,
        "is_superuser": user.is_superuser,
        "created_at": json_time(user.created_at),
        "deleted_at": json_time(user.deleted_at),
        "points_balance": record.balance,
        "devices": record.devices,
        "photos": record.photos,
        "tasks": record.tasks,
        "last_task_at": json_time(record.last_task_at),
        "latest_entries": [entry_as_data(entry) for entry in record.entries],
    }
