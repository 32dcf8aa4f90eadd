"""What is in the database before anything is measured: a person with a history, and many with points to spend."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from bench.api.tracing import Request
from sqlalchemy import func

from app.core.clock import utc_now
from app.core.database import Database
from app.core.ids import new_id
from app.core.security import Keyring
from app.emoji.tasks.models import EmojiTask, TaskStatus
from app.media.keys import photo_key, result_key
from app.media.models import Photo, PhotoStatus
from app.points import service as points
from app.points.models import EntryKind
from app.users.models import User

if TYPE_CHECKING:
    from app.core.database import Session
    from app.core.settings import Settings

HISTORY: Final = 200
TEMPLATES: Final = ("wink", "love", "angry", "laugh_tears")
_BALANCE: Final = 1_000_000_000
_PASSED: Final[dict[str, Any]] = {
    "passed": True,
    "face_bbox": [188, 68, 256, 180],
    "ext_bbox": [90, 10, 350, 270],
    "reasons": [],
}


@dataclass(frozen=True)
class Person:
    """An account with a photo."""

    user_id: UUID
    photo_id: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What its requests carry."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class Cast:
    """Everybody: ``reader`` has a history of tasks, ``buyers`` create some."""

    reader: Person
    task_id: UUID
    buyers: list[Person]

    def reads(self) -> dict[str, Request]:
        """The requests that only read, by name."""
        paths = {
            "profile": "/user/profile",
            "balance": "/points/balance",
            "task": f"/emoji/task/{self.task_id}",
            "history": "/emoji/history",
        }
        headers = self.reader.headers
        return {name: Request(name, "GET", f"/api/v1{path}", headers) for name, path in paths.items()}

    def creates(self) -> list[Request]:
        """An order of each buyer, with a key that the load generator makes new each time."""
        return [create_request(buyer) for buyer in self.buyers]


def create_request(buyer: Person) -> Request:
    """An order of a sticker."""
    return Request(
        "create",
        "POST",
        "/api/v1/emoji/create",
        {**buyer.headers, "Content-Type": "application/json", "Idempotency-Key": "{key}"},
        json.dumps({"photo_id": str(buyer.photo_id), "driven_id": TEMPLATES[0]}).encode(),
        {"user": str(buyer.user_id), "photo": str(buyer.photo_id)},
    )


async def seed(settings: Settings, buyers: int) -> Cast:
    """Fill the database through the service's own code."""
    database = Database(settings, name="bench")
    keyring = Keyring(settings)
    try:
        async with database.transaction() as session:
            reader = await _person(session, keyring)
            task_id = await _history(session, reader)
            cast = Cast(reader, task_id, [await _person(session, keyring) for _ in range(buyers)])
    finally:
        await database.close()
    return cast


async def _person(session: Session, keyring: Keyring) -> Person:
    user_id, photo_id = new_id(), new_id()
    session.add(User(id=user_id, nickname="小雨"))
    await session.flush()
    await points.add(session, user_id, _BALANCE, EntryKind.ADJUST, f"bench:{user_id}")
    session.add(
        Photo(
            id=photo_id,
            user_id=user_id,
            status=PhotoStatus.READY,
            key=photo_key(photo_id, "jpg"),
            content_type="image/jpeg",
            width=512,
            height=512,
            size_bytes=60_000,
            detection=_PASSED,
            prepared_at=func.now(),
            expires_at=func.now() + timedelta(days=30),
        )
    )
    await session.flush()
    return Person(user_id, photo_id, keyring.issue_token(user_id)[0])


async def _history(session: Session, person: Person) -> UUID:
    """Finished tasks, each with its charge; returns the last one."""
    task_id = new_id()
    for number in range(HISTORY):
        task_id = new_id()
        await points.take(session, person.user_id, 10, f"task:{task_id}")
        session.add(_finished(task_id, person, TEMPLATES[number % len(TEMPLATES)]))
    await session.flush()
    return task_id


def _finished(task_id: UUID, person: Person, driven_id: str) -> EmojiTask:
    token = uuid4()
    names = {"mp4": "sticker.mp4", "gif": "sticker.gif", "webp": "sticker.webp", "poster": "poster.webp"}
    files = {kind: {"key": result_key(task_id, token, name), "bytes": 123_456} for kind, name in names.items()}
    now = utc_now()
    return EmojiTask(
        id=task_id,
        user_id=person.user_id,
        photo_id=person.photo_id,
        type="emoji",
        driven_id=driven_id,
        language="zh",
        engine="local",
        status=TaskStatus.COMPLETED,
        progress=100,
        points_cost=10,
        idempotency_key=str(uuid4()),
        request_hash="0" * 64,
        request_id="0" * 16,
        enqueues=0,
        attempt=1,
        deadline_at=now + timedelta(minutes=15),
        started_at=now,
        finished_at=now,
        result={
            "prefix": f"results/{task_id}/{token}",
            "files": files,
            "width": 512,
            "height": 512,
            "duration_ms": 2000,
            "frames": 50,
        },
    )
