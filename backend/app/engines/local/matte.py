"""The cut-out: who belongs to the sticker, and with which edge."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.networks import segmentation
from app.engines.local.palette import person_likelihood
from app.engines.local.raster import disc, smoothstep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Plane = NDArray[np.float32]

BUST_MARGIN = 0.034
"""Free space left, right and under the bust, as a share of the canvas side: room for the white border."""
_BUST_CORNER = 0.22
_SHAPE_SAYS, _COLOUR_SAYS, _DISTANT = 0.8, 0.9, 1.3
_INSIDE = 0.92
_BORDER_WIDTH = 0.022
_BORDER_SMOOTHING = 0.009
_TIPS_FROM, _TIP_SIGMA = 0.66, 0.02


def person_alpha(pixels: Pixels, valid: Pixels, opinion: Plane, face_at: tuple[float, float]) -> Plane:
    """Alpha of the person whose face is at ``face_at`` (x, y canvas px): float32 (size, size), 0..1.

    ``pixels`` RGB u8 (size, size, 3), ``valid`` u8 (size, size) 255 where the photo reaches, ``opinion`` float32
    (size, size) of another look at another scale, negative where it did not look.
    """
    size = pixels.shape[0]
    by_shape = _probability(pixels, opinion)
    probability = _by_colour(pixels, valid, by_shape)
    alpha = guided_filter(pixels, probability, radius=max(2, round(size / 128)), regularisation=1e-3)
    alpha = np.clip((alpha - 0.30) / 0.45, 0, 1).astype(np.float32)
    sure = cv2.erode((probability > 0.9).astype(np.uint8), disc(size * 0.009))
    possible = cv2.dilate((probability > 0.1).astype(np.uint8), disc(size * 0.012))
    alpha = np.maximum(alpha, sure.astype(np.float32)) * possible
    alpha = _filled(_own_component(_without_veils(alpha), face_at), by_shape)
    alpha *= valid.astype(np.float32) / 255
    return alpha


def _filled(alpha: Plane, by_shape: Plane) -> Plane:
    """Fill gaps of the person where shape speaks for it: the shadow in an ear, no arm on a hip."""
    size = alpha.shape[0]
    half = (size // 2, size // 2)
    solid = (_shrunk(alpha, half) > 0.8).astype(np.uint8)
    around = disc(size * 0.004)
    count, labels = cv2.connectedComponents(1 - cv2.morphologyEx(solid, cv2.MORPH_CLOSE, around), connectivity=4)
    prior = _shrunk(by_shape, half)
    foreign = np.bincount(labels[prior < 0.08], minlength=count) > 0
    foreign[0] = False
    outside = cv2.dilate(foreign[labels].astype(np.uint8), around)
    holes = (solid == 0) & (outside == 0)
    holes &= prior > 0.2
    if not holes.any():
        return alpha
    wider = cv2.dilate(holes.astype(np.float32), np.ones((3, 3), np.uint8)) * (1 - outside)
    filled = cv2.resize(wider, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.maximum(alpha, filled), np.float32)


def _by_colour(pixels: Pixels, valid: Pixels, probability: Plane) -> Plane:
    """Let colours decide where the network is in doubt, at half resolution."""
    size = probability.shape[0]
    half = (size // 2, size // 2)
    small = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), np.uint8)
    prior = _shrunk(probability, half)
    seen = cv2.resize(valid, half, interpolation=cv2.INTER_AREA) > 254
    near = disc(size * 0.004)
    person = (cv2.erode((prior > 0.95).astype(np.uint8), near) > 0) & seen
    behind = (cv2.erode((prior < 0.05).astype(np.uint8), near) > 0) & seen
    asked = ~(person | behind) & seen
    if not (person.any() and behind.any() and asked.any()):
        return probability
    odds = person_likelihood(small, person, behind, asked)
    # The farther from the person, the clearer must colour speak.
    away = cv2.distanceTransform(1 - person.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3) / (size / 2)
    kept = np.clip(prior, 0.02, 0.99)
    doubt = _DISTANT * np.clip((away - 0.008) / 0.014, 0, 1)
    says = _SHAPE_SAYS * np.log(kept / (1 - kept)) + _COLOUR_SAYS * np.clip(odds, -4, 4) - doubt
    both = 1 / (1 + np.exp(-says))
    decided = np.where(asked, both, prior).astype(np.float32)
    # Single pixels are grain, not hair.
    decided = np.asarray(cv2.medianBlur(decided, 5), np.float32)
    return np.asarray(cv2.resize(decided, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _without_veils(alpha: Plane) -> Plane:
    """Steepen what is half transparent over more than an edge's width: that is a doubt, not a fringe."""
    size = alpha.shape[0]
    window = 2 * max(1, round(size * 0.009)) + 1
    softness = cv2.boxFilter(4 * alpha * (1 - alpha), -1, (window, window))
    share = np.clip((softness - 0.3) * 4, 0, 1)
    hard = np.clip((alpha - 0.5) * 5 + 0.5, 0, 1)
    return np.asarray(alpha + share * (hard - alpha), np.float32)


def given_alpha(alpha: Pixels, face_at: tuple[float, float]) -> Plane | None:
    """A photo's own alpha as the cut-out, or None when it does not cut the person out.

    Such are nearly all opaque, or transparent where the face at ``face_at`` (x, y canvas px) is: nothing would be left.
    """
    plane = np.asarray(alpha.astype(np.float32) / 255, np.float32)
    x, y = _pixel_at(face_at, plane.shape[0])
    if float((plane < 0.5).mean()) < 0.02 or plane[y, x] < 0.5:
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


def sticker_cut(alpha: Pixels) -> Pixels:
    """The cut-out inside the bust, u8 (size, size), without the sharp tips where a shoulder leaves the bust's curve."""
    size = alpha.shape[0]
    cut = cv2.multiply(alpha, cv2.convertScaleAbs(bust(size), alpha=255), scale=1 / 255)
    # Only there: blunting would eat hair higher up.
    top = int(_TIPS_FROM * size)
    part = cut[top:]
    half = cv2.resize(part, (size // 2, part.shape[0] // 2), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(half, (0, 0), _TIP_SIGMA * size / 2, borderType=cv2.BORDER_REPLICATE)
    # Half of a straight edge's surroundings is full, less of a tip's.
    kept = cv2.convertScaleAbs(blurred, alpha=255 / 20, beta=-88 * 255 / 20)
    kept = np.asarray(np.where(blurred < 88, 0, kept), np.uint8)
    blunt = cv2.resize(kept, (size, part.shape[0]), interpolation=cv2.INTER_CUBIC)
    ease = smoothstep(0, 0.1 * size, np.arange(size - top))[:, None]
    cut[top:] = np.rint(part * (1 - ease * (1 - blunt / 255.0)))
    return np.asarray(cut, np.uint8)


def sticker_border(alpha: Pixels) -> Pixels:
    """Coverage of the white border round a cut-out: u8 (size, size), 255 inside, evenly wide, its edge crisp."""
    size = alpha.shape[0]
    # A smooth field of distances has the same outline at half the resolution.
    small = cv2.resize(alpha, (size // 2, size // 2), interpolation=cv2.INTER_AREA)
    apart = cv2.distanceTransform((small < 128).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    smooth = cv2.GaussianBlur(apart, (0, 0), _BORDER_SMOOTHING * size / 2)
    away = cv2.resize(smooth, (size, size), interpolation=cv2.INTER_LINEAR)
    # A pixel and a half from white to nothing.
    white = np.asarray(cv2.convertScaleAbs(np.maximum(0.75 + _BORDER_WIDTH * size - 2 * away, 0), alpha=170), np.uint8)
    return np.asarray(cv2.max(white, alpha), np.uint8)


def edge_colours(pixels: Pixels, cut: Plane) -> Pixels:
    """The person's own colours carried over its edge, RGB u8: an edge's pixels have the background mixed in.

    ``cut`` float32 (h, w), the person's alpha.
    """
    inside = cv2.erode(cut, np.ones((3, 3), np.uint8)) > _INSIDE
    return bleed(pixels, inside.astype(np.float32))


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
    # Where the other look ends, its interpolated edge says nothing.
    unseen = cv2.erode(opinion, np.ones((5, 5), np.uint8), borderValue=(1,)) < -0.2
    return np.clip(np.where(unseen, here, both), 0, 1).astype(np.float32)


def _pixel_at(place: tuple[float, float], size: int) -> tuple[int, int]:
    """The canvas pixel (x, y) nearest to a place."""
    x, y = (min(max(round(v), 0), size - 1) for v in place)
    return x, y


def _own_component(alpha: Plane, face_at: tuple[float, float]) -> Plane:
    """Only the piece that holds the face, and no bridge thinner than an arm to a neighbour."""
    size = alpha.shape[0]
    solid = (alpha > 0.3).astype(np.uint8)
    x, y = _pixel_at(face_at, size)
    opened = cv2.morphologyEx(solid, cv2.MORPH_OPEN, disc(size * 0.012))
    opened[y, x] = 1
    _, labels = cv2.connectedComponents(opened)
    own = (labels == labels[y, x]).astype(np.uint8)
    # Opening rounds off hair; let the own piece grow back, but only over what was solid.
    grown = np.asarray(cv2.dilate(own, disc(size * 0.016)), np.uint8)
    keep = cv2.dilate(grown & solid, disc(size * 0.006))
    return np.asarray(alpha * keep, np.float32)
