"""Contact sheets: stickers on white, black and green, at 100 % and at 128 px, with labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

GROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "green": (0, 177, 64)}
SMALL = 128
"""Side of a sticker as a chat shows it."""
MIDDLE = 256
"""Side of a sticker on the sheet of one template over all photos."""
LABEL = 26
TEMPLATES_PER_PAGE = 4
PHOTOS_PER_PAGE = 6
OVERVIEW_COLUMNS = 10
_PAPER, _INK = 40, (235, 235, 235)


def on_ground(frame: Pixels, ground: tuple[int, int, int]) -> Pixels:
    """Straight RGBA (h, w, 4) over one colour: RGB."""
    alpha = frame[..., 3:].astype(np.uint16)
    flat = frame[..., :3] * alpha + np.asarray(ground, np.uint16) * (255 - alpha)
    return np.asarray((flat + 127) // 255, np.uint8)


def on_thirds(frame: Pixels, turn: int) -> Pixels:
    """Straight RGBA over white, black and green in upright thirds; ``turn`` decides which comes first."""
    width = frame.shape[1]
    colours = list(GROUNDS.values())
    cuts = [0, width // 3, 2 * width // 3, width]
    parts = [on_ground(frame[:, cuts[i] : cuts[i + 1]], colours[(i + turn) % 3]) for i in range(3)]
    return np.hstack(parts)


def shrunk(frame: Pixels, side: int) -> Pixels:
    """Straight RGBA at another size, averaged with its alpha so that hidden colours do not bleed in."""
    straight = cv2.cvtColor(frame, cv2.COLOR_RGBA2mRGBA)
    small = cv2.resize(straight, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_mRGBA2RGBA), np.uint8)


def labelled(picture: Pixels, text: str, *, wrong: bool = False) -> Pixels:
    """A strip with ``text`` above a picture; red when something is wrong with what it shows."""
    bar = np.full((LABEL, picture.shape[1], 3), _PAPER, np.uint8)
    ink = (255, 110, 100) if wrong else _INK
    cv2.putText(bar, text, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, ink, 1, cv2.LINE_AA)
    return np.vstack([bar, picture])


def full_row(frames: Sequence[Pixels]) -> Pixels:
    """The moments of one template at 100 % on thirds, and beside them each at 128 px on each ground."""
    large = [on_thirds(frame, turn) for turn, frame in enumerate(frames)]
    small = [np.hstack([on_ground(shrunk(frame, SMALL), ground) for ground in GROUNDS.values()]) for frame in frames]
    column = np.vstack(small)
    height = max(frames[0].shape[0], column.shape[0])
    return np.hstack([_padded(part, height) for part in [*large, column]])


def strip(frames: Sequence[Pixels]) -> Pixels:
    """The moments of one template in middle size, on white, black and green in turn."""
    grounds = list(GROUNDS.values())
    return np.hstack([on_ground(shrunk(frame, MIDDLE), grounds[i % 3]) for i, frame in enumerate(frames)])


def stacked(rows: Sequence[Pixels]) -> Pixels:
    """Pictures of different widths, one under the other."""
    width = max(row.shape[1] for row in rows)
    right = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=_PAPER) for row in rows]
    return np.vstack(right)


def overview(cells: Mapping[str, Pixels]) -> Pixels:
    """Many small pictures with their names, in a grid."""
    tiles = [labelled(picture, name[:18]) for name, picture in cells.items()]
    tiles += [np.full_like(tiles[0], _PAPER)] * (-len(tiles) % OVERVIEW_COLUMNS)
    rows = [np.hstack(tiles[i : i + OVERVIEW_COLUMNS]) for i in range(0, len(tiles), OVERVIEW_COLUMNS)]
    return np.vstack(rows)


def save(picture: Pixels, path: Path) -> None:
    """Write a PNG, fast rather than small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed(picture))


def packed(picture: Pixels) -> bytes:
    """RGB to the bytes of a PNG."""
    done, data = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 2])
    if not done:
        raise OSError("a sheet could not be packed as PNG")
    return bytes(data)


def unpacked(data: bytes) -> Pixels:
    """The bytes of a PNG to RGB."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)


def _padded(picture: Pixels, height: int) -> Pixels:
    missing = height - picture.shape[0]
    return np.pad(picture, ((0, missing), (0, 0), (0, 0)), constant_values=_PAPER) if missing else picture
