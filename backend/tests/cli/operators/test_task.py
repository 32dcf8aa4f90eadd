from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func

from app.core.ids import new_id
from app.emoji.tasks.models import EmojiTask, TaskStatus
from app.media.keys import result_key
from app.media.storage import Storage
from app.points import service as points
from tests.belongings import add_photo, add_user, store_photo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from app.core.database import Database
    from app.core.settings import Settings
    from tests.cli.operators.conftest import Operate


@pytest.fixture
async def storage(settings: Settings) -> AsyncIterator[Storage]:
    opened = Storage.from_settings(settings)
    yield opened
    await opened.close()


async def add_task(database: Database, user_id: UUID, photo_id: UUID, **changes: Any) -> UUID:
    task_id = new_id()
    values: dict[str, Any] = {
        "id": task_id,
        "user_id": user_id,
        "photo_id": photo_id,
        "driven_id": "wink",
        "language": "zh",
        "engine": "local",
        "status": TaskStatus.PENDING,
        "points_cost": 10,
        "request_hash": "0",
        "request_id": "request-0001",
        "deadline_at": func.now() + timedelta(seconds=900),
    }
    async with database.transaction() as session:
        await points.take(session, user_id, 10, f"task:{task_id}")
        session.add(EmojiTask(**(values | changes)))
    return task_id


async def test_one_that_waits(operate: Operate, database: Database) -> None:
    user_id = await add_user(database)
    task_id = await add_task(database, user_id, await add_photo(database, user_id), next_enqueue_at=func.now())
    said = await operate("task", "show", task_id, "--lang", "en")
    assert (said.code, said.err) == (0, "")
    told = said.out
    assert told.startswith(f"Task {task_id}\n")
    for words in ("pending  0 %", "wink  ·  local", "0 of 3", "request-0001", f"consume  -10  → 90  task:{task_id}"):
        assert words in told
    assert "lease            none" in told
    # Its photo is noted, but was never stored.
    assert "photo  1 KB  missing  photos/" in told


async def test_one_that_is_worked_on_and_one_whose_worker_is_gone(operate: Operate, database: Database) -> None:
    user_id = await add_user(database)
    photo_id = await add_photo(database, user_id)
    for seconds, words in ((30, "s left"), (-90, "over since 1 min 3")):
        task_id = await add_task(
            database,
            user_id,
            photo_id,
            status=TaskStatus.PROCESSING,
            attempt=2,
            progress=40,
            started_at=func.now(),
            lease_token=uuid4(),
            lease_until=func.now() + timedelta(seconds=seconds),
        )
        told = (await operate("task", "show", task_id, "--lang", "en")).out
        assert words in told
        assert "processing  40 %" in told
        assert "2 of 3" in told


async def test_one_that_failed(operate: Operate, database: Database) -> None:
    user_id = await add_user(database)
    error = {"code": "engine_crashed", "message": {"zh": "制作时中断了。", "en": "It was interrupted."}}
    task_id = await add_task(
        database,
        user_id,
        await add_photo(database, user_id),
        status=TaskStatus.FAILED,
        error=error,
        finished_at=func.now(),
    )
    async with database.transaction() as session:
        await points.give_back(session, user_id, 10, f"task:{task_id}")
    told = (await operate("task", "show", task_id)).out
    assert "engine_crashed: 制作时中断了。" in told
    assert "退还  +10  → 100" in told


async def test_one_that_is_done_with_its_files(
    operate: Operate, database: Database, storage: Storage, tmp_path: Path
) -> None:
    user_id = await add_user(database)
    photo_id = await add_photo(database, user_id, size_bytes=7)
    await store_photo(storage, photo_id, tmp_path)
    task_id, token = new_id(), uuid4()
    sizes = {"webp": 5, "gif": 6, "mp4": 5}
    files = {}
    for kind, noted in sizes.items():
        key = result_key(task_id, token, f"sticker.{kind}")
        files[kind] = {"key": key, "bytes": noted}
        if kind != "mp4":
            (tmp_path / kind).write_bytes(b"12345")
            await storage.put_file(key, tmp_path / kind)
    stray = result_key(task_id, uuid4(), "sticker.webp")
    await storage.put_file(stray, tmp_path / "webp")
    result = {"prefix": "", "files": files, "width": 512, "height": 512, "duration_ms": 1800, "frames": 45}
    await add_task(
        database,
        user_id,
        photo_id,
        id=task_id,
        status=TaskStatus.COMPLETED,
        progress=100,
        result=result,
        started_at=func.now(),
        finished_at=func.now() + timedelta(seconds=2),
    )
    told = (await operate("task", "show", task_id, "--lang", "en")).out
    rows = {line.split()[0]: line for line in told.partition("Files:\n")[2].splitlines()}
    assert "there" in rows["webp"]
    assert "differs, has 5 B" in rows["gif"]
    assert "missing" in rows["mp4"]
    assert "there" in rows["photo"]
    assert f"  {stray}" in told
    assert "rendered         2 s" in told
    data = json.loads((await operate("task", "show", task_id, "--json")).out)
    assert {file["name"]: file["state"] for file in data["files"]} == {
        "webp": "there",
        "gif": "differs",
        "mp4": "missing",
    }
    assert data["stray_files"] == [stray]
    assert data["rendered_seconds"] == 2.0
    assert data["photo"]["file"]["state"] == "there"


async def test_a_storage_that_is_away_is_no_reason_to_show_nothing(
    operate: Operate, database: Database, settings: Settings
) -> None:
    user_id = await add_user(database)
    task_id = await add_task(database, user_id, await add_photo(database, user_id))
    settings.MEDIA_ROOT.write_text("a file where the folder should be")
    said = await operate("task", "show", task_id, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["photo"]["file"]["state"] == "unknown"


@pytest.mark.parametrize(
    ("given", "words"), [("12", "不是任务的编号"), ("01a20e06-9762-76e6-b122-0338c4293ab2", "没有这个任务")]
)
async def test_none(operate: Operate, given: str, words: str) -> None:
    said = await operate("task", "show", given)
    assert said.code == 2
    assert words in said.err
    assert said.out == ""
