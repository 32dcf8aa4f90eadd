"""The public catalogue: what a client needs to know before anybody signs in."""

from __future__ import annotations

from pydantic import Field

from app.core.i18n import Lang
from app.core.schemas import Schema


class TabRead(Schema):
    """A shelf of the list of templates."""

    id: str = Field(examples=["joy"])
    name: str = Field(examples=["开心"])


class StyleRead(Schema):
    """A template, in the caller's language."""

    driven_id: str = Field(examples=["wink"])
    name: str = Field(examples=["眨眼"])
    category: str = Field(description="The `id` of its tab", examples=["love"])
    duration_ms: int = Field(description="Of one loop")
    caption: str = Field(description="The words on the sticker when the task names none")
    preview_url: str | None = Field(description="A short loop, animated WebP; null for a template without one")
    poster_url: str | None = Field(description="The still picture of it")


class PointsRules(Schema):
    """What things cost."""

    welcome: int = Field(description="What a new account begins with")
    emoji_cost: int = Field(description="For one sticker; given back when there is none in the end")


class Limits(Schema):
    """What the service takes and how long it keeps it."""

    upload_bytes: int
    upload_types: list[str] = Field(description="Content types of photos", examples=[["image/jpeg"]])
    upload_min_side: int = Field(description="Pixels that the shorter side of a photo needs")
    upload_max_pixels: int
    caption_length: int = Field(description="Characters of a caption; more are refused")
    caption_width: int = Field(
        description="Full-width characters that fit on a sticker, narrow ones counting half; more end in an ellipsis"
    )
    active_tasks: int = Field(description="Unfinished tasks that one account may have at once")
    photo_retention_days: int = Field(description="Photos are deleted after this time; stickers stay")
    link_hours: int = Field(description="How long the links to photos and stickers hold at least")


class StickerRules(Schema):
    """What a sticker comes as."""

    formats: list[str] = Field(examples=[["mp4", "gif", "webp"]])
    size: int = Field(description="Pixels a side")


class ConfigRead(Schema):
    """Everything that a client shows before it does anything. All texts are in ``language``."""

    version: str = Field(description="Of the program")
    language: Lang
    tabs: list[TabRead] = Field(description="In display order; only those that have templates")
    styles: list[StyleRead] = Field(description="All templates on offer, in display order")
    points: PointsRules
    sticker: StickerRules
    limits: Limits
