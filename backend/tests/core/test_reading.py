"""Queries by the driver alone: the same rows, the same errors, the same pool."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import bindparam, func, select, text

from app.core.database import Database
from app.core.failures import meaning
from app.core.reading import Query
from app.core.settings import Settings
from app.media.models import Photo
from app.users.models import User
from tests.belongings import PASSED, add_photo, add_user

pytestmark = pytest.mark.anyio


class Name(NamedTuple):
    id: UUID
    nickname: str
    words: str


class Detected(NamedTuple):
    id: UUID
    detection: dict[str, Any] | None
    error: dict[str, Any] | None
    expires_at: datetime


NAMES = Query(
    Name,
    select(User.id, User.nickname, func.coalesce(User.email, "none").label("words"))
    .where(User.id == bindparam("user_id"))
    .limit(bindparam("limit")),
)
DETECTED = Query(
    Detected,
    select(Photo.id, Photo.detection, Photo.error, Photo.expires_at).where(Photo.user_id == bindparam("user_id")),
)


async def test_rows_have_names_and_types(database: Database) -> None:
    user_id = await add_user(database)
    photo_id = await add_photo(database, user_id)
    async with database.reads() as reads:
        assert await reads.all(NAMES, user_id=user_id, limit=5) == [(user_id, "Test", "none")]
        photo = await reads.first(DETECTED, user_id=user_id)
        assert await reads.first(NAMES, user_id=photo_id, limit=5) is None
    assert photo is not None
    assert (photo.id, photo.detection, photo.error) == (photo_id, PASSED, None)
    assert photo.expires_at.tzinfo is not None


async def test_a_missing_parameter_is_told(database: Database) -> None:
    async with database.reads() as reads:
        with pytest.raises(KeyError):
            await reads.first(NAMES, user_id=UUID(int=0))


def test_rows_and_columns_must_match() -> None:
    with pytest.raises(ValueError, match="Name has"):
        Query(Name, select(User.nickname, User.id))
    with pytest.raises(ValueError, match="list"):
        Query(Detected, select(Photo.id, Photo.detection, Photo.error, Photo.expires_at).where(Photo.id.in_([])))


async def test_a_connection_that_was_cut_is_replaced(settings: Settings, database: Database) -> None:
    """What the server closed while it lay in the pool is never handed out, to reads or to sessions."""
    user_id = await add_user(database)
    other = Database(settings, name="other")
    cut = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ai-pic-other'")
    try:
        for _ in range(2):
            async with other.reads() as reads:
                assert await reads.first(NAMES, user_id=user_id, limit=1)
            async with database.transaction() as session:
                await session.execute(cut)
            await asyncio.sleep(0.1)
            async with other.read() as session:
                assert await session.scalar(select(User.nickname).where(User.id == user_id)) == "Test"
            async with database.transaction() as session:
                await session.execute(cut)
            await asyncio.sleep(0.1)
    finally:
        await other.close()


async def test_an_outage_in_the_middle_is_an_outage(settings: Settings, database: Database) -> None:
    other = Database(settings, name="other")
    cut = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ai-pic-other'")
    try:
        async with other.reads() as reads:
            async with database.transaction() as session:
                await session.execute(cut)
            with pytest.raises(Exception) as caught:  # noqa: PT011 - the driver has several
                await reads.first(NAMES, user_id=UUID(int=0), limit=1)
        assert meaning(caught.value).status == 503
        async with other.reads() as reads:
            assert await reads.first(NAMES, user_id=UUID(int=0), limit=1) is None
    finally:
        await other.close()


async def test_a_query_that_is_broken_off_leaves_no_answer_behind(database: Database) -> None:
    class Slept(NamedTuple):
        value: str

    sleep = Query(Slept, select(func.pg_sleep(5).label("value")))
    user_id = await add_user(database)

    async def wait() -> None:
        async with database.reads() as reads:
            await reads.first(sleep)

    tasks = [asyncio.create_task(wait()) for _ in range(12)]
    await asyncio.sleep(0.3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with database.reads() as reads:
        assert await reads.all(NAMES, user_id=user_id, limit=1) == [(user_id, "Test", "none")]
