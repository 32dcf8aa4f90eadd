"""Choose few colours for many: weighted k-means in a perceptual space, without chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROUNDS = 8
_CHUNK = 512
"""Rows of a product small enough to stay in the cache and on one thread."""
_LINEAR_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_CONES_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_SCALE = np.array([100.0, 200.0, 200.0])
_POPULARITY = 0.9
"""Exponent of a colour's pixel count. At 1 skin takes everything and captions fade; at 0.5 skin shows bands."""
_SAME_AS_PURE = 4.0
"""Distance within which a colour is taken for pure white or black."""


def to_lab(colours: NDArray[np.floating | np.uint8]) -> NDArray[np.float32]:
    """Turn sRGB (n, 3), 0..255, into Oklab (n, 3), lightness times 100, the two colour axes times 200.

    So scaled a distance of 1 is about the smallest one that is seen. Matrices: B. Ottosson, "A perceptual color space
    for image processing", 2020.
    """
    scaled = colours.astype(np.float64) / 255
    linear = np.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4)
    lab = np.cbrt(_multiply(linear, _LINEAR_TO_CONES))
    return np.asarray(_multiply(lab, _CONES_TO_LAB) * _SCALE, np.float32)


def from_lab(lab: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn scaled Oklab (n, 3) into sRGB (n, 3), clipped to the gamut."""
    cones = _multiply(lab.astype(np.float64) / _SCALE, np.linalg.inv(_CONES_TO_LAB)) ** 3
    linear = np.clip(_multiply(cones, np.linalg.inv(_LINEAR_TO_CONES)), 0, 1)
    scaled = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    level: NDArray[np.uint8] = np.clip(np.rint(scaled * 255), 0, 255).astype(np.uint8)
    return level


def nearest(points: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.intp]:
    """Give the index of the nearest centre for each point; both (n, d)."""
    squares = np.einsum("ij,ij->i", centres, centres)
    sides = np.concatenate([-2 * centres, squares[:, None]], axis=1).T
    places = np.concatenate([points, np.ones((len(points), 1), np.float32)], axis=1)
    found = np.empty(len(points), np.intp)
    for start in range(0, len(points), _CHUNK):
        found[start : start + _CHUNK] = np.argmin(places[start : start + _CHUNK] @ sides, axis=1)
    return found


def _multiply(vectors: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply each of the vectors (n, 3) by the matrix (3, 3), without the threads that a large product would wake."""
    return np.stack([vectors[:, 0] * row[0] + vectors[:, 1] * row[1] + vectors[:, 2] * row[2] for row in matrix], -1)


def cluster(points: NDArray[np.float32], weights: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Give at most ``size`` centres (k, d) that stand for the weighted points (n, d) with little squared error."""
    if len(points) <= size:
        return points.copy()
    centres = _split(points.astype(np.float64), weights, size).astype(np.float32)
    for _ in range(_ROUNDS):
        owner = nearest(points, centres)
        mass = np.bincount(owner, weights, len(centres))
        sums = [np.bincount(owner, weights * points[:, axis], len(centres)) for axis in range(points.shape[1])]
        means = np.stack(sums, axis=-1) / np.maximum(mass, 1e-12)[:, None]
        centres = np.where(mass[:, None] > 0, means, centres).astype(np.float32)
    return centres


def choose_colours(colours: NDArray[np.floating | np.uint8], counts: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Give at most ``size`` sRGB colours (k, 3) for the colours (n, 3), 0..255, seen ``counts`` times.

    White and black come out pure where the picture has them: an outline that is nearly white shows.
    """
    chosen = from_lab(cluster(to_lab(colours), counts.astype(np.float64) ** _POPULARITY, size))
    lab = to_lab(chosen)
    for level, lightness in ((255, 100.0), (0, 0.0)):
        distance = np.linalg.norm(lab - np.array([lightness, 0, 0], np.float32), axis=1)
        closest = int(np.argmin(distance))
        if distance[closest] < _SAME_AS_PURE:
            chosen[closest] = level
    return chosen


def _split(points: NDArray[np.float64], weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Start from one box and cut the box of largest weighted variance across its main axis, again and again.

    Far from the crowd counts squared, so a caption's few pixels get their own colours before skin gets its tenth.
    """

    def describe(members: NDArray[np.intp]) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        mass = weights[members]
        mean = mass @ points[members] / mass.sum()
        offset = points[members] - mean
        values, axes = np.linalg.eigh((offset * mass[:, None]).T @ offset)
        return float(values[-1]), offset @ axes[:, -1], mean

    groups = [np.arange(len(points))]
    facts = [describe(groups[0])]
    while len(groups) < size:
        widest = int(np.argmax([spread for spread, _, _ in facts]))
        spread, along, mean = facts[widest]
        low = along < 0
        if spread <= 1e-9:
            break
        if low.all() or not low.any():
            facts[widest] = (0.0, along, mean)
            continue
        members = groups[widest]
        groups[widest], facts[widest] = members[low], describe(members[low])
        groups.append(members[~low])
        facts.append(describe(members[~low]))
    return np.stack([mean for _, _, mean in facts])
