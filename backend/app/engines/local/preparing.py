"""From an upload to a stored photo: upright, sRGB, without metadata, its face found and judged. Runs in a child."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from app.engines.base import Prepared, PrepareRequest
from app.engines.local.detect import detect
from app.engines.local.failures import failures_told, reason
from app.engines.local.gates import THRESHOLDS, check
from app.engines.local.photo import load_photo
from app.engines.records import from_record, to_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.engines.local.detect import Detection
    from app.engines.local.networks import Pixels
    from app.engines.local.photo import Photo

KINDS: Final = frozenset({"JPEG", "PNG", "WEBP", "HEIF"})
"""What a service accepts, by Pillow's names. Of an animation the first frame: a portrait that moves is still one."""
_JPEG: Final = {"quality": 92, "subsampling": 0}
"""Colours in full resolution: lips and eyes are small, and a sticker enlarges them."""
_PNG: Final = {"compress_level": 1}


def prepare(argument: Any, report: Callable[[float], None]) -> Any:
    """A PrepareRequest's record in, a Prepared's out.

    Raises:
        EngineFailure: InputRefused, EngineFailed or OutOfMemory.
    """
    with failures_told():
        return to_record(_prepared(from_record(PrepareRequest, argument), report))


def find_faces(pixels: Pixels) -> Detection:
    """The faces of a stored photo; the same whether it is judged or animated."""
    return detect(pixels, rival=THRESHOLDS.rival_width)


def _prepared(request: PrepareRequest, report: Callable[[float], None]) -> Prepared:
    photo = load_photo(
        request.source,
        max_side=request.max_side,
        max_pixels=request.max_pixels,
        max_bytes=request.max_bytes,
        kinds=KINDS,
    )
    report(0.4)
    file, content_type = _stored(photo, request.target_dir)
    report(0.5)
    detection = find_faces(photo.pixels)
    report(0.8)
    verdict = check(photo.pixels, detection)
    height, width = photo.pixels.shape[:2]
    return Prepared(
        file=file,
        content_type=content_type,
        bytes=file.stat().st_size,
        width=width,
        height=height,
        passed=verdict.passed,
        face_box=verdict.face_bbox,
        ext_box=verdict.ext_bbox,
        reasons=tuple(reason(each) for each in verdict.reasons),
    )


def _stored(photo: Photo, folder: Path) -> tuple[Path, str]:
    """Written from bare pixels, so nothing of the upload but them can be in the file."""
    image = Image.fromarray(photo.pixels)
    if photo.alpha is None:
        file = folder / "photo.jpg"
        image.save(file, "JPEG", **_JPEG)
        return file, "image/jpeg"
    image.putalpha(Image.fromarray(photo.alpha))
    file = folder / "photo.png"
    image.save(file, "PNG", **_PNG)
    return file, "image/png"
