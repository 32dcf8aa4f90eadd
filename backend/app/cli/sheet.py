"""A contact sheet: the key frame of every sticker on a card, with its name below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw

from app.engines.local.encode.atomic import replacing, write_failure
from app.engines.local.font import find_font, load_font

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from app.engines.local.font import FontFile
    from app.engines.local.render import Frame

CARD: Final = 256
"""Side of a card in pixels; a sticker fills it."""
_GAP: Final = 22
_MARGIN: Final = 34
_LABEL: Final = 52
_CHECK: Final = 16
_CORNER: Final = 22
_PAPER: Final = (238, 240, 245)
# Dark enough that a sticker's white border shows against both.
_LIGHT, _SHADE = (226, 232, 240), (213, 221, 232)
_INK, _PALE = (44, 48, 58), (138, 145, 160)
_SMOOTH: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One sticker of the sheet: RGBA u8 with straight alpha, its name, and the smaller line below."""

    picture: Frame
    name: str
    note: str


def columns_for(count: int) -> int:
    """A grid a little wider than high, and of the sizes near that the one that leaves the fewest places empty."""
    if count <= 6:
        return 2 if count == 4 else min(count, 3)
    ideal = round(math.sqrt(count * 1.25))
    choices = range(max(3, ideal - 1), ideal + 3)
    return min(choices, key=lambda columns: (-count % columns, abs(columns - ideal)))


def draw_sheet(cells: Sequence[Cell]) -> Image.Image:
    """The sheet as an RGB picture."""
    columns = columns_for(len(cells))
    rows = -(-len(cells) // columns)
    width = 2 * _MARGIN + columns * CARD + (columns - 1) * _GAP
    height = 2 * _MARGIN + rows * (CARD + _LABEL) + (rows - 1) * _GAP
    page = Image.new("RGB", (width, height), _PAPER)
    ground, mask, font = _card(), _rounded(), find_font()
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        left, top = _MARGIN + column * (CARD + _GAP), _MARGIN + row * (CARD + _LABEL + _GAP)
        card = ground.copy()
        card.alpha_composite(Image.fromarray(cell.picture).resize((CARD, CARD), Image.Resampling.LANCZOS))
        page.paste(card.convert("RGB"), (left, top), mask)
        _write(page, cell, (left + CARD / 2, top + CARD + 8), font)
    return page


def save_sheet(page: Image.Image, path: Path) -> int:
    """Write the sheet whole or not at all; returns its size in bytes. Raises EncodeFailed."""
    kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}.get(path.suffix.lower(), "PNG")
    with replacing(path) as temporary:
        try:
            page.save(temporary, kind, quality=92)
        except OSError as error:
            raise write_failure(error, path) from error
    return path.stat().st_size


def _write(page: Image.Image, cell: Cell, at: tuple[float, float], file: FontFile) -> None:
    draw = ImageDraw.Draw(page)
    size = 22
    while size > 12 and load_font(file, size).getlength(cell.name) > CARD + _GAP / 2:
        size -= 1
    draw.text(at, cell.name, fill=_INK, font=load_font(file, size), anchor="ma")
    draw.text((at[0], at[1] + 28), cell.note, fill=_PALE, font=load_font(file, 13), anchor="ma")


def _card() -> Image.Image:
    """A soft checker: it says transparent without shouting it."""
    across = np.arange(CARD) // _CHECK
    dark = ((across[:, None] + across[None, :]) % 2 == 1)[..., None]
    return Image.fromarray(np.where(dark, _SHADE, _LIGHT).astype(np.uint8)).convert("RGBA")


def _rounded() -> Image.Image:
    large = Image.new("L", (CARD * _SMOOTH, CARD * _SMOOTH))
    ImageDraw.Draw(large).rounded_rectangle((0, 0, *[CARD * _SMOOTH - 1] * 2), _CORNER * _SMOOTH, fill=255)
    return large.resize((CARD, CARD), Image.Resampling.LANCZOS)
