"""Ids of others, marks, and the history."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from app.core.database import Database
from app.core.ids import new_id
from app.core.settings import Settings
from app.media.storage import Storage
from tests.emoji.tasks.conftest import Customer, make_customer


@pytest.fixture
async def stranger(
    client: httpx.AsyncClient, database: Database, settings: Settings, storage: Storage, tmp_path: Path
) -> Customer:
    return await make_customer(client, database, settings, storage, tmp_path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/like"),
        ("DELETE", "/like"),
        ("DELETE", ""),
    ],
)
async def test_a_task_of_somebody_else_is_not_there(
    customer: Customer, stranger: Customer, method: str, path: str
) -> None:
    task_id = (await customer.order()).json()["data"]["id"]
    for wanted in (task_id, new_id()):
        answer = await stranger.client.request(method, f"/emoji/task/{wanted}{path}", headers=stranger.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, 404011)
    assert (await customer.task(task_id))["status"] == "pending"


async def test_a_mark_stays_until_it_is_taken_away(customer: Customer) -> None:
    task_id = (await customer.order()).json()["data"]["id"]
    path = f"/emoji/task/{task_id}/like"
    for method, liked in (("POST", True), ("POST", True), ("DELETE", False), ("DELETE", False)):
        assert (await customer.client.request(method, path, headers=customer.headers)).status_code == 200
        assert (await customer.task(task_id))["liked"] is liked


class TestHistory:
    async def test_is_newest_first_and_ones_own(self, customer: Customer, stranger: Customer) -> None:
        mine = [(await customer.order()).json()["data"]["id"] for _ in range(3)]
        await stranger.order()
        listing = await self._listing(customer, "")
        assert [task["id"] for task in listing["data"]] == mine[::-1]
        assert listing["count"] == 3

    async def test_comes_in_pages(self, customer: Customer) -> None:
        mine = [(await customer.order()).json()["data"]["id"] for _ in range(5)]
        listing = await self._listing(customer, "?page=2&page_size=2")
        assert [task["id"] for task in listing["data"]] == [mine[2], mine[1]]
        assert listing["count"] == 5

    async def test_is_filtered(self, customer: Customer) -> None:
        first, second = [(await customer.order()).json()["data"]["id"] for _ in range(2)]
        await customer.client.post(f"/emoji/task/{first}/cancel", headers=customer.headers)
        assert [task["id"] for task in (await self._listing(customer, "?status=cancelled"))["data"]] == [first]
        assert [task["id"] for task in (await self._listing(customer, "?status=pending&type=emoji"))["data"]] == [
            second
        ]
        assert (await self._listing(customer, "?type=other"))["count"] == 0

    async def test_deleted_tasks_are_not_in_it(self, customer: Customer) -> None:
        task_id = (await customer.order()).json()["data"]["id"]
        await customer.client.delete(f"/emoji/task/{task_id}", headers=customer.headers)
        assert (await self._listing(customer, ""))["count"] == 0

    @pytest.mark.parametrize("query", ["status=done", "page=0", "type=A", "page_size=1000"])
    async def test_a_wrong_filter_is_told(self, customer: Customer, query: str) -> None:
        answer = await customer.client.get(f"/emoji/history?{query}", headers=customer.headers)
        assert answer.status_code == 422

    @staticmethod
    async def _listing(customer: Customer, query: str) -> dict:  # type: ignore[type-arg]
        answer = await customer.client.get(f"/emoji/history{query}", headers=customer.headers)
        assert answer.status_code == 200, answer.text
        data: dict = answer.json()["data"]  # type: ignore[type-arg]
        return data
