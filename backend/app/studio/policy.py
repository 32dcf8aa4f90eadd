"""What the page may load: its own files, and stickers from where they are kept. Nothing inline, nothing foreign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.media.object_stores import public_origin

if TYPE_CHECKING:
    from app.core.settings import Settings


def content_security_policy(settings: Settings) -> str:
    """The page's policy. Photos that were just picked are shown from ``blob:``, before they are sent anywhere."""
    stored = f" {public_origin(settings)}" if settings.STORAGE_BACKEND == "s3" else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"img-src 'self' blob: data:{stored}",
            f"media-src 'self' blob: data:{stored}",
            f"connect-src 'self'{stored}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
