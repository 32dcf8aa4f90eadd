"""Ordering a sticker: charged and recorded together, once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from app.core.database import Database
from app.core.ids import new_id
from app.core.settings import Settings
from app.points import service as points
from tests.belongings import PASSED, add_photo, add_user, assert_ledger_adds_up, entries, get_balance, get_task
from tests.emoji.tasks.conftest import Customer


async def test_takes_points_and_records_the_task(customer: Customer, database: Database) -> None:
    answer = await customer.order(caption="Hi")
    assert answer.status_code == 200, answer.text
    task = answer.json()["data"]
    assert (task["status"], task["progress"], task["points_cost"]) == ("pending", 0, 10)
    assert await get_balance(database, customer.user_id) == 90
    assert await entries(database, customer.user_id) == [("consume", f"task:{task['id']}", -10)]


async def test_fault_1_a_charge_without_a_task_cannot_be(
    customer: Customer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails after the points were taken, they are back, since both are one transaction."""
    take = points.take

    async def taken_then_killed(*arguments: Any) -> None:
        await take(*arguments)
        raise RuntimeError("killed after the charge")

    monkeypatch.setattr(points, "take", taken_then_killed)
    answer = await customer.order()
    assert answer.status_code == 500
    assert await get_balance(database, customer.user_id) == 100
    assert await entries(database, customer.user_id) == []


async def test_32_at_once_with_points_for_10_make_10(customer: Customer, database: Database) -> None:
    answers = await asyncio.gather(*(customer.order() for _ in range(32)))
    codes = [answer.json()["code"] for answer in answers]
    assert sorted(codes) == [0] * 10 + [402001] * 22
    assert await get_balance(database, customer.user_id) == 0
    await assert_ledger_adds_up(database)


async def test_too_few_points_are_told_and_kept(
    customer: Customer, database: Database, client: httpx.AsyncClient
) -> None:
    for _ in range(10):
        await customer.order()
    answer = await customer.order()
    assert answer.status_code == 402
    assert answer.json() == {
        "code": 402001,
        "message": "Not enough points: 10 are needed, 0 are there. None were taken.",
        "data": None,
    }


class TestIdempotency:
    async def test_a_repeat_gives_the_first_task(self, customer: Customer, database: Database) -> None:
        first = (await customer.order(key="press-1")).json()
        again = (await customer.order(key="press-1")).json()
        assert again["data"]["id"] == first["data"]["id"]
        assert await get_balance(database, customer.user_id) == 90

    async def test_sixteen_at_once_are_one(self, customer: Customer, database: Database) -> None:
        answers = await asyncio.gather(*(customer.order(key="press-1") for _ in range(16)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["data"]["id"] for answer in answers}) == 1
        assert await get_balance(database, customer.user_id) == 90

    async def test_another_request_under_the_same_key_is_refused(self, customer: Customer) -> None:
        await customer.order(key="press-1")
        answer = await customer.order(key="press-1", driven_id="love")
        assert answer.json()["code"] == 409010

    async def test_the_first_answer_holds_when_the_points_are_gone(
        self, customer: Customer, database: Database
    ) -> None:
        first = await customer.order(key="press-1")
        for _ in range(9):
            await customer.order()
        assert (await customer.order(key="press-1")).json()["data"]["id"] == first.json()["data"]["id"]

    @pytest.mark.parametrize("key", ["x" * 129, "with space", "tab\there"])
    async def test_keys_of_a_wrong_shape_are_told(self, customer: Customer, key: str) -> None:
        assert (await customer.order(key=key)).status_code == 422


class TestRefusals:
    async def test_unknown_template(self, customer: Customer, database: Database) -> None:
        answer = await customer.order(driven_id="no_such_thing")
        assert answer.json()["code"] == 422010
        assert await get_balance(database, customer.user_id) == 100

    async def test_unknown_engine(self, customer: Customer) -> None:
        assert (await customer.order(engine="magic")).json()["code"] == 422012

    async def test_a_photo_of_somebody_else(self, customer: Customer, database: Database) -> None:
        other = await add_photo(database, await add_user(database))
        answer = await customer.order(photo_id=str(other))
        assert answer.status_code == 404

    async def test_no_such_photo(self, customer: Customer) -> None:
        assert (await customer.order(photo_id=str(new_id()))).status_code == 404

    async def test_a_photo_without_a_face(self, customer: Customer, database: Database) -> None:
        reason = {"code": "no_face", "message": {"zh": "没有脸。", "en": "No face."}, "refuses": True}
        photo = await add_photo(database, customer.user_id, detection=PASSED | {"passed": False, "reasons": [reason]})
        answer = await customer.order(photo_id=str(photo))
        assert answer.json()["code"] == 422011
        assert "No face." in answer.json()["message"]
        assert answer.json()["data"]["reasons"] == [{"code": "no_face", "message": "No face."}]

    async def test_more_unfinished_tasks_than_allowed(
        self, customer: Customer, database: Database, app: object, settings: Settings
    ) -> None:
        app.state.settings = settings.model_copy(update={"EMOJI_MAX_ACTIVE": 2})  # type: ignore[attr-defined]
        answers = await asyncio.gather(*(customer.order() for _ in range(6)))
        assert sorted(answer.json()["code"] for answer in answers) == [0, 0, 429010, 429010, 429010, 429010]
        assert await get_balance(database, customer.user_id) == 80

    @pytest.mark.parametrize(
        "body",
        [
            {"photo_id": None},
            {"image_url": "http://localhost:8000/x"},  # both
            {"driven_id": ""},
            {"driven_id": "../wink"},
            {"driven_id": "x" * 65},
            {"caption": "x" * 41},
            {"caption": "a\0b"},
            {"caption": "a\nb"},
            {"caption": "\ud800"},
            {"caption": 7},
            {"photo_id": "7"},
            {"photo_id": 10**30},
        ],
    )
    async def test_fault_13_fields_of_a_wrong_shape_cost_nothing(
        self, customer: Customer, database: Database, body: dict[str, object]
    ) -> None:
        import json

        content = json.dumps({"photo_id": str(customer.photo_id), "driven_id": "wink"} | body)
        answer = await customer.client.post(
            "/emoji/create", content=content, headers=customer.headers | {"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 422), answer.text
        assert answer.json()["message"]
        assert await get_balance(database, customer.user_id) == 100

    async def test_fault_27_a_foreign_address_is_refused(self, customer: Customer, database: Database) -> None:
        for url in (
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "https://example.com/api/v1/media/photos/x.jpg",
            "data:image/png;base64,AAAA",
        ):
            answer = await customer.order(photo_id=None, image_url=url)
            assert answer.status_code == 400, url
        assert await get_balance(database, customer.user_id) == 100


async def test_fault_11_ids_sort_by_time_and_are_text(customer: Customer, database: Database) -> None:
    ids = [(await customer.order()).json()["data"]["id"] for _ in range(5)]
    assert all(isinstance(task_id, str) for task_id in ids)
    assert ids == sorted(ids)
    assert {(await get_task(database, task_id)).id.version for task_id in ids} == {7}
