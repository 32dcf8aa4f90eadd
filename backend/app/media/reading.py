"""A photo as its owner sees it: links signed, reasons in the owner's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.media.schemas import DetectionRead, PhotoRead, ReasonRead

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.core.i18n import Lang
    from app.media.models import Photo


async def read_photo(photo: Photo, link: Callable[[str], Awaitable[str]]) -> PhotoRead:
    """The photo with ``link(key)`` to its file."""
    return PhotoRead(photo_id=photo.id, image_url=await link(photo.key or ""), width=photo.width, height=photo.height)


async def read_detection(photo: Photo, lang: Lang, link: Callable[[str], Awaitable[str]]) -> DetectionRead:
    """What was found in the photo when it was prepared."""
    found: dict[str, Any] = photo.detection or {}
    reasons = [
        ReasonRead(code=reason["code"], message=reason["message"][lang], refuses=reason["refuses"])
        for reason in found.get("reasons", [])
    ]
    return DetectionRead(
        photo_id=photo.id,
        image_url=await link(photo.key or ""),
        width=photo.width,
        height=photo.height,
        passed=found.get("passed", False),
        face_bbox=found.get("face_bbox"),
        ext_bbox=found.get("ext_bbox"),
        reasons=reasons,
    )
