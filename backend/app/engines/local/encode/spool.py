"""Planes that have to be seen twice, kept on the disk instead of in memory."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray


class Spool:
    """Arrays of one shape in a file without a name, beside the target; it vanishes with the process at the latest.

    A palette that all frames share is only known after the last one, and a raw frame is a megabyte: the page cache
    keeps what fits, so this costs little more than two copies.
    """

    def __init__(self, folder: Path, shape: tuple[int, int]) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        self._shape = shape
        self.count = 0

    def __enter__(self) -> Spool:
        """Nothing to open; the file exists."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, which deletes it."""
        self._file.close()

    def append(self, plane: NDArray[np.uint32]) -> None:
        """Add one C-contiguous plane (height, width)."""
        self._file.write(plane.data)
        self.count += 1

    def __iter__(self) -> Iterator[NDArray[np.uint32]]:
        """Give the planes in order, all in the same buffer: each is overwritten by the next."""
        plane = np.empty(self._shape, np.uint32)
        self._file.seek(0)
        for _ in range(self.count):
            self._file.readinto(plane.data.cast("B"))
            yield plane
