"""The cut-out: who belongs to the sticker, and with which edge."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.networks import segmentation
from app.engines.local.raster import smoothstep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Plane = NDArray[np.float32]

BUST_MARGIN = 0.034
"""Free space left, right and under the bust, as a share of the canvas side: room for the white border."""
_BUST_CORNER = 0.22
_BORDER_SIGMA = 0.0165
_BORDER_LEVELS = (12, 34)


def person_alpha(pixels: Pixels, valid: Pixels, opinion: Plane, face_at: tuple[float, float]) -> Plane:
    """Alpha of the person whose face is at ``face_at`` (x, y canvas px): float32 (size, size), 0..1.

    ``pixels`` RGB u8 (size, size, 3), ``valid`` u8 (size, size) 255 where the photo reaches, ``opinion`` float32
    (size, size) of another look at another scale, negative where it did not look.
    """
    size = pixels.shape[0]
    probability = _probability(pixels, opinion)
    alpha = guided_filter(pixels, probability, radius=max(2, round(size / 100)), regularisation=1e-3)
    alpha = np.clip((alpha - 0.30) / 0.45, 0, 1).astype(np.float32)
    sure = cv2.erode((probability > 0.9).astype(np.uint8), _disc(size, 0.009))
    possible = cv2.dilate((probability > 0.1).astype(np.uint8), _disc(size, 0.024))
    alpha = np.maximum(alpha, sure.astype(np.float32)) * possible
    alpha = _own_component(alpha, face_at)
    alpha *= valid.astype(np.float32) / 255
    return alpha


def given_alpha(alpha: Pixels, face_at: tuple[float, float]) -> Plane | None:
    """A photo's own alpha as the cut-out, or None when it does not cut the person out (nearly all opaque)."""
    plane = np.asarray(alpha.astype(np.float32) / 255, np.float32)
    if float((plane < 0.5).mean()) < 0.02:
        return None
    return _own_component(plane, face_at)


@lru_cache(maxsize=4)
def bust(size: int) -> Plane:
    """The sticker's outline at the canvas edges: open at the top, round corners at the bottom; float32 0..1."""
    margin = BUST_MARGIN * size
    corner = _BUST_CORNER * size
    y, x = np.mgrid[:size, :size].astype(np.float32)
    # Distance to a rectangle with round corners, negative inside.
    dx = np.abs(x - (size - 1) / 2) - ((size - 1) / 2 - margin - corner)
    dy = y - (size - 1 - margin - corner)
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - corner
    shape = np.asarray(np.clip(0.5 - outside, 0, 1), np.float32)
    shape.setflags(write=False)
    return shape


def sticker_border(alpha: Pixels) -> Pixels:
    """Coverage of the white border round a cut-out: u8 (size, size), 255 inside, soft at its outer edge."""
    size = alpha.shape[0]
    # The border is as smooth as its blur is wide: half the pixels carry it.
    small = cv2.resize(alpha, (size // 2, size // 2), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), _BORDER_SIGMA * size / 2)
    full = cv2.resize(blurred, (size, size), interpolation=cv2.INTER_CUBIC)
    levels = np.rint(smoothstep(*_BORDER_LEVELS, np.arange(256)) * 255).astype(np.uint8)
    return np.asarray(cv2.LUT(full, levels), np.uint8)


def bleed(pixels: Pixels, weight: Plane) -> Pixels:
    """Fill what has no weight with the colours around it (push-pull over a pyramid); the rest stays as it is.

    ``pixels`` RGB u8 (h, w, 3), ``weight`` float32 (h, w) 0..1.
    """
    height, width = weight.shape
    half = (max(width // 2, 1), max(height // 2, 1))
    mass = weight.astype(np.float32)
    weighted = np.asarray(cv2.multiply(pixels, cv2.merge([mass, mass, mass]), dtype=cv2.CV_32F), np.float32)
    # What is made up is smooth: half the resolution is enough for it.
    levels = [(_shrunk(weighted, half), _shrunk(mass, half))]
    while max(levels[-1][1].shape) > 2:
        colour, mass = levels[-1]
        levels.append((np.asarray(cv2.pyrDown(colour), np.float32), np.asarray(cv2.pyrDown(mass), np.float32)))
    colour, mass = levels[-1]
    filled = colour / (mass[..., None] + 1e-9)
    for colour, mass in levels[-2::-1]:
        wider = cv2.pyrUp(filled, dstsize=(colour.shape[1], colour.shape[0]))
        known = np.clip(mass * 4, 0, 1)[..., None]
        filled = known * (colour / (mass[..., None] + 1e-9)) + (1 - known) * wider
    made = np.clip(filled + 0.5, 0, 255).astype(np.uint8)
    result = np.asarray(cv2.resize(made, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    cv2.copyTo(pixels, (weight >= 1).astype(np.uint8), result)
    return result


def _shrunk(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def guided_filter(guide: Pixels, plane: Plane, *, radius: int, regularisation: float) -> Plane:
    """Snap a soft plane to the edges of a colour picture.

    The fast guided filter (He and Sun, 2015) with a colour guide: coefficients at half resolution, the 3 x 3
    covariance inverted in closed form. ``guide`` RGB u8 (h, w, 3); ``plane`` float32 (h, w); float32 (h, w).
    """
    height, width = plane.shape
    half = (width // 2, height // 2)
    full = guide.astype(np.float32) / 255
    small = np.asarray(cv2.resize(full, half, interpolation=cv2.INTER_AREA), np.float32)
    target = np.asarray(cv2.resize(plane.astype(np.float32), half, interpolation=cv2.INTER_AREA), np.float32)
    window = 2 * max(1, radius // 2) + 1

    def mean(values: Plane) -> Plane:
        return np.asarray(cv2.boxFilter(values, -1, (window, window), borderType=cv2.BORDER_REFLECT), np.float32)

    channels = [np.asarray(channel, np.float32) for channel in cv2.split(small)]
    means = [mean(channel) for channel in channels]
    target_mean = mean(target)
    covariance = {
        (i, j): mean(channels[i] * channels[j]) - means[i] * means[j] + (regularisation if i == j else 0)
        for i in range(3)
        for j in range(i, 3)
    }
    with_target = [mean(channels[i] * target) - means[i] * target_mean for i in range(3)]
    a, b, c = covariance[0, 0], covariance[0, 1], covariance[0, 2]
    d, e, f = covariance[1, 1], covariance[1, 2], covariance[2, 2]
    cofactors = (d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b)
    inverse = 1 / (a * cofactors[0] + b * cofactors[1] + c * cofactors[2])
    x, y, z = with_target
    slopes = [
        (cofactors[0] * x + cofactors[1] * y + cofactors[2] * z) * inverse,
        (cofactors[1] * x + cofactors[3] * y + cofactors[4] * z) * inverse,
        (cofactors[2] * x + cofactors[4] * y + cofactors[5] * z) * inverse,
    ]
    offset = target_mean - slopes[0] * means[0] - slopes[1] * means[1] - slopes[2] * means[2]
    smoothed = mean(np.dstack([*slopes, offset]))
    coefficients = cv2.resize(smoothed, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray((coefficients[..., :3] * full).sum(-1) + coefficients[..., 3], np.float32)


def _probability(pixels: Pixels, opinion: Plane) -> Plane:
    """The network's opinion at canvas size, averaged with the one it had at another scale."""
    size = pixels.shape[0]
    here = cv2.resize(segmentation(pixels), (size, size), interpolation=cv2.INTER_CUBIC)
    both = cv2.addWeighted(here, 0.5, opinion, 0.5, 0)
    return np.clip(np.where(opinion < 0, here, both), 0, 1).astype(np.float32)


def _own_component(alpha: Plane, face_at: tuple[float, float]) -> Plane:
    """Only the piece that holds the face, and no bridge thinner than an arm to a neighbour."""
    size = alpha.shape[0]
    solid = (alpha > 0.3).astype(np.uint8)
    x, y = (int(np.clip(round(v), 0, size - 1)) for v in face_at)
    opened = cv2.morphologyEx(solid, cv2.MORPH_OPEN, _disc(size, 0.012))
    opened[y, x] = 1
    _, labels = cv2.connectedComponents(opened)
    own = (labels == labels[y, x]).astype(np.uint8)
    # Opening rounds off hair; let the own piece grow back, but only over what was solid.
    grown = np.asarray(cv2.dilate(own, _disc(size, 0.016)), np.uint8)
    keep = cv2.dilate(grown & solid, _disc(size, 0.006))
    return np.asarray(alpha * keep, np.float32)


def _disc(size: int, share: float) -> Pixels:
    """A round structuring element whose radius is a share of the canvas side."""
    side = 2 * max(1, round(size * share)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
