"""Faults of frames that need no eye to be found: the seam of a loop, flicker, halo and holes. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

STILL = 0.05
"""A pixel whose source moves by less than this, in px, from one frame to the next stands still."""
CHANGE = 2
"""Levels of 255 that a still pixel may change by."""
SOFT = 8, 247
"""Alpha between these is partial to the eye; what is within 3 % of clear or of full looks clear or full."""
SOFT_EDGE = 2.0
"""Partial alpha may lie this far, in px, from where alpha crosses one half."""
LEAST_STILL = 500
"""Fewer still pixels than this say nothing about flicker."""


def step(before: Pixels, after: Pixels) -> float:
    """Mean absolute difference of two premultiplied frames (h, w, 4), levels of 255."""
    return float(np.mean(cv2.mean(cv2.absdiff(before, after))))


def seam_ratio(seam: float, steps: Sequence[float]) -> float:
    """The step from the last frame to the first, over the largest step inside; 0 for a loop that stands still."""
    largest = max(steps, default=0.0)
    if seam <= 0.0:
        return 0.0
    return seam / largest if largest > 0.0 else float("inf")


def flicker(before: Pixels, after: Pixels, moved: Floats, face: Pixels) -> float:
    """Share of the person's still pixels outside the face that change all the same.

    Args:
        before: premultiplied RGBA u8 (h, w, 4), one frame of the person.
        after: the next frame.
        moved: (h, w), how far each pixel's source moves between the two, px.
        face: u8 (h, w), 255 where the face is in either frame; what changes there is not counted.

    A pixel at an edge changes a little even by a motion of a fraction of a pixel: what motion explains (its length
    times the contrast of the 3 x 3 pixels round) is taken off before the change is compared with :data:`CHANGE`.
    """
    seen = cv2.max(before[..., 3], after[..., 3]) > 0
    still = seen & (face == 0) & (moved < STILL)
    count = int(still.sum())
    if count < LEAST_STILL:
        return 0.0
    square = np.ones((3, 3), np.uint8)
    contrast = cv2.subtract(cv2.dilate(before, square), cv2.erode(before, square)).max(2).astype(np.float32)
    change = cv2.absdiff(before, after).max(2).astype(np.float32)
    return float((still & (change > CHANGE + moved * contrast)).sum()) / count


def halo(alpha: Pixels) -> float:
    """Share of the partially transparent pixels that lie further than 2 px from the alpha's edge.

    ``alpha`` u8 (h, w); partial is :data:`SOFT`, the edge is where alpha crosses one half.
    """
    partial = (alpha >= SOFT[0]) & (alpha <= SOFT[1])
    count = int(partial.sum())
    if count == 0:
        return 0.0
    inside = (alpha >= 128).astype(np.uint8)
    if inside.all() or not inside.any():
        return 1.0
    far = cv2.distanceTransform(inside, cv2.DIST_L2, 5) + cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    # The distance to the nearest pixel of the other side; the edge itself runs half a pixel before it.
    return float((partial & (far - 0.5 > SOFT_EDGE)).sum()) / count


def holes(alpha: Pixels) -> int:
    """Pixels that are less than 250 opaque and shut in by the person: from outside no path leads to them."""
    thin = np.pad((alpha < 250).astype(np.uint8), 1, constant_values=1)
    cv2.floodFill(thin, None, (0, 0), 0)
    return int(thin.sum())


def stretch(back: Floats, spacing: float, seen: NDArray[np.bool_]) -> float:
    """How many times longer the warp draws something than the photo has it: the worst place, along its worst direction.

    Args:
        back: (rows, columns, 2), the source position of every node, px.
        spacing: between nodes, px.
        seen: (rows, columns), the nodes that count; the worst hundredth of them is taken for noise.
    """
    down, across = np.gradient(back.astype(np.float64), spacing, axis=(0, 1))
    least = np.linalg.svd(np.stack([across, down], axis=-1)[seen], compute_uv=False)[:, -1]
    return float(1 / max(np.quantile(least, 0.01), 1e-3)) if least.size else 1.0
