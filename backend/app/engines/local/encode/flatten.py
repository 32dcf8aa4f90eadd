"""RGBA to the planes that video codecs take: BT.709, limited range, 4:2:0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from av.video.frame import VideoFrame

if TYPE_CHECKING:
    import av
    from av.video.plane import VideoPlane
    from numpy.typing import NDArray

    from app.engines.local.encode.frames import Frame

Colour = tuple[int, int, int]

_RED, _BLUE = 0.2126, 0.0722
_BT709, _LIMITED = 1, 1


def _matrix() -> NDArray[np.float32]:
    """Give RGB (0..255) to Y'CbCr (16..235, 16..240) of ITU-R BT.709 as (3, 4), offsets last."""
    luma = np.array([_RED, 1 - _RED - _BLUE, _BLUE])
    blue = (np.array([0, 0, 1]) - luma) / (2 * (1 - _BLUE))
    red = (np.array([1, 0, 0]) - luma) / (2 * (1 - _RED))
    rows = np.stack([luma * (219 / 255), blue * (224 / 255), red * (224 / 255)])
    return np.concatenate([rows, [[16], [128], [128]]], axis=1).astype(np.float32)


def even(length: int) -> int:
    """Round up to an even number: 4:2:0 shares one colour among two rows and columns."""
    return length + length % 2


class Planes:
    """Turns frames of one size into video frames, in buffers of its own that are used again.

    Odd sides are padded by one repeated row or column at the right and the bottom.
    """

    def __init__(self, width: int, height: int, background: Colour, *, keep_alpha: bool) -> None:
        """Prepare for frames of this size.

        Args:
            width: of the frames, px.
            height: of the frames, px.
            background: sRGB; what lies under them, or, with alpha kept, what wholly transparent pixels are
                coloured with, so that a lossy codec does not smear black into the edges.
            keep_alpha: whether the video frames carry alpha (yuva420p) or lie on the background (yuv420p).
        """
        self._width, self._height = width, height
        self.width, self.height = even(width), even(height)
        self._keep_alpha = keep_alpha
        self._format = "yuva420p" if keep_alpha else "yuv420p"
        self._matrix = _matrix()
        shape = (self.height, self.width)
        self._background = np.empty((*shape, 4), np.uint8)
        self._background[:] = (*background, 0)
        self._white = background == (255, 255, 255)
        self._flat, self._rest = np.empty((*shape, 4), np.uint8), np.empty((*shape, 4), np.uint8)
        self._alpha, self._uncovered = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
        self._rgb, self._ycc = np.empty((*shape, 3), np.uint8), np.empty((*shape, 3), np.uint8)
        self._half = np.empty((self.height // 2, self.width // 2, 3), np.uint8)

    def convert(self, frame: Frame) -> VideoFrame:
        """Give the frame, tagged BT.709 and limited range."""
        if frame.shape[:2] != (self.height, self.width):
            bottom, right = self.height - self._height, self.width - self._width
            frame = np.pad(frame, ((0, bottom), (0, right), (0, 0)), mode="edge")
        cv2.extractChannel(frame, 3, self._alpha)
        cv2.cvtColor(self._fill(frame) if self._keep_alpha else self._lay(frame), cv2.COLOR_RGBA2RGB, self._rgb)
        cv2.transform(self._rgb, self._matrix, self._ycc)
        cv2.resize(self._ycc, (self.width // 2, self.height // 2), self._half, interpolation=cv2.INTER_AREA)

        video = VideoFrame(self.width, self.height, self._format)
        planes = [writable(plane) for plane in video.planes]
        cv2.extractChannel(self._ycc, 0, planes[0])
        cv2.extractChannel(self._half, 1, planes[1])
        cv2.extractChannel(self._half, 2, planes[2])
        if self._keep_alpha:
            planes[3][:] = self._alpha
        video.colorspace, video.color_range = _BT709, _LIMITED
        return video

    def _lay(self, frame: Frame) -> Frame:
        """Lay the frame over the background."""
        cv2.bitwise_not(self._alpha, self._uncovered)
        cv2.cvtColor(self._uncovered, cv2.COLOR_GRAY2RGBA, self._rest)
        if not self._white:
            cv2.multiply(self._rest, self._background, self._rest, 1 / 255)
        cv2.cvtColor(frame, cv2.COLOR_RGBA2mRGBA, self._flat)
        cv2.add(self._flat, self._rest, self._flat)
        return self._flat

    def _fill(self, frame: Frame) -> Frame:
        """Put the background colour where nothing is seen."""
        np.copyto(self._flat, self._background)
        cv2.copyTo(frame, self._alpha, self._flat)
        return self._flat


def tag_bt709(context: av.VideoCodecContext) -> None:
    """Say in the stream what ``Planes`` computed."""
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = _LIMITED


def writable(plane: VideoPlane, channels: int = 1) -> NDArray[np.uint8]:
    """View the pixels of a plane without the padding of its lines: (height, width), or with channels after it.

    Frames that PyAV makes from an array are held until the garbage collector comes round, dozens at a time; frames
    that are written into like this go at once.
    """
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    pixels = lines[:, : plane.width * channels]
    return pixels if channels == 1 else pixels.reshape(plane.height, plane.width, channels)
