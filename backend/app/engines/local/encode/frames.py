"""Frames on their way in: looked at one by one, counted, never kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.engines.local.errors import EncodeFailed

Frame: TypeAlias = NDArray[np.uint8]
"""RGBA, straight alpha, (height, width, 4)."""

Progress: TypeAlias = Callable[[int], None]
"""Told how many frames have been taken so far."""


class FrameStream:
    """A checked, counted, single pass over frames of one size.

    The first frame is taken at once, so that ``width`` and ``height`` are known before a file is begun. A frame is
    handed on as it came and may be overwritten by its maker once the next one is asked for.
    """

    def __init__(self, frames: Iterable[Frame], progress: Progress | None = None) -> None:
        """Take the first frame.

        Raises:
            EncodeFailed: ``encode_no_frames``, ``encode_frame_kind`` (frame, shape, dtype).
        """
        self._source = iter(frames)
        self._progress = progress
        self.count = 0
        self.failure: BaseException | None = None
        """What the maker of the frames raised, so that it is not taken for an error of the encoder."""
        try:
            first = next(self._source)
        except StopIteration:
            raise EncodeFailed("encode_no_frames") from None
        self._check_kind(first, 0)
        self.height, self.width = first.shape[:2]
        self._first = first

    def __iter__(self) -> Iterator[Frame]:
        """Give the frames, C-contiguous.

        Raises:
            EncodeFailed: ``encode_frame_size`` (frame, width, height, expected_width, expected_height),
                ``encode_frame_kind``.
        """
        for frame in chain([self._first], self._guarded()):
            self._check_kind(frame, self.count)
            height, width = frame.shape[:2]
            if (width, height) != (self.width, self.height):
                raise EncodeFailed(
                    "encode_frame_size",
                    frame=self.count,
                    width=width,
                    height=height,
                    expected_width=self.width,
                    expected_height=self.height,
                )
            yield np.ascontiguousarray(frame)
            self.count += 1
            if self._progress is not None:
                self._progress(self.count)

    def _guarded(self) -> Iterator[Frame]:
        try:
            yield from self._source
        except BaseException as error:
            self.failure = error
            raise

    @staticmethod
    def _check_kind(frame: Frame, number: int) -> None:
        shape: tuple[int, ...] = getattr(frame, "shape", ())
        dtype = getattr(frame, "dtype", None)
        if dtype != np.uint8 or len(shape) != 3 or shape[2] != 4 or 0 in shape:
            raise EncodeFailed("encode_frame_kind", frame=number, shape=tuple(shape), dtype=str(dtype))
