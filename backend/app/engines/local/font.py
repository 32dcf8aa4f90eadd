"""The font for captions and marks, and what it can draw.

Found in this order: a path that the caller gives, the environment's ``AIPIC_FONT``, the Noto Sans CJK that the
package ``manimgx-fonts-cjk`` brings (SIL OFL; its third face is simplified Chinese, with a weight axis). A file
that is missing or is no font raises FontMissing: a caption is never silently left out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont

from app.engines.local.errors import FontMissing

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUNDLE = "manimgx_fonts_cjk"
_BUNDLED_FILE = "NotoSansCJK-VF.otf.ttc"
_SIMPLIFIED_CHINESE = 2
_PROBE_SIZE = 24
_UNASSIGNED = "\U0010ffff"
"""A noncharacter: whatever a font draws for it is what it draws for anything it lacks."""

HEAVY = 860.0
"""Weight of captions; beyond this the inner spaces of dense characters close at small sizes."""


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font file and which of its faces to use."""

    path: str
    face: int = 0


def find_font(path: Path | str | None = None, environ: Mapping[str, str] | None = None) -> FontFile:
    """Return the font to draw with.

    Args:
        path: a font file, before all else; tests and callers with settings of their own give it.
        environ: stands for the process's environment.

    Raises:
        FontMissing: nothing usable is there; ``params`` name the path that was tried.
    """
    chosen = path or (os.environ if environ is None else environ).get("AIPIC_FONT")
    if chosen:
        file = FontFile(str(chosen))
    else:
        spec = find_spec(_BUNDLE)
        if spec is None or spec.origin is None:
            raise FontMissing("font_missing", path=_BUNDLED_FILE)
        file = FontFile(str(Path(spec.origin).with_name(_BUNDLED_FILE)), _SIMPLIFIED_CHINESE)
    load_font(file, _PROBE_SIZE)
    return file


@lru_cache(maxsize=24)
def load_font(file: FontFile, size: int) -> ImageFont.FreeTypeFont:
    """Return the face at ``size`` px per em, heavy if it has a weight axis; raises FontMissing."""
    try:
        # Basic layout: the other engine is not on every machine, and output must not depend on it.
        font = ImageFont.truetype(file.path, size, index=file.face, layout_engine=ImageFont.Layout.BASIC)
    except (OSError, ValueError) as error:
        raise FontMissing("font_missing", path=file.path) from error
    try:
        axes = font.get_variation_axes()
    except (OSError, NotImplementedError):
        return font
    font.set_variation_by_axes(
        [
            min(max(HEAVY, axis["minimum"] or 0.0), axis["maximum"] or HEAVY)
            if axis["name"] == b"Weight"
            else float(axis["default"] or 0.0)
            for axis in axes
        ]
    )
    return font


@lru_cache(maxsize=4096)
def can_draw(file: FontFile, character: str) -> bool:
    """Tell whether the font has a glyph for one character (and would not draw its missing-glyph box)."""
    font = load_font(file, _PROBE_SIZE)
    if character.isspace():
        return True
    return _picture(font, character) != _picture(font, _UNASSIGNED)


def _picture(font: ImageFont.FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)
