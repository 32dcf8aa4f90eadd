"""Queries by the driver alone: the same rows, the same errors, the same pool."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import bindparam, func, insert, select, text, update

from app.core.database import Database, is_outage
from app.core.failures import meaning
from app.core.reading import Query
from app.core.settings import Settings
from app.media.models import Photo
from app.users.models import User
from tests.belongings import PASSED, add_photo, add_user

pytestmark = pytest.mark.anyio


CUT = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ai-pic-other'")


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


async def test_a_number_that_no_column_takes_is_no_outage(database: Database) -> None:
    async with database.reads() as reads:
        with pytest.raises(asyncpg.PostgresError) as caught:
            await reads.first(NAMES, user_id=UUID(int=0), limit=2**80)
    assert meaning(caught.value).status == 422


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
    try:
        for _ in range(2):
            async with other.reads() as reads:
                assert await reads.first(NAMES, user_id=user_id, limit=1)
            async with database.transaction() as session:
                await session.execute(CUT)
            await asyncio.sleep(0.1)
            async with other.read() as session:
                assert await session.scalar(select(User.nickname).where(User.id == user_id)) == "Test"
            async with database.transaction() as session:
                await session.execute(CUT)
            await asyncio.sleep(0.1)
    finally:
        await other.close()


async def test_an_outage_in_the_middle_is_an_outage(settings: Settings, database: Database) -> None:
    other = Database(settings, name="other")
    try:
        async with other.reads() as reads:
            async with database.transaction() as session:
                await session.execute(CUT)
            with pytest.raises(ConnectionError) as caught:
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


RENAME = Query(
    Name,
    update(User)
    .where(User.id == bindparam("user_id"))
    .values(nickname=bindparam("name"))
    .returning(User.id, User.nickname, func.coalesce(User.email, "none").label("words")),
)


class TestWithinTransactions:
    async def test_is_part_of_the_transaction(self, database: Database) -> None:
        user_id = await add_user(database)

        async def rename_in_vain() -> None:
            async with database.transaction() as session:
                renamed = await session.fetch_first(RENAME, user_id=user_id, name="Other")
                assert renamed == (user_id, "Other", "none")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await rename_in_vain()
        async with database.reads() as reads:
            assert await reads.all(NAMES, user_id=user_id, limit=1) == [(user_id, "Test", "none")]
        async with database.transaction() as session:
            await session.execute(select(User.id))
            await session.fetch_first(RENAME, user_id=user_id, name="Other")
        async with database.reads() as reads:
            assert await reads.all(NAMES, user_id=user_id, limit=1) == [(user_id, "Other", "none")]

    async def test_sees_what_the_session_was_given(self, database: Database) -> None:
        async with database.transaction() as session:
            user = User(id=UUID(int=7), nickname="New")
            session.add(user)
            assert await session.fetch_first(NAMES, user_id=user.id, limit=1) == (user.id, "New", "none")
            user.nickname = "Newer"
            assert await session.fetch_first(NAMES, user_id=user.id, limit=1) == (user.id, "Newer", "none")

    async def test_an_error_rolls_back_and_leaves_the_connection_whole(self, database: Database) -> None:
        user_id = await add_user(database)
        for _ in range(12):  # more than the pool holds
            with pytest.raises(Exception, match="too long"):
                async with database.transaction() as session:
                    await session.fetch_first(RENAME, user_id=user_id, name="x" * 100)
        async with database.reads() as reads:
            assert await reads.all(NAMES, user_id=user_id, limit=1) == [(user_id, "Test", "none")]

    async def test_broken_off_or_cut_it_leaves_nothing(self, settings: Settings, database: Database) -> None:
        class Slept(NamedTuple):
            value: str

        user_id = await add_user(database)
        sleep = Query(Slept, select(func.pg_sleep(5).label("value")))
        other = Database(settings, name="other")

        async def change(name: str) -> None:
            async with other.transaction() as session:
                await session.fetch_first(RENAME, user_id=user_id, name=name)
                await session.fetch_first(sleep)

        try:
            task = asyncio.create_task(change("broken"))
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            task = asyncio.create_task(change("cut"))
            await asyncio.sleep(0.2)
            async with database.transaction() as session:
                await session.execute(CUT)
            with pytest.raises(Exception) as caught:  # noqa: PT011 - the rollback has its own
                await task
            assert meaning(caught.value).status == 503
            assert is_outage(caught.value)
            async with other.transaction() as session:
                assert await session.fetch_first(NAMES, user_id=user_id, limit=1) == (user_id, "Test", "none")
        finally:
            await other.close()


def test_columns_that_sqlalchemy_would_fill_must_be_given() -> None:
    class Made(NamedTuple):
        id: UUID

    with pytest.raises(ValueError, match="default"):
        Query(Made, insert(User).values(nickname=bindparam("name")).returning(User.id))
