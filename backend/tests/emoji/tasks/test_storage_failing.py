"""A storage that fails costs nobody anything."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.core.database import Database
from app.core.settings import Settings
from app.media.exceptions import StorageUnavailable
from app.media.storage import Storage
from tests.belongings import assert_ledger_adds_up, get_balance, get_task
from tests.emoji.tasks.conftest import Customer
from tests.emoji.tasks.test_life import ordered, until_over


@pytest.fixture(autouse=True)
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.emoji.tasks.jobs._BACKOFF_SECONDS", 0.05)


@pytest.mark.usefixtures("worker")
class TestResults:
    async def test_a_folder_that_cannot_be_made_fails_and_refunds(
        self, customer: Customer, database: Database, settings: Settings
    ) -> None:
        (settings.MEDIA_ROOT / "results").write_text("a file where the folder belongs")
        task = await until_over(customer, await ordered(customer))
        assert (task["status"], task["error"]["code"]) == ("failed", "storage_unavailable")
        assert (await get_task(database, task["id"])).attempt == 3
        assert await get_balance(database, customer.user_id) == 100
        await assert_ledger_adds_up(database)

    async def test_an_outage_that_passes_is_got_over(
        self, customer: Customer, database: Database, storage: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_file, failures = Storage.put_file, iter([True, False, True])

        async def sometimes(self: Storage, *arguments: Any) -> None:
            if next(failures, False):
                raise StorageUnavailable
            await put_file(self, *arguments)

        monkeypatch.setattr(Storage, "put_file", sometimes)
        task = await until_over(customer, await ordered(customer))
        assert task["status"] == "completed"
        # What the first attempts had written is gone again.
        prefixes = {file.key.rsplit("/", 1)[0] async for file in storage.list("results")}
        assert len(prefixes) == 1


async def test_deleting_while_the_storage_is_away_still_deletes(
    customer: Customer, start_worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start_worker()
    task = await until_over(customer, await ordered(customer))

    async def away(*_: Any) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(Storage, "delete", away)
    answer = await customer.client.delete(f"/emoji/task/{task['id']}", headers=customer.headers)
    assert answer.status_code == 200
    assert (await customer.client.get(f"/emoji/task/{task['id']}", headers=customer.headers)).status_code == 404


@pytest.mark.usefixtures("worker")
async def test_a_deleted_account_leaves_no_files(
    customer: Customer, database: Database, storage: Storage, settings: Settings
) -> None:
    done = await until_over(customer, await ordered(customer))
    assert done["status"] == "completed"
    assert [file.key async for file in storage.list("results")]
    answer = await customer.client.delete("/user", headers=customer.headers)
    assert answer.status_code == 200, answer.text
    async with asyncio.timeout(10):
        while [file.key async for file in storage.list("results")] or [
            file.key async for file in storage.list("photos")
        ]:
            await asyncio.sleep(0.05)
    await assert_ledger_adds_up(database)
    assert (await customer.client.get("/emoji/history", headers=customer.headers)).status_code == 401


async def test_an_account_deleted_while_the_storage_is_away_leaves_no_files(
    customer: Customer, start_worker: Any, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a minute of its return, not at the next hour or the next day."""
    monkeypatch.setattr("app.emoji.tasks.jobs._DELETE_AGAIN", timedelta(seconds=0.3))
    await start_worker()
    await until_over(customer, await ordered(customer))

    async def away(*_: Any) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "delete", away)
        assert (await customer.client.delete("/user", headers=customer.headers)).status_code == 200
        await asyncio.sleep(1)
        assert [file.key async for file in storage.list("results")]
    async with asyncio.timeout(5):
        while [file.key for folder in ("results", "photos") async for file in storage.list(folder)]:
            await asyncio.sleep(0.05)
