"""Frames to files: GIF, animated WebP, APNG, MP4 and WebM.

Every encoder takes the frames one by one, writes the file atomically, loops for ever where the format can, and gives
the same bytes for the same frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

from app.engines.local.encode.apng import write_apng
from app.engines.local.encode.atomic import replacing, write_failure
from app.engines.local.encode.formats import SUFFIXES, Encoded, Format
from app.engines.local.encode.frames import Frame, FrameStream, Progress
from app.engines.local.encode.gif import write_gif
from app.engines.local.encode.still import encode_still
from app.engines.local.encode.timing import rational
from app.engines.local.encode.video import write_mp4, write_webm
from app.engines.local.encode.webp import write_webp
from app.engines.local.errors import EncodeFailed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from app.engines.local.encode.flatten import Colour

__all__ = ["SUFFIXES", "Encoded", "Format", "Frame", "Progress", "encode", "encode_still"]

_SLOWEST, _FASTEST = 1.0, 60.0


def encode(
    frames: Iterable[Frame],
    target: Path,
    *,
    fps: float,
    format: Format | None = None,  # noqa: A002 - the word that callers expect
    background: Colour = (255, 255, 255),
    quality: int | None = None,
    progress: Progress | None = None,
) -> Encoded:
    """Write frames as an animated sticker.

    Args:
        frames: RGBA uint8 (height, width, 4), straight alpha, all of one size; consumed once, never kept.
        target: where to; its folder must exist. An older file is replaced only when the new one is complete.
        fps: frames a second, 1 to 60; a GIF takes 50 at the most.
        format: by default from the target's suffix (``.png`` is an APNG).
        background: sRGB. MP4: what shows through. WebM: the colour of invisible pixels; keep it that of the outline.
        quality: 1..100; see each ``write_…`` for its meaning and default.
        progress: called with the number of frames taken, after each.

    Returns:
        What was written.

    Raises:
        EncodeFailed: ``encode_no_frames``, ``encode_frame_kind``, ``encode_frame_size``, ``encode_frame_rate``,
            ``encode_too_large``, ``encode_quality``, ``encode_unknown_suffix``, ``encode_folder_missing``,
            ``encode_not_writable``, ``encode_disk_full``, ``encode_write_failed``, ``encode_codec_failed``.
            What ``frames`` itself raises passes through. In every case the target is as it was.
    """
    kind = Format.of(target) if format is None else format
    if not _SLOWEST <= fps <= _FASTEST:
        raise EncodeFailed("encode_frame_rate", fps=fps, format=kind.value, fastest=int(_FASTEST))
    if quality is not None and not 1 <= quality <= 100:
        raise EncodeFailed("encode_quality", quality=quality)
    with replacing(target) as draft:
        stream = FrameStream(frames, progress)
        try:
            width, height = _write(kind, stream, draft, fps=fps, background=background, quality=quality)
        except (OSError, av.FFmpegError) as error:
            if error is stream.failure:
                raise
            if isinstance(error, OSError) or error.errno:
                raise write_failure(OSError(error.errno, error.strerror), target) from error
            raise EncodeFailed("encode_codec_failed", format=kind.value, problem=str(error)) from error
        size = draft.stat().st_size
    return Encoded(target, kind, width, height, stream.count, float(stream.count / rational(fps)), size)


def _write(
    kind: Format, stream: FrameStream, draft: Path, *, fps: float, background: Colour, quality: int | None
) -> tuple[int, int]:
    match kind:
        case Format.MP4:
            return write_mp4(stream, draft, fps=fps, background=background, quality=quality)
        case Format.WEBM:
            return write_webm(stream, draft, fps=fps, background=background, quality=quality)
        case Format.GIF:
            write_gif(stream, draft, fps=fps, quality=quality)
        case Format.WEBP:
            write_webp(stream, draft, fps=fps, quality=quality)
        case Format.APNG:
            write_apng(stream, draft, fps=fps, quality=quality)
    return stream.width, stream.height
