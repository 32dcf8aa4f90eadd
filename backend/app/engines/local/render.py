"""From a rig and a template to frames."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from PIL import ImageColor

from app.engines.local.caption import Caption, build_caption, draw_caption
from app.engines.local.compose import Puppet
from app.engines.local.effects import Layer, draw_effects
from app.engines.local.effects.drawing import PAINTERS
from app.engines.local.motion import sample
from app.engines.local.raster import over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from app.engines.local.effects.specs import Effect
    from app.engines.local.rig import Rig
    from app.engines.local.template import Template

    Frame = NDArray[np.uint8]
    Progress = Callable[[int, int], None]

MIN_OUTPUT, MAX_OUTPUT = 64, 1024
MIN_FPS, MAX_FPS = 1.0, 60.0
Colour = tuple[int, int, int]
# Effects on the skin that reach the hair's edge; for all others the border's alpha does as well as the person's.
_OVER_HAIR = frozenset({"gloom", "tint"})


class Scene(Enum):
    """What stands behind the person, when it is not one colour."""

    KEEP = "keep"
    """The photo's own background, the person painted out of it."""
    REMOVE = "remove"
    """Nothing: a sticker with a white border on a transparent ground."""


KEEP, REMOVE = Scene.KEEP, Scene.REMOVE
Background = Scene | Colour


def parse_background(text: str) -> Background:
    """``keep``, ``remove`` or a colour (``#rrggbb``, ``#rgb`` or a CSS name).

    Raises:
        ValueError: none of these.
    """
    wanted = text.strip().lower()
    if wanted in (KEEP.value, REMOVE.value):
        return Scene(wanted)
    if re.fullmatch(r"#?[0-9a-f]{3}|#?[0-9a-f]{6}", wanted):
        wanted = "#" + wanted.lstrip("#")
    colour = ImageColor.getrgb(wanted)
    if len(colour) != 3:
        raise ValueError(f"a background is opaque, which {text!r} is not")
    return colour


@dataclass(frozen=True, eq=False)
class _Look:
    """What stays the same over all frames of one sticker."""

    rig: Rig
    effects: tuple[Effect, ...]
    caption: Caption | None
    background: Background
    output: int

    @cached_property
    def scenery(self) -> Frame:
        """The photo's own background, opaque."""
        plate = self.rig.background()
        return np.asarray(cv2.merge([*cv2.split(plate), np.full(plate.shape[:2], 255, np.uint8)]), np.uint8)

    def puppet(self) -> Puppet:
        """A drawer of the person, for one run through the loop."""
        over_hair = any(effect.kind in _OVER_HAIR for effect in self.effects)
        return Puppet(self.rig, bordered=self.background is not KEEP, alpha_needed=over_hair)

    def draws(self, layer: Layer) -> bool:
        """Whether any effect draws in a layer."""
        return any(layer in PAINTERS[effect.kind].layers for effect in self.effects)


def render(
    rig: Rig,
    template: Template,
    *,
    caption: str | None = None,
    lang: Literal["zh", "en"] = "zh",
    background: Background = REMOVE,
    fps: float | None = None,
    size: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Frame]:
    """Frames of one loop of a sticker, made one by one as they are asked for.

    Args:
        rig: the photo, from ``build_rig``.
        template: the motion, effects and caption.
        caption: words instead of the template's own; "" for none.
        lang: language of the template's own caption.
        background: ``KEEP``, ``REMOVE`` or an (r, g, b) colour behind the cut-out.
        fps: frames per second, 1 to 60; the template's own when None. The duration stays, to a frame.
        size: output side in px, 64 to 1024; the rig's own when None.
        progress: called with (frames done, frames in all) after each frame.

    Yields:
        RGBA u8 (size, size, 4), straight alpha, C-contiguous; opaque unless the background is ``REMOVE``.

    Raises:
        ValueError: fps or size out of range.
        FontMissing: a caption is wanted and there is no font.
    """
    rate = template.fps if fps is None else fps
    if not MIN_FPS <= rate <= MAX_FPS:
        raise ValueError(f"fps must be {MIN_FPS:g} to {MAX_FPS:g}, not {rate:g}")
    look = _look(rig, template, caption=caption, lang=lang, background=background, size=size)
    return _frames(look, template, frame_count(template, rate), progress)


def frame_count(template: Template, fps: float | None = None) -> int:
    """How many frames one loop has at ``fps`` (the template's own when None); at least 2."""
    return template.frames_at(template.fps if fps is None else fps)


def still(
    rig: Rig,
    template: Template,
    *,
    t: float | None = None,
    caption: str | None = None,
    lang: Literal["zh", "en"] = "zh",
    background: Background = REMOVE,
    size: int | None = None,
) -> Frame:
    """One frame, at ``t`` in 0..1 or at the template's own poster moment; as :func:`render` draws it, errors too."""
    look = _look(rig, template, caption=caption, lang=lang, background=background, size=size)
    count = frame_count(template)
    index = round((template.poster if t is None else t) * count) % count
    motion = sample(template, count)
    return _frame(look, look.puppet(), motion.frame(index), float(motion.times[index]))


def _look(
    rig: Rig,
    template: Template,
    *,
    caption: str | None,
    lang: Literal["zh", "en"],
    background: Background,
    size: int | None,
) -> _Look:
    output = rig.size if size is None else size
    if not MIN_OUTPUT <= output <= MAX_OUTPUT:
        raise ValueError(f"size must be {MIN_OUTPUT} to {MAX_OUTPUT} px, not {output}")
    words = getattr(template.caption.text, lang) if caption is None else caption.strip()
    return _Look(
        rig=rig,
        effects=template.effects,
        caption=build_caption(words, template.caption.style, rig.size) if words else None,
        background=background,
        output=output,
    )


def _frames(look: _Look, template: Template, count: int, progress: Progress | None) -> Iterator[Frame]:
    motion = sample(template, count)
    puppet = look.puppet()
    for index in range(count):
        yield _frame(look, puppet, motion.frame(index), float(motion.times[index]))
        if progress is not None:
            progress(index + 1, count)


def _frame(look: _Look, puppet: Puppet, channels: Mapping[str, float], t: float) -> Frame:
    person = puppet.pose(channels)
    strengths = {name[3:]: value for name, value in channels.items() if name.startswith("fx.")}
    canvas = person.canvas

    def draw(layer: Layer, onto: Frame) -> None:
        draw_effects(onto, look.effects, layer, person.anchors, t, strengths)

    draw(Layer.SKIN, canvas)
    ground = _ground(look)
    if ground is not None:
        draw(Layer.BACK, ground)
        over(ground[person.region], canvas[person.region])
        canvas = ground
    draw(Layer.FRONT, canvas)
    if look.caption is not None:
        draw_caption(canvas, look.caption, t)
    if isinstance(look.background, tuple):
        flat = _filled(look.rig.size, look.background)
        over(flat, canvas)
        canvas = flat
    return _delivered(canvas, look.output)


def _ground(look: _Look) -> Frame | None:
    """What lies under the person: the photo's background, an empty canvas for effects behind, or nothing."""
    if look.background is KEEP:
        return look.scenery.copy()
    if look.draws(Layer.BACK):
        return np.zeros((look.rig.size, look.rig.size, 4), np.uint8)
    return None


def _filled(size: int, colour: Colour) -> Frame:
    canvas = np.empty((size, size, 4), np.uint8)
    canvas[..., :3], canvas[..., 3] = colour, 255
    return canvas


def _delivered(canvas: Frame, output: int) -> Frame:
    """Premultiplied at the rig's size to straight alpha at the output's."""
    if output != canvas.shape[0]:
        shrinks = output < canvas.shape[0]
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        canvas = np.asarray(cv2.resize(canvas, (output, output), interpolation=interpolation), np.uint8)
    canvas = np.ascontiguousarray(canvas)
    alpha = cv2.extractChannel(canvas, 3)
    partial = cv2.inRange(alpha, 1, 254)
    # Only the soft edges differ between the two forms, and they are few: whole pixels are moved as 32-bit words.
    pixels = canvas.view(np.uint32).reshape(-1)
    places = np.flatnonzero(partial.view(np.bool_))
    if places.size:
        edge = pixels[places].view(np.uint8).reshape(1, -1, 4)
        divisor = np.repeat(edge[..., 3:], 4, axis=2)
        divisor[..., 3] = 255
        pixels[places] = cv2.divide(edge, divisor, scale=255).view(np.uint32).reshape(-1)
    return canvas
