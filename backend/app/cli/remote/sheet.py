"""The contact sheet of stickers that were made elsewhere, from the stills that came with them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError

from app.cli.sheet import Cell, draw_sheet, save_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from app.cli.remote.answers import Style


def write_sheet(posters: Sequence[tuple[bytes, Style]], path: Path) -> tuple[int, int, int]:
    """Draw and write it; returns width, height and bytes. A still that cannot be read leaves its card empty."""
    page = draw_sheet([Cell(_pixels(content), style.name, style.id) for content, style in posters])
    return (*page.size, save_sheet(page, path))


def _pixels(content: bytes) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return np.asarray(picture.convert("RGBA"))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return np.zeros((1, 1, 4), np.uint8)
