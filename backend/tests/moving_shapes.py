"""Small moving stickers for the encoders, and readers that share no code with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Frames = list[NDArray[np.uint8]]


def disc(centre: tuple[float, float], radius: float, width: int = 96, height: int = 80) -> NDArray[np.uint8]:
    """A face-coloured disc with smooth edges in a white outline of 4 px; nothing else is drawn."""
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    distance = np.hypot(columns - centre[0], rows - centre[1])
    frame = np.full((height, width, 4), 255, np.uint8)
    skin = np.stack([225 - columns / 2, 170 - rows / 2, 140 - columns / 4], axis=-1)
    inside = np.clip(radius - 4 - distance + 0.5, 0, 1)[..., None]
    frame[..., :3] = np.rint(skin * inside + 255 * (1 - inside))
    frame[..., 3] = np.rint(255 * np.clip(radius - distance + 0.5, 0, 1))
    frame[frame[..., 3] == 0] = 0  # what lies under clear pixels is the maker's business: here it is black
    return frame


def walk(count: int = 6, width: int = 96, height: int = 80) -> Iterator[NDArray[np.uint8]]:
    """A disc that walks six pixels a frame to the right, with a blue block that stands still."""
    for number in range(count):
        frame = disc((24 + 6 * number, 36), 20, width, height)
        frame[64:76, 10:60] = (30, 60, 220, 255)
        yield frame


def over(frame: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.float64]:
    """Lay a frame on a colour."""
    alpha = frame[..., 3:].astype(np.float64) / 255
    laid: NDArray[np.float64] = frame[..., :3] * alpha + np.array(colour) * (1 - alpha)
    return laid


@dataclass(frozen=True)
class Animation:
    frames: Frames
    durations: list[float]
    """Milliseconds."""
    loop: int | None


def read_with_pillow(path: Path) -> Animation:
    """All frames as a viewer composes them, RGBA."""
    frames: Frames = []
    durations: list[float] = []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(np.array(image.convert("RGBA")))
            durations.append(float(image.info.get("duration", 0)))
        return Animation(frames, durations, image.info.get("loop"))


def read_with_opencv(path: Path) -> Animation:
    """All frames, RGBA."""
    found, animation = cv2.imreadanimation(str(path))
    assert found
    frames = [np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGRA2RGBA), np.uint8) for frame in animation.frames]
    return Animation(frames, [float(duration) for duration in animation.durations], animation.loop_count)


def read_with_ffmpeg(path: Path) -> Frames:
    """All frames, RGBA; the alpha of a WebM with the decoder that knows it."""
    frames: Frames = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context: av.VideoCodecContext = stream.codec_context
        if path.suffix == ".webm":
            created = av.CodecContext.create("libvpx-vp9", "r")
            assert isinstance(created, av.VideoCodecContext)
            context = created
        for packet in container.demux(stream):
            for frame in context.decode(packet if packet.size else None):
                frames.append(np.asarray(frame.to_ndarray(format="rgba"), np.uint8))
    return frames
