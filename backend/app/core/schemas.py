"""Shapes that every route shares: the envelope, pages, and text that PostgreSQL and people can take."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

T = TypeVar("T")

MAX_PAGE = 10_000
MAX_PAGE_SIZE = 100


class Schema(BaseModel):
    """Base of what goes in and out: unknown fields are ignored on the way in, as clients age differently."""

    model_config = ConfigDict(from_attributes=True, str_max_length=4096)


class Envelope(BaseModel, Generic[T]):
    """The one shape of every answer of the business."""

    code: int = Field(default=0, description="0, or six digits: the HTTP status times 1000 plus a number")
    message: str = Field(default="success", description="A sentence in the caller's language")
    data: T


class Failure(BaseModel):
    """The shape of every error."""

    code: int = Field(description="The HTTP status times 1000 plus a number", examples=[402001])
    message: str = Field(description="What went wrong and what to do, in the caller's language")
    data: object = Field(default=None, description="Details, where there are any")


class Listing(BaseModel, Generic[T]):
    """A page of a list."""

    data: list[T]
    count: int = Field(description="How many there are in all")


class Paging(BaseModel):
    """Which page, counted from 1."""

    page: int = Field(default=1, ge=1, le=MAX_PAGE)
    page_size: int = Field(default=20, ge=1, le=MAX_PAGE_SIZE)

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.page - 1) * self.page_size


def _clean(text: str) -> str:
    """Refuse what no database column can hold: NUL, and halves of a surrogate pair."""
    if "\0" in text:
        raise PydanticCustomError("unstorable_text", "must not contain NUL characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("unstorable_text", "must be valid Unicode") from None
    return text


CleanText = Annotated[str, AfterValidator(_clean)]
"""Text without NUL and lone surrogates."""


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_zulu, return_type=str, when_used="json")]
"""A time, written as ISO 8601 in UTC with a Z."""
