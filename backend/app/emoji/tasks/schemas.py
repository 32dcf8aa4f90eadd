"""Tasks as clients see them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator, model_validator

from app.core.schemas import CleanText, Moment, Schema
from app.emoji.tasks.models import CAPTION_LENGTH, TaskStatus

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]


class TaskCreate(Schema):
    """What to make: a photo, by id or by the link that the upload answered with, and a template."""

    photo_id: UUID | None = None
    image_url: Annotated[CleanText, Field(max_length=2048)] | None = Field(
        default=None, description="Only a link that this service issued for a photo of the caller's"
    )
    driven_id: Identifier = Field(examples=["wink"])
    caption: Annotated[CleanText, Field(max_length=CAPTION_LENGTH)] | None = Field(
        default=None, description="Words on the sticker: left out for the template's own, empty for none"
    )
    engine: Identifier | None = None

    @field_validator("caption")
    @classmethod
    def _printable(cls, caption: str | None) -> str | None:
        if caption is None:
            return None
        if any(not character.isprintable() for character in caption):
            raise ValueError("must not contain control characters")
        return caption.strip()

    @model_validator(mode="after")
    def _one_photo(self) -> TaskCreate:
        if (self.photo_id is None) == (self.image_url is None):
            raise ValueError("give photo_id or image_url, and only one of them")
        return self


class TaskResult(Schema):
    """The finished sticker. Links hold for a day; ask for the task again to get new ones."""

    video_url: str | None = None
    gif_url: str | None = None
    webp_url: str | None = None
    poster_url: str
    width: int
    height: int
    duration_ms: int
    size_bytes: dict[str, int] = Field(description="The length of each file by format")


class TaskError(Schema):
    """Why there is no sticker, in the caller's language."""

    code: str
    message: str


class TaskRead(Schema):
    """A task."""

    id: UUID
    type: str
    photo_id: UUID
    driven_id: str
    caption: str | None
    engine: str
    status: TaskStatus
    progress: int = Field(ge=0, le=100)
    points_cost: int
    points_refunded: bool
    result: TaskResult | None
    error: TaskError | None
    liked: bool
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class HistoryFilter(Schema):
    """Which tasks to list."""

    status: TaskStatus | None = None
    type: Identifier | None = None
