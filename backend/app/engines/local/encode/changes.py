"""Which rectangle of a frame has to be written, given what a viewer already shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of the canvas, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Index an array (height, width, …) with this to get the part."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


def bounds(mask: NDArray[np.bool_]) -> Rectangle:
    """Give the smallest rectangle round the set pixels; one corner pixel when none is set, as no file may have none."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return Rectangle(x, y, width, height) if width else Rectangle(0, 0, 1, 1)


def colours_for(quality: int | None) -> int:
    """Give the palette size for a quality: 256 entries by default and at 100, 16 at the least."""
    return 256 if quality is None else max(16, round(256 * min(quality, 100) / 100))
