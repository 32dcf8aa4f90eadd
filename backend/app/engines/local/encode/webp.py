"""Animated WebP with full alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame

from app.engines.local.encode.flatten import writable
from app.engines.local.encode.timing import rational

if TYPE_CHECKING:
    from pathlib import Path

    from app.engines.local.encode.frames import FrameStream

_QUALITY = 80
_ALPHA_STEPS = 31
"""Beyond 32 levels of alpha libwebp turns to another way of packing it, which takes twice the time of the colours."""
_ALPHA = np.rint(np.rint(np.arange(256) * (_ALPHA_STEPS / 255)) * (255 / _ALPHA_STEPS)).astype(np.uint8)


def write_webp(frames: FrameStream, path: Path, *, fps: float, quality: int | None = None) -> None:
    """Write the frames as a lossy WebP that loops for ever; the first frame is a key frame.

    libwebp's animation encoder crops and blends the changes by itself; it takes the pixels as RGB with alpha and
    cleans the colours that nobody sees. Alpha is rounded to 32 levels, at most 4 of 255 off, and is without loss
    otherwise. Compressed frames are held until the end: memory grows by the size of the file, not of the frames.

    Args:
        frames: consumed one by one.
        path: an existing file, overwritten.
        fps: frames a second; times are whole milliseconds.
        quality: 1..100, ``None`` is 80.
    """
    context = av.CodecContext.create("libwebp_anim", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = frames.width, frames.height, "bgra"
    context.time_base = 1 / rational(fps)
    context.thread_count = 1
    context.options = {"quality": str(_QUALITY if quality is None else quality), "compression_level": "2"}
    # One frame for all: the encoder takes its copy at once, and dropped ones would wait for the garbage collector.
    video = VideoFrame(frames.width, frames.height, "bgra")
    pixels = writable(video.planes[0], channels=4)
    with path.open("wb") as file:
        for number, frame in enumerate(frames):
            cv2.cvtColor(frame, cv2.COLOR_RGBA2BGRA, pixels)
            cv2.insertChannel(cv2.LUT(cv2.extractChannel(frame, 3), _ALPHA), pixels, 3)
            video.pts = number
            for packet in context.encode(video):
                file.write(bytes(packet))
        for packet in context.encode(None):
            file.write(bytes(packet))
