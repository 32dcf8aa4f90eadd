"""Draw the web page's preview of every template, with the program itself.

    .venv/bin/python docs/images/previews.py [template ...]

For each template two pictures of the astronaut on a card in the colour of its shelf: ``<template>.webp``, a short
loop that begins at the poster moment, and ``<template>.still.webp``, that moment alone. They lie in
backend/app/studio/static/previews and carry no words, so that they serve both languages. Draw them anew after a change
of the engine or a template that can be seen.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "backend"))

from app.engines.local import build_rig, detect, get_template, load_photo, load_templates, render  # noqa: E402

if TYPE_CHECKING:
    from app.engines.local import Rig, Template

PHOTO: Final = ROOT / "backend" / "tests" / "fixtures" / "astronaut.png"
TARGET: Final = ROOT / "backend" / "app" / "studio" / "static" / "previews"
SIDE: Final = 160
DRAWN: Final = 188
"""The sticker is drawn this large, and the card cuts off its sides and its foot: the face counts."""
TOP: Final = 2
ROOMY: Final = {"no": 164, "dagong_kunhuo": 164, "sleepy": 164}
"""Smaller for those whose signs stand so far out that the card would cut them."""
HEAVIEST: Final = 30_000
"""Bytes that a loop may have."""
FEWEST: Final = 8
QUALITIES: Final = (36, 40, 45, 50, 56)
"""Rather a coarser picture than a choppy one: in a loop this small, nobody looks at one frame."""
STILL_QUALITY: Final = 62
CARDS: Final = {
    "kids": "#fff0cc",
    "work": "#e4ebf6",
    "classic": "#efe6fa",
    "joy": "#ffe9c7",
    "love": "#ffe1e6",
    "mood": "#dcecfa",
    "reply": "#e0f3e3",
    "fun": "#e9e4fb",
    "custom": "#ecedf0",
}
"""Colours of the cards by the template's category. Opaque: alpha would take half of every file."""


def draw(rig: Rig, template: Template) -> tuple[int, int]:
    """Write both pictures of a template; their lengths in bytes."""
    name = template.driven_id or template.id
    loop, frames = _fitting_loop(rig, template)
    (TARGET / f"{name}.webp").write_bytes(loop)
    still = _encoded(frames[:1], quality=STILL_QUALITY)
    (TARGET / f"{name}.still.webp").write_bytes(still)
    return len(loop), len(still)


def _fitting_loop(rig: Rig, template: Template) -> tuple[bytes, list[Image.Image]]:
    """The most frames that fit at the lowest quality, and then the best quality that fits."""
    for count in range(min(round(template.duration * 7), 14), FEWEST - 1, -1):
        frames = _frames(rig, template, count)
        beat = round(template.duration * 1000 / count)
        fitting = b""
        for quality in QUALITIES:
            data = _encoded(frames, quality=quality, milliseconds=beat)
            if len(data) > HEAVIEST:
                break
            fitting = data
        if fitting:
            return fitting, frames
    raise SystemExit(f"{template.id} does not fit into {HEAVIEST} bytes")


def _frames(rig: Rig, template: Template, count: int) -> list[Image.Image]:
    """One loop in ``count`` frames, from the poster moment on."""
    colour = CARDS[template.category.value]
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    size = ROOMY.get(template.id, DRAWN)
    drawn = render(rig, template, caption="", background=(red, green, blue), fps=count / template.duration, size=size)
    left = (size - SIDE) // 2
    box = (left, TOP, left + SIDE, TOP + SIDE)
    frames = [Image.fromarray(frame).convert("RGB").crop(box) for frame in drawn]
    first = round(template.poster * len(frames)) % len(frames)
    return frames[first:] + frames[:first]


def _encoded(frames: list[Image.Image], *, quality: int, milliseconds: int = 0) -> bytes:
    file = io.BytesIO()
    moving = (
        {"save_all": True, "append_images": frames[1:], "duration": milliseconds, "loop": 0, "minimize_size": True}
        if len(frames) > 1
        else {}
    )
    frames[0].save(file, "WEBP", quality=quality, method=6, **moving)
    return file.getvalue()


def main() -> None:
    """Draw the templates that are named, or all; then tell what they weigh."""
    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("templates", nargs="*", metavar="template")
    wanted = parser.parse_args().templates
    photo = load_photo(PHOTO)
    rig = build_rig(photo.pixels, detect(photo.pixels).faces[0], alpha=photo.alpha)
    TARGET.mkdir(parents=True, exist_ok=True)
    for template in [get_template(name) for name in wanted] or load_templates().values():
        loop, still = draw(rig, template)
        print(f"{template.id:20} {loop:6} {still:5}", flush=True)
    files = [path.stat().st_size for path in TARGET.glob("*.webp")]
    print(f"{len(files)} files, {sum(files):,} bytes")


if __name__ == "__main__":
    main()
