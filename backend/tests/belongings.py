"""What an account may own, put straight into the database: for tests that begin in the middle."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select

from app.core.ids import new_id
from app.emoji.tasks.models import EmojiTask
from app.media.keys import photo_key
from app.media.models import Photo, PhotoStatus
from app.points import repository as ledger
from app.points import service as points
from app.points.models import EntryKind, LedgerEntry
from app.users.models import User

if TYPE_CHECKING:
    from pathlib import Path

    from app.core.database import Database
    from app.media.storage import Storage

PASSED: dict[str, Any] = {"passed": True, "face_bbox": [10, 10, 90, 90], "ext_bbox": [0, 0, 100, 100], "reasons": []}


async def add_user(database: Database, balance: int = 100) -> UUID:
    async with database.transaction() as session:
        user = User(id=new_id(), nickname="Test")
        session.add(user)
        await session.flush()
        await points.add(session, user.id, balance, EntryKind.ADJUST, f"test:{user.id}")
        return user.id


async def add_photo(database: Database, user_id: UUID, **changes: Any) -> UUID:
    """A photo that is ready; its file is not there."""
    photo_id = new_id()
    values: dict[str, Any] = {
        "id": photo_id,
        "user_id": user_id,
        "status": PhotoStatus.READY,
        "key": photo_key(photo_id, "jpg"),
        "content_type": "image/jpeg",
        "width": 512,
        "height": 512,
        "size_bytes": 1000,
        "detection": PASSED,
        "expires_at": func.now() + timedelta(days=30),
    }
    async with database.transaction() as session:
        session.add(Photo(**(values | changes)))
    return photo_id


async def store_photo(storage: Storage, photo_id: UUID, folder: Path, content: bytes = b"a photo") -> None:
    """Put a file where the photo's row says that it is."""
    file = folder / f"{photo_id}.jpg"
    file.write_bytes(content)
    await storage.put_file(photo_key(photo_id, "jpg"), file)


async def get_task(database: Database, task_id: UUID | str) -> EmojiTask:
    async with database.read() as session:
        task = await session.get(EmojiTask, UUID(str(task_id)))
        assert task is not None
        return task


async def get_balance(database: Database, user_id: UUID) -> int:
    async with database.read() as session:
        return await points.get_balance(session, user_id)


async def entries(database: Database, user_id: UUID) -> list[tuple[str, str, int]]:
    """The ledger of a user, oldest first: kind, reference, amount; without what the test put in itself."""
    async with database.read() as session:
        statement = select(LedgerEntry).where(LedgerEntry.user_id == user_id).order_by(LedgerEntry.id)
        rows = (await session.scalars(statement)).all()
    return [(row.kind, row.reference, row.amount) for row in rows if not row.reference.startswith("test:")]


async def assert_ledger_adds_up(database: Database) -> None:
    async with database.read() as session:
        assert await ledger.list_differences(session) == []


async def add_task(database: Database, user_id: UUID, photo_id: UUID, cost: int = 10) -> UUID:
    """A task that waits, paid for."""
    task_id = new_id()
    async with database.transaction() as session:
        await points.take(session, user_id, cost, f"task:{task_id}")
        session.add(
            EmojiTask(
                id=task_id,
                user_id=user_id,
                photo_id=photo_id,
                driven_id="wink",
                language="en",
                engine="fake",
                points_cost=cost,
                request_hash="-",
                request_id="test",
                next_enqueue_at=func.now() + timedelta(hours=1),
                deadline_at=func.now() + timedelta(hours=1),
            )
        )
    return task_id
