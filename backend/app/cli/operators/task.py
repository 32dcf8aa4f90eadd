"""``task show``: everything about one task on one screen."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from app.cli import language
from app.cli.failure import Failure
from app.cli.options import chosen_lang

if TYPE_CHECKING:
    from app.core.database import Database
    from app.core.settings import Settings
    from app.media.storage import Storage
    from app.ops.task_record import TaskRecord


def show(
    task: Annotated[str, typer.Argument(metavar="metavar.task", help="help.task", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="help.json")] = False,
    lang: Annotated[str | None, typer.Option("--lang", metavar="metavar.lang", help="help.lang_only")] = None,
) -> int:
    """See ``help.task_show`` in texts."""
    from app.cli.operators.installation import with_database
    from app.cli.operators.task_page import as_data, print_record
    from app.ops.task_record import read_record

    spoken = chosen_lang(lang, language.from_environment(os.environ))
    try:
        task_id = UUID(task.strip())
    except ValueError:
        raise Failure("task_id_wrong", got=task) from None

    async def read(settings: Settings, database: Database) -> tuple[TaskRecord | None, int]:
        storage = _open(settings)
        try:
            return await read_record(database, storage, task_id), settings.EMOJI_ATTEMPTS
        finally:
            if storage is not None:
                await storage.close()

    record, attempts = with_database(read)
    if record is None:
        raise Failure("task_unknown", task=task_id)
    if as_json:
        print(json.dumps(as_data(record), ensure_ascii=False, indent=2))
    else:
        print_record(record, attempts, spoken)
    return 0


def _open(settings: Settings) -> Storage | None:
    """The storage; None where its settings cannot work, since the task itself is worth seeing all the same."""
    from app.media.storage import Storage

    try:
        return Storage.from_settings(settings)
    except ValueError:
        return None
