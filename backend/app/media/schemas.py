"""Photos as clients see them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from app.core.schemas import CleanText, Schema

Box = Annotated[list[int], Field(min_length=4, max_length=4, examples=[[120, 80, 420, 460]])]


class PhotoRead(Schema):
    """A photo that was taken in: upright, without metadata."""

    photo_id: UUID
    image_url: str = Field(description="Holds for a day; can be sent back as `image_url`")
    width: int
    height: int


class DetectRequest(Schema):
    """A photo that was uploaded before, by id or by the link that the upload answered with."""

    photo_id: UUID | None = None
    image_url: Annotated[CleanText, Field(max_length=2048)] | None = Field(
        default=None, description="Only a link that this service issued for a photo of the caller's"
    )

    @model_validator(mode="after")
    def _one_photo(self) -> DetectRequest:
        if (self.photo_id is None) == (self.image_url is None):
            raise ValueError("give photo_id or image_url, and only one of them")
        return self


class ReasonRead(Schema):
    """Why a photo does not pass, or what to expect of one that does."""

    code: str = Field(examples=["no_face"])
    message: str = Field(description="What is the matter and what helps, in the caller's language")
    refuses: bool = Field(description="False for a remark: the photo can be used all the same")


class DetectionRead(Schema):
    """Whether stickers can be made of a photo. Boxes are `[x0, y0, x1, y1]` in its pixels, null without a face."""

    photo_id: UUID
    image_url: str
    width: int
    height: int
    passed: bool
    face_bbox: Box | None
    ext_bbox: Box | None
    reasons: list[ReasonRead]
