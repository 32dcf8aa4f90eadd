from __future__ import annotations

import itertools
from typing import Any, Protocol

import httpx
import pytest
from sqlalchemy import func, select, update

from app.core.database import Base, Database
from app.core.settings import Settings
from app.users.models import User
from tests.conftest import SignIn

numbers = itertools.count(1)


def device() -> str:
    """A device id that no other test has."""
    return f"device-of-the-user-tests-{next(numbers):06d}"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"RATE_SIGN_IN": "1000/minute"})


class Count(Protocol):
    async def __call__(self, model: type[Base], *where: Any) -> int: ...


@pytest.fixture
def count(database: Database) -> Count:
    async def counted(model: type[Base], *where: Any) -> int:
        async with database.read() as session:
            return await session.scalar(select(func.count()).select_from(model).where(*where)) or 0

    return counted


@pytest.fixture
async def operator(client: httpx.AsyncClient, sign_in: SignIn, database: Database) -> dict[str, str]:
    """The headers of an account that is an operator's."""
    headers = await sign_in(device())
    user = (await client.get("/user/profile", headers=headers)).json()["data"]["id"]
    async with database.transaction() as session:
        await session.execute(update(User).where(User.id == user).values(is_superuser=True))
    return headers


def assert_refused(answer: httpx.Response, status: int, code: int | None = None) -> None:
    """The answer is an error in the one shape that all errors have."""
    assert answer.status_code == status, answer.text
    content = answer.json()
    assert set(content) == {"code", "message", "data"}
    assert content["code"] // 1000 == status
    assert content["message"]
    if code is not None:
        assert content["code"] == code
