"""Which parts of a picture the face detector is shown, and how its answers become one list.

The detector sees 128 px. Faces that are small in the picture are found in tiles of it, faces that overflow it
with a border round it, and faces that lie on their side when the picture is turned.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.networks import DETECTOR_SIZE, Candidate, Pixels, Points, face_candidates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Long side of the copy that is searched, and by which share it may differ for a reduction by a whole number, which
# takes a twentieth of the time.
_SEARCHED_SIDE = 1024
_SEARCHED_SLACK = 0.1
# Tiles as fractions of the long side, neighbours overlapping by at least 30 %.
_TILES = (0.6, 0.38)
_TILE_STEP = 0.7
# Faces from this share of what the detector is shown are surely seen.
_SEEN = 0.13
# A tile shows skin-coloured parts of faces and hands close up: ask for more certainty there.
_TILE_THRESHOLD = 0.6
# Border round a picture that a face overflows, as a fraction of its long side.
_BORDER = 0.5
# Shared area over the smaller box from which two finds are the same face.
_SAME_FACE_SHARE = 0.35


def searches(image: Pixels, *, thorough: bool, rival: float | None = None) -> Iterator[list[Candidate]]:
    """Candidates pass by pass, from the likely and cheap to the desperate; in each one per face, the largest first.

    Take passes until one of them holds a face. ``thorough`` adds the tiles to the first pass; ``rival`` those that it
    takes to see faces of that share of the largest one's width.
    """
    small, scale = _searched(image)
    for candidates in _passes(small, thorough=thorough, rival=rival):
        yield [_mapped(each, np.diag(scale), (scale - 1) / 2) for each in candidates]


def _searched(image: Pixels) -> tuple[Pixels, Points]:
    """The copy that is searched and, per axis, how much larger the picture is.

    Even a tile of the smaller kind is shown at no more than its resolution; no pass needs to average more pixels.
    """
    height, width = image.shape[:2]
    times = max(height, width) / _SEARCHED_SIDE
    if times <= 1:
        return image, np.ones(2)
    whole = round(times)
    if whole > 1 and abs(times / whole - 1) <= _SEARCHED_SLACK and min(height, width) >= whole:
        columns, rows = width // whole, height // whole
        image, scale = image[: rows * whole, : columns * whole], np.full(2, float(whole))
    else:
        columns, rows = (max(1, round(length / times)) for length in (width, height))
        scale = np.array([width / columns, height / rows])
    return np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8), scale


def _passes(image: Pixels, *, thorough: bool, rival: float | None) -> Iterator[list[Candidate]]:
    whole = face_candidates(image)
    tiles: tuple[float, ...] = ()
    if thorough:
        tiles = _TILES
    elif rival is not None and whole:
        largest = max(float(each.box[2] - each.box[0]) for each in whole) / max(image.shape[:2])
        tiles = tuple(_TILES[: sum(rival * largest < _SEEN * shown for shown in (1.0, *_TILES[:-1]))])
    yield _distinct([*whole, *_in_tiles(image, tiles)]) if tiles else whole
    yield list(_with_border(image))
    yield _distinct(list(_turned(image)))
    if not thorough:
        yield _distinct(list(_in_tiles(image, _TILES)))


def _in_tiles(image: Pixels, fractions: Sequence[float]) -> Iterator[Candidate]:
    height, width = image.shape[:2]
    for fraction in fractions:
        side = max(int(max(height, width) * fraction), 1)
        for top in _starts(height, side):
            for left in _starts(width, side):
                tile = image[top : top + side, left : left + side]
                for candidate in face_candidates(tile, threshold=_TILE_THRESHOLD):
                    yield _mapped(candidate, np.eye(2), np.array([left, top]))


def _starts(length: int, side: int) -> list[int]:
    """Evenly spread positions of tiles of ``side`` px that cover ``length`` px."""
    if length <= side:
        return [0]
    count = int(np.ceil((length - side) / (side * _TILE_STEP))) + 1
    return [round(start) for start in np.linspace(0, length - side, count)]


def _with_border(image: Pixels) -> Iterator[Candidate]:
    """For a face that fills the picture: shown smaller, its edge pixels stretched outward."""
    height, width = image.shape[:2]
    shrink = min(1.0, 2 * DETECTOR_SIZE / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    border = max(1, round(_BORDER * max(size)))
    framed = cv2.copyMakeBorder(small, border, border, border, border, cv2.BORDER_REPLICATE)
    scale = np.array([width / size[0], height / size[1]])
    for candidate in face_candidates(np.asarray(framed, np.uint8)):
        yield _mapped(candidate, np.diag(scale), scale * (0.5 - border) - 0.5)


def _turned(image: Pixels) -> Iterator[Candidate]:
    """For a picture that lies on its side or stands on its head."""
    height, width = image.shape[:2]
    last_x, last_y = width - 1, height - 1
    turns = (
        (cv2.ROTATE_90_CLOCKWISE, [[0, 1], [-1, 0]], [0, last_y]),
        (cv2.ROTATE_90_COUNTERCLOCKWISE, [[0, -1], [1, 0]], [last_x, 0]),
        (cv2.ROTATE_180, [[-1, 0], [0, -1]], [last_x, last_y]),
    )
    for turn, linear, offset in turns:
        for candidate in face_candidates(np.asarray(cv2.rotate(image, turn), np.uint8)):
            yield _mapped(candidate, np.array(linear, np.float64), np.array(offset, np.float64))


def _mapped(candidate: Candidate, linear: Points, offset: Points) -> Candidate:
    """A candidate found in a derived picture, in the pixels of the original."""
    corners = candidate.box.reshape(2, 2) @ linear.T + offset
    box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    return replace(candidate, box=box, keypoints=candidate.keypoints @ linear.T + offset)


def _distinct(candidates: list[Candidate]) -> list[Candidate]:
    """One candidate per face, largest and surest first: the passes see large faces several times."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda each: -each.score * (each.box[2] - each.box[0])):
        if all(_shared(candidate.box, other.box) <= _SAME_FACE_SHARE for other in kept):
            kept.append(candidate)
    return kept


def _shared(first: Points, second: Points) -> float:
    """Common area over the smaller box."""
    meet = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    smaller = min((first[2:] - first[:2]).prod(), (second[2:] - second[:2]).prod())
    return float(np.clip(meet, 0, None).prod() / max(smaller, 1e-9))
