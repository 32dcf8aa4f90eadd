"""Draw the pictures of the documentation with the program itself.

    .venv/bin/python docs/images/make.py [hero] [example]

``hero.webp`` opens the README: eight stickers of the astronaut, each on its own card. ``engine-example.webp`` is what
the code in docs/guides/engine.md writes when it is run as printed. Draw them anew after a change that can be seen.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "backend"))

from app.engines.local import build_rig, detect, encode, get_template, load_photo, render  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from app.engines.local import Encoded, Rig

PHOTO = ROOT / "backend" / "tests" / "fixtures" / "astronaut.png"
GUIDE = HERE.parent / "guides" / "engine.md"
COLUMNS, CARD, GAP, CORNER = 4, 184, 8, 20
SECONDS, FRAMES = 2.0, 26
CARDS = {
    "laugh_tears": "#fff1c9",
    "love": "#ffe0e6",
    "wink": "#e3f4dd",
    "crying": "#dcecfb",
    "party": "#efe4fb",
    "angry": "#ffe3d6",
    "cool": "#dff3f3",
    "tongue": "#fbe7f2",
}
"""Templates and the colours of their cards, row by row."""


def draw_hero() -> Encoded:
    """Eight loops, all stretched to the same length, side by side on a transparent ground."""
    photo = load_photo(PHOTO)
    rig = build_rig(photo.pixels, detect(photo.pixels).faces[0], alpha=photo.alpha)
    return encode(_grid(rig), HERE / "hero.webp", fps=FRAMES / SECONDS, quality=72)


def _grid(rig: Rig) -> Iterator[NDArray[np.uint8]]:
    rows = -(-len(CARDS) // COLUMNS)
    page = np.zeros((rows * (CARD + GAP) - GAP, COLUMNS * (CARD + GAP) - GAP, 4), np.uint8)
    corners = _rounded()
    loops = [_loop(rig, name, colour) for name, colour in CARDS.items()]
    for stickers in zip(*loops, strict=True):
        for index, sticker in enumerate(stickers):
            top, left = (place * (CARD + GAP) for place in divmod(index, COLUMNS))
            page[top : top + CARD, left : left + CARD] = sticker
            page[top : top + CARD, left : left + CARD, 3] = corners
        yield page


def _loop(rig: Rig, name: str, colour: str) -> list[NDArray[np.uint8]]:
    """One card's frames, from its poster moment on: where pictures do not move, the first frame stands for all."""
    template = get_template(name)
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    rate = FRAMES / template.duration
    frames = list(render(rig, template, background=(red, green, blue), fps=rate, size=CARD))
    first = round(template.poster * FRAMES)
    return frames[first:] + frames[:first]


def _rounded() -> NDArray[np.uint8]:
    """Alpha of a card."""
    fine = 4
    large = np.zeros((CARD * fine, CARD * fine), np.uint8)
    reach, far = CORNER * fine, CARD * fine - CORNER * fine - 1
    for x, y in ((reach, reach), (far, reach), (reach, far), (far, far)):
        cv2.circle(large, (x, y), reach, 255, -1)
    large[reach:far], large[:, reach:far] = np.maximum(large[reach:far], 255), 255
    return np.asarray(cv2.resize(large, (CARD, CARD), interpolation=cv2.INTER_AREA), np.uint8)


def draw_example() -> Path:
    """Run the guide's code as printed, in an empty folder, and take the sticker that it leaves."""
    code = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)[0]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "backend").symlink_to(ROOT / "backend")
        environment = {**os.environ, "PYTHONPATH": "backend", "OPENBLAS_NUM_THREADS": "1"}
        subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)
        return Path(shutil.copy(Path(folder) / "wink.webp", HERE / "engine-example.webp"))


def main() -> None:
    """Draw what is asked for, or everything."""
    cv2.setNumThreads(1)
    pictures = {"hero": draw_hero, "example": draw_example}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", metavar="picture", help=" or ".join(pictures))
    wanted = parser.parse_args().pictures or list(pictures)
    for name in wanted:
        if name not in pictures:
            parser.error(f"no picture is called {name}")
        print(pictures[name]())


if __name__ == "__main__":
    main()
