"""Accounts with points and photos, orders over HTTP, and what must hold once everything is over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select, text

from app.core.database import Database
from app.core.security import Keyring
from app.emoji.tasks.models import FINAL, EmojiTask
from app.media.storage import Storage
from app.points import repository as ledger
from tests.belongings import add_photo, add_user, store_photo
from tests.installation import Installation, until


class Customers:
    """People who order from an installation, and an auditor of its books."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.database = Database(installation.settings, name="auditor")
        self.storage = Storage.from_settings(installation.settings)
        self.keyring = Keyring(installation.settings)
        self.orders: list[tuple[dict[str, str], str, str]] = []

    async def __aenter__(self) -> Customers:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.database.close()
        await self.storage.close()

    async def join(self, balance: int, photo: bytes = b"a photo") -> tuple[dict[str, str], UUID]:
        """A new account with a photo: its headers and the photo's id."""
        user_id = await add_user(self.database, balance)
        photo_id = await add_photo(self.database, user_id)
        await store_photo(self.storage, photo_id, Path(self.installation.folder), photo)
        return {"Authorization": f"Bearer {self.keyring.issue_token(user_id)[0]}"}, photo_id

    async def order(
        self, client: httpx.AsyncClient, headers: dict[str, str], photo_id: UUID, key: str, **changes: Any
    ) -> httpx.Response:
        body = {"photo_id": str(photo_id), "driven_id": "wink"} | changes
        return await client.post(
            f"{self.installation.url}/emoji/create", json=body, headers=headers | {"Idempotency-Key": key}
        )

    async def tasks(self) -> list[EmojiTask]:
        async with self.database.read() as session:
            return list((await session.scalars(select(EmojiTask))).all())

    async def all_over(self) -> bool:
        try:
            return all(task.status in FINAL for task in await self.tasks())
        except Exception:  # the database may be restarting
            return False

    async def until_all_over(self, seconds: float) -> list[EmojiTask]:
        await until(self.all_over, seconds)
        return await self.tasks()

    async def audit(self) -> None:
        """Each task charged once; completed with its files, or ended with one refund; nothing else lies about."""
        async with self.database.read() as session:
            assert await ledger.list_differences(session) == []
            rows = await session.execute(
                text(
                    "SELECT t.id, t.status, t.result,"
                    " count(*) FILTER (WHERE e.kind = 'consume') AS charges,"
                    " count(*) FILTER (WHERE e.kind = 'refund') AS refunds, coalesce(sum(e.amount), 0) AS total"
                    " FROM emoji_tasks t LEFT JOIN ledger_entries e ON e.reference = 'task:' || t.id GROUP BY t.id"
                )
            )
            tasks = rows.all()
        stored = {file.key async for file in self.storage.list("results")}
        owned: set[str] = set()
        for task in tasks:
            assert task.charges == 1, task
            if task.status == "completed":
                assert (task.refunds, int(task.total)) == (0, -10), task
                keys = {file["key"] for file in task.result["files"].values()}
                assert keys <= stored, task
                owned |= keys
            else:
                assert (task.refunds, int(task.total), task.result) == (1, 0, None), task
        left_behind = {key.rsplit("/", 1)[0] for key in stored - owned}
        self.left_behind = left_behind


async def order_many(customers: Customers, count: int, each: int = 10, photo: bytes = b"a photo") -> None:
    """``count`` orders of several accounts, sent again under the same key until there is an answer."""
    accounts = [await customers.join(each * 10, photo) for _ in range(-(-count // each))]

    async def persist(number: int) -> None:
        headers, photo_id = accounts[number // each]
        for _ in range(100):
            try:
                answer = await customers.order(client, headers, photo_id, f"order-{number}")
            except httpx.TransportError:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code == 200:
                return
            assert answer.status_code in (503, 500), answer.text
            await asyncio.sleep(0.2)
        raise AssertionError(f"order {number} never went through")

    async with httpx.AsyncClient(timeout=10) as client:
        await asyncio.gather(*(persist(number) for number in range(count)))
