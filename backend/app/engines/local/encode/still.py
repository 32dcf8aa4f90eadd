"""One frame as a picture: posters and contact sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from app.engines.local.encode.atomic import replacing, write_failure
from app.engines.local.encode.frames import Frame, FrameStream
from app.engines.local.errors import EncodeFailed

if TYPE_CHECKING:
    from pathlib import Path

_KINDS = {".png": "PNG", ".webp": "WEBP"}


def encode_still(frame: Frame, target: Path) -> Path:
    """Write one RGBA frame (height, width, 4), straight alpha, as PNG or lossless-alpha WebP, by the suffix.

    Raises:
        EncodeFailed: as ``encode`` does.
    """
    kind = _KINDS.get(target.suffix.lower())
    if kind is None:
        raise EncodeFailed("encode_unknown_suffix", suffix=target.suffix.lower(), known=" ".join(_KINDS))
    (checked,) = FrameStream([frame])
    with replacing(target) as draft:
        try:
            Image.fromarray(checked).save(draft, kind, quality=90, compress_level=6)
        except OSError as error:
            raise write_failure(error, target) from error
    return target
