"""The words under a sticker: styled once, moved every frame.

The text sits on the lowest 2 % margin and is about 13 % of the picture high, so that it leaves the chest free; a
long text is set smaller, then in two lines. Every motion closes with the loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from app.engines.local.font import find_font
from app.engines.local.lettering import Inks, clean, letters, text_width, wall_of
from app.engines.local.raster import blit, placed
from app.engines.local.sprites.sketch import rgb

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from app.engines.local.font import FontFile
    from app.engines.local.raster import Canvas, Matrix, Sprite

LONGEST = 24
"""Full-width characters of a caption (narrow ones count half); more would be too small to read on a sticker."""

_MARGIN = 0.02
_EM = 0.105
_EM_ONE_LINE = 0.072
_WIDEST = 0.95

Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Motion = Literal["still", "sway", "bounce", "pop", "shake", "wave", "typewriter"]


class CaptionStyle(BaseModel):
    """How a caption looks and moves; colours are #rrggbb.

    ``fill`` is the letters' colour, ``fill_bottom`` its lower end if it is a gradient; ``stroke`` the dark wall
    round them (derived from the fill when absent), ``outer`` the outermost edge. ``cycles`` counts the motion's
    whole repetitions in a loop; pop and typewriter run once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fill: Colour = "#ffffff"
    fill_bottom: Colour | None = None
    stroke: Colour | None = None
    outer: Colour = "#ffffff"
    motion: Motion = "sway"
    size: Annotated[float, Field(ge=0.6, le=1.5)] = 1.0
    cycles: Annotated[int, Field(ge=1, le=12)] = 2

    @property
    def inks(self) -> Inks:
        """The letters' colours."""
        fill = rgb(self.fill)
        bottom = rgb(self.fill_bottom) if self.fill_bottom else fill
        return Inks(
            top=fill,
            bottom=bottom,
            wall=rgb(self.stroke) if self.stroke else wall_of(bottom),
            edge=rgb(self.outer),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Caption:
    """A caption ready to be drawn.

    ``lines`` is what is drawn; ``replaced`` characters the font lacks, ``cut`` whether the text was too long.
    ``stages`` are the letters so far, of the typewriter; else the whole text alone.
    """

    style: CaptionStyle
    size: int
    lines: tuple[str, ...]
    replaced: tuple[str, ...]
    cut: bool
    stages: tuple[Sprite, ...] = field(repr=False)


def build_caption(text: str, style: CaptionStyle, size: int, *, font: Path | str | None = None) -> Caption:
    """Set a text for pictures of ``size`` px.

    Args:
        text: anything; what cannot be drawn is cleaned away or replaced, see :func:`lettering.clean`.
        style: colours and motion.
        size: side of the canvas, px.
        font: a font file instead of the installed one.

    Raises:
        FontMissing: there is no font to draw with.
    """
    file = find_font(font)
    cleaned = clean(text, file, LONGEST)
    if not cleaned.text:
        return Caption(style, size, (), cleaned.replaced, cleaned.cut, ())
    lines, em = _fit(cleaned.text, file, size, style.size)
    count = sum(len(line) for line in lines)
    steps = range(1, count + 1) if style.motion == "typewriter" else (count,)
    stages = tuple(letters(lines, file, em, style.inks, visible=step, draft=step < count) for step in steps)
    return Caption(style, size, lines, cleaned.replaced, cleaned.cut, stages)


def draw_caption(canvas: Canvas, caption: Caption, t: float) -> None:
    """Draw the caption at loop time ``t`` (0 to 1, both ends the same) over the canvas, in place."""
    if not caption.stages:
        return
    style, size = caption.style, caption.size
    sprite = caption.stages[-1]
    rest = (size - 1) / 2.0, size * (1.0 - _MARGIN) - sprite.shape[0] / 2.0
    t %= 1.0
    turn = 2.0 * np.pi * style.cycles * t
    match style.motion:
        case "still":
            blit(canvas, sprite, _at(sprite, rest))
        case "sway":
            matrix = placed(sprite, rest, 1.0 + 0.015 * np.sin(2.0 * turn), 2.0 * np.sin(turn))
            blit(canvas, sprite, matrix)
        case "bounce":
            _draw_bounce(canvas, sprite, rest, turn)
        case "pop":
            _draw_pop(canvas, sprite, rest, t)
        case "shake":
            offset = np.sin(3.0 * turn) * size * 0.008, np.sin(4.0 * turn) * size * 0.005
            blit(canvas, sprite, placed(sprite, np.add(rest, offset), 1.0, 1.4 * np.sin(5.0 * turn)))
        case "wave":
            _draw_wave(canvas, sprite, rest, turn)
        case "typewriter":
            _draw_typed(canvas, caption.stages, rest, t)


def _draw_bounce(canvas: Canvas, sprite: Sprite, rest: tuple[float, float], turn: float) -> None:
    """Hop with a squash where it lands; the foot of the text is what stays put."""
    height = abs(np.sin(turn))
    squash = 0.10 * max(0.0, 1.0 - height / 0.35)
    stretch = 1.0 + 0.5 * squash, 1.0 - squash
    foot = sprite.shape[0] * (1.0 - stretch[1]) / 2.0
    centre = rest[0], rest[1] + foot - 0.26 * sprite.shape[0] * height
    blit(canvas, sprite, placed(sprite, centre, 1.0, stretch=stretch))


def _draw_pop(canvas: Canvas, sprite: Sprite, rest: tuple[float, float], t: float) -> None:
    grown = min(t / 0.16, 1.0) - 1.0
    scale = 1.0 + 2.9 * grown**3 + 1.9 * grown**2
    scale *= 1.0 - max((t - 0.95) / 0.05, 0.0) ** 2
    scale *= 1.0 + 0.02 * np.sin(4.0 * np.pi * t)
    if scale > 0.02:
        blit(canvas, sprite, placed(sprite, rest, scale, 3.0 * grown))


def _draw_wave(canvas: Canvas, sprite: Sprite, rest: tuple[float, float], turn: float) -> None:
    """A wave that runs through the line: each column moves up and down by itself."""
    height, width = sprite.shape[:2]
    reach = int(np.ceil(0.12 * height)) + 1
    columns, rows = _grid(width, height + 2 * reach, reach)
    lift = 0.10 * height * np.sin(turn - np.arange(width, dtype=np.float32) / height * 1.9)
    sampled = cv2.remap(sprite, columns, rows + lift.astype(np.float32), cv2.INTER_LINEAR)
    waved = np.asarray(sampled, np.uint8)
    blit(canvas, waved, _at(waved, (rest[0], rest[1] - 0.06 * height)))


def _draw_typed(canvas: Canvas, stages: tuple[Sprite, ...], rest: tuple[float, float], t: float) -> None:
    typing = 0.5
    step = int(t / typing * len(stages))
    if t > 0.96:
        return
    stage = stages[min(step, len(stages) - 1)]
    blit(canvas, stage, _at(stage, rest))


def _at(sprite: Sprite, centre: tuple[float, float]) -> Matrix:
    """Place a sprite on whole pixels: it stays crisp and needs no sampling."""
    x = round(centre[0] - (sprite.shape[1] - 1) / 2.0)
    y = round(centre[1] - (sprite.shape[0] - 1) / 2.0)
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])


def _grid(width: int, height: int, above: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    columns = np.broadcast_to(np.arange(width, dtype=np.float32), (height, width))
    rows = np.arange(-above, height - above, dtype=np.float32)[:, None]
    return np.ascontiguousarray(columns), rows


def _fit(text: str, file: FontFile, size: int, factor: float) -> tuple[tuple[str, ...], float]:
    """Choose line breaks and em: as large as the width allows, two lines rather than tiny letters."""
    widest = size * _WIDEST
    largest = size * _EM * factor
    lines = tuple(text.split("\n")[:2]) if "\n" in text else (text,)
    em = _largest_em(lines, file, largest * (0.78 if len(lines) > 1 else 1.0), widest)
    if len(lines) == 1 and em < size * _EM_ONE_LINE * min(factor, 1.0) and len(text) > 1:
        lines = _halves(text, file)
        em = _largest_em(lines, file, largest * 0.78, widest)
    return lines, em


def _largest_em(lines: tuple[str, ...], file: FontFile, largest: float, widest: float) -> float:
    needed = max(text_width(line, file, largest) for line in lines)
    return largest * min(1.0, widest / needed)


def _halves(text: str, file: FontFile) -> tuple[str, str]:
    """Break where both lines come out most alike, at a space where there is one near the middle."""
    best = min(
        range(1, len(text)),
        key=lambda i: (
            abs(text_width(text[:i].strip(), file, 40.0) - text_width(text[i:].strip(), file, 40.0))
            - (400.0 if " " in text[i - 1 : i + 1] else 0.0)
            + (400.0 if text[i] in "，。！？、…,.!?~～）)" else 0.0)
        ),
    )
    return text[:best].strip(), text[best:].strip()
