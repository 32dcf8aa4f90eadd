"""H.264 in MP4, and VP9 with alpha in WebM."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import av

from app.engines.local.encode.flatten import Colour, Planes, tag_bt709
from app.engines.local.encode.timing import rational

if TYPE_CHECKING:
    from pathlib import Path

    from app.engines.local.encode.frames import FrameStream


@dataclass(frozen=True, slots=True)
class _Recipe:
    container: str
    codec: str
    pixel_format: str
    codec_options: dict[str, str]
    container_options: dict[str, str] = field(default_factory=dict)


def write_mp4(
    frames: FrameStream, path: Path, *, fps: float, background: Colour, quality: int | None = None
) -> tuple[int, int]:
    """Write the frames as H.264 on a background: 4:2:0, BT.709, index first, for every player and messenger.

    MP4 has no loop mark; players decide.

    Args:
        frames: consumed one by one.
        path: an existing file, overwritten.
        fps: frames a second.
        background: sRGB, shown wherever the frames are transparent.
        quality: 1..100, ``None`` is 80 (constant rate factor 20).

    Returns:
        Width and height of the video; odd sides grow by a pixel.
    """
    recipe = _Recipe(
        container="mp4",
        codec="libx264",
        pixel_format="yuv420p",
        # A preset between superfast and veryfast: two thirds of the time of the latter at 0.6 dB less and fewer bytes.
        codec_options={
            "preset": "veryfast",
            "crf": str(_scaled(quality, worst=40, default=20, best=12)),
            # Without cpu-independent one run in some dozens differs: the vector code of its rate control does.
            "x264-params": "subme=2:me=dia:weightp=0:rc-lookahead=5:b-adapt=0:bframes=2:scenecut=0:cpu-independent=1",
        },
        container_options={"movflags": "+faststart"},
    )
    return _write(recipe, frames, path, fps, Planes(frames.width, frames.height, background, keep_alpha=False))


def write_webm(
    frames: FrameStream, path: Path, *, fps: float, background: Colour, quality: int | None = None
) -> tuple[int, int]:
    """Write the frames as VP9 with an alpha channel, as browsers and messengers show it.

    Args:
        frames: consumed one by one.
        path: an existing file, overwritten.
        fps: frames a second.
        background: sRGB of pixels that nobody sees; the colour of the outline keeps edges clean.
        quality: 1..100, ``None`` is 80 (constant rate factor 32).

    Returns:
        Width and height of the video; odd sides grow by a pixel.
    """
    recipe = _Recipe(
        container="webm",
        codec="libvpx-vp9",
        pixel_format="yuva420p",
        codec_options={
            "crf": str(_scaled(quality, worst=56, default=32, best=18)),
            "b": "0",
            "deadline": "realtime",
            "cpu-used": "8",
            "auto-alt-ref": "0",  # alternate references and alpha exclude each other
            "lag-in-frames": "0",
        },
    )
    return _write(recipe, frames, path, fps, Planes(frames.width, frames.height, background, keep_alpha=True))


def _write(recipe: _Recipe, frames: FrameStream, path: Path, fps: float, planes: Planes) -> tuple[int, int]:
    # "bitexact" leaves out random identifiers, times and the version of the encoder.
    options = {"fflags": "+bitexact", **recipe.container_options}
    with av.open(str(path), "w", format=recipe.container, options=options) as container:
        stream = container.add_stream(recipe.codec, rate=rational(fps), options=recipe.codec_options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = planes.width, planes.height, recipe.pixel_format
        stream.codec_context.thread_count = 1
        tag_bt709(stream.codec_context)
        for number, frame in enumerate(frames):
            video = planes.convert(frame)
            video.pts = number
            video.time_base = 1 / rational(fps)
            container.mux(stream.encode(video))
        container.mux(stream.encode(None))
    return planes.width, planes.height


def _scaled(quality: int | None, *, worst: int, default: int, best: int) -> int:
    """Map 1..80..100 to a rate factor, straight from worst to default to best."""
    level = 80 if quality is None else quality
    if level <= 80:
        return round(worst + (default - worst) * level / 80)
    return round(default + (best - default) * (level - 80) / 20)
