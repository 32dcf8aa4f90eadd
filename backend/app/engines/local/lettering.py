"""Text that a font can really draw, and thick letters with a coloured face, a dark wall and a white edge."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from app.engines.local.font import can_draw, load_font
from app.engines.local.sprites.sketch import OVERSAMPLING, WHITE, Fade, Sketch, lighter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.engines.local.font import FontFile
    from app.engines.local.raster import Mask, Sprite
    from app.engines.local.sprites.sketch import Rgb

_NEAREST = {
    "\u2764": "♥", "\U0001f497": "♥", "\U0001f495": "♥", "\U0001f496": "♥", "\U0001f49b": "♥", "\U0001f499": "♥",
    "\U0001f49c": "♥", "\U0001f49a": "♥", "\u2b50": "★", "\U0001f31f": "★", "\u2728": "★", "\U0001f3b5": "♪",
    "\U0001f3b6": "♬", "\u2757": "！", "\u2753": "？", "\u2600": "☀", "\U0001f319": "☾",
}  # fmt: skip
_MISSING = "〓"
"""The printers' mark for a character that the fount lacks."""

_EDGE = 0.055
_WALL = 0.085
_DEPTH = 0.05
_ROUNDING = 0.008
_LINE_GAP = 1.12


@dataclass(frozen=True, slots=True)
class Inks:
    """Colours of letters: face from top to bottom, the dark wall round it, the outermost edge."""

    top: Rgb
    bottom: Rgb
    wall: Rgb
    edge: Rgb = WHITE

    @classmethod
    def of(cls, colour: Rgb) -> Inks:
        """Letters in shades of one colour."""
        return cls(lighter(colour, 0.28), colour, wall_of(colour))


def wall_of(colour: Rgb) -> Rgb:
    """Return a near-black of a colour's own hue; of greys and white a blue-black."""
    highest, lowest = max(colour), min(colour)
    if highest - lowest < 40:
        return (43, 38, 60)
    r, g, b = (round(18 + 74 * ((c - lowest * 0.8) / (highest - lowest * 0.8)) ** 1.3) for c in colour)
    return r, g, b


_JOINER = "\u200d"
_SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Drawable text and what became of the rest: characters that were replaced, whether the end was cut off."""

    text: str
    replaced: tuple[str, ...] = ()
    cut: bool = False


def clean(text: str, file: FontFile, limit: float) -> Cleaned:
    """Make text drawable.

    Control and format characters, lone surrogates and variation selectors vanish; runs of white space become one
    space, line breaks one break. A character that the font lacks becomes its nearest symbol (a heart, a star, a
    note) or 〓, so that nobody sees an empty box or misses that something was there. What is longer than ``limit``
    full-width characters (narrow ones count half) ends in an ellipsis; lines after the second are left out.
    """
    kept: list[str] = []
    replaced: list[str] = []
    before = ""
    for character in unicodedata.normalize("NFC", _whole(text)):
        joined_on, before = before == _JOINER, character
        if joined_on or character in _SKIN_TONES:
            continue  # part of the sign before it
        if character in "\n\r\u2028\u2029":
            kept.append("\n")
        elif character.isspace():
            kept.append(" ")
        elif unicodedata.category(character)[0] == "C" or unicodedata.category(character) in {"Mn", "Me"}:
            continue
        elif can_draw(file, character):
            kept.append(character)
        else:
            replaced.append(character)
            kept.append(_NEAREST.get(character, _MISSING))
    lines = [" ".join(line.split()) for line in "".join(kept).split("\n")]
    joined = "\n".join([line for line in lines if line][:2])
    short = _shortened(joined, limit)
    return Cleaned(short, tuple(replaced), cut=short != joined)


def _whole(text: str) -> str:
    """Join pairs of surrogates, drop lone ones."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _shortened(text: str, limit: float) -> str:
    """Cut text to ``limit`` full-width characters, a narrow one counting half; the cut shows as an ellipsis."""
    if sum(_breadth(c) for c in text) <= limit:
        return text
    room = limit - 1.0
    for end, character in enumerate(text):
        room -= _breadth(character)
        if room < 0.0:
            return text[:end].rstrip() + "…"
    return text


def _breadth(character: str) -> float:
    return 0.5 if character.isascii() else 1.0


def text_width(line: str, file: FontFile, em: float) -> float:
    """Return the width in px of a line of letters ``em`` px high, edges included."""
    font = load_font(file, max(round(em * OVERSAMPLING), 4))
    return sum(font.getlength(c) for c in line) / OVERSAMPLING + em * (
        _spacing(line) * max(len(line) - 1, 0) + 2.0 * (_EDGE + _WALL + _ROUNDING)
    )


def letters(
    lines: Sequence[str], file: FontFile, em: float, inks: Inks, *, visible: int | None = None, draft: bool = False
) -> Sprite:
    """Draw centred lines of letters.

    Args:
        lines: cleaned text.
        file: the font.
        em: px per em of the result.
        inks: colours.
        visible: how many characters are there already, of all lines together; places do not depend on it.
        draft: nine times as fast, for pictures that pass in a moment.

    Returns:
        read-only premultiplied RGBA u8, as large as all the text with its edges.
    """
    width = max((text_width(line, file, em) for line in lines), default=em) + 2.0
    margin = _EDGE + _WALL + _ROUNDING
    height = em * (1.0 + _LINE_GAP * (len(lines) - 1) + 2.0 * margin + _DEPTH) + 3.0
    oversampling = 1 if draft else OVERSAMPLING
    sketch = Sketch(width / em, height / em, em, oversampling=oversampling)
    mask = _face(lines, file, em * oversampling, sketch, visible)
    if not mask.any():
        return sketch.sprite()
    span = em * oversampling
    half = 0.43 + _LINE_GAP * (len(lines) - 1) / 2.0
    sketch.stencil(mask, Fade(inks.top, inks.bottom, -half, half))
    # A light upper edge, as if the face were slightly raised.
    step = max(round(0.022 * span), 1)
    lit = mask.copy()
    lit[step:, step:] = np.where(mask[:-step, :-step] > 127, 0, lit[step:, step:])
    sketch.stencil(lit, WHITE, opacity=0.5)
    sketch.rim(_WALL, inks.wall)
    sketch.thicken(_DEPTH, inks.wall)
    sketch.rim(_EDGE, inks.edge)
    return sketch.sprite()


def _face(lines: Sequence[str], file: FontFile, span: float, sketch: Sketch, visible: int | None) -> Mask:
    height, width = sketch.canvas.shape[:2]
    picture = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(picture)
    font = load_font(file, max(round(span), 4))
    left = sum(len(line) for line in lines) if visible is None else visible
    for row, line in enumerate(lines):
        gap = _spacing(line) * span
        x = (width - sum(font.getlength(c) for c in line) - gap * (len(line) - 1)) / 2.0
        y = height / 2.0 - _DEPTH * span / 2.0 + (row - (len(lines) - 1) / 2.0) * _LINE_GAP * span
        for character in line[: max(left, 0)]:
            pen.text((x, y + 0.36 * span), character, 255, font, "ls", stroke_width=_ROUNDING * span)
            x += font.getlength(character) + gap
        left -= len(line)
    return np.asarray(picture, dtype=np.uint8).copy()


def _spacing(line: str) -> float:
    # Room for the dark walls between letters; narrow Latin letters need less than full-width characters.
    return 0.05 if line.isascii() else 0.075
