"""Encoder bench: time, size and peak memory of each format on the same moving cut-out.

    python bench/encoders/run.py [--frames 50] [--size 512] [--runs 5] [--core N] [--keep FOLDER]

Each format runs in a process of its own, pinned to one core where the system can. See README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from math import cos, pi, sin
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "backend"))

from app.engines.local import encode, load_photo  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PHOTO = ROOT / "backend" / "tests" / "fixtures" / "astronaut.png"
FLOOR = "floor"
KINDS = (FLOOR, ".mp4", ".webm", ".gif", ".webp", ".png")
FPS = 25
OUTLINE = 6 / 512


def cutout(size: int) -> NDArray[np.uint8]:
    """Cut an oval bust out of the photo, with a white outline and smooth edges: RGBA, premultiplied."""
    photo = load_photo(PHOTO).pixels[:420, 20:440]
    picture = cv2.resize(photo, (size, size), interpolation=cv2.INTER_AREA)
    mask = np.zeros((size, size), np.uint8)
    cv2.ellipse(mask, (size // 2, int(size * 0.4)), (int(size * 0.24), int(size * 0.3)), 0, 0, 360, 255, -1)
    cv2.ellipse(mask, (size // 2, int(size * 1.0)), (int(size * 0.4), int(size * 0.38)), 0, 0, 360, 255, -1)
    mask[int(size * 0.93) :] = 0
    reach = 2 * round(OUTLINE * size) + 1
    outline = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    inner, outer = (cv2.GaussianBlur(layer, (0, 0), 0.8)[..., None] / 255 for layer in (mask, outline))
    colour = picture * inner + 255 * (outer - inner * outer)
    layers = np.concatenate([np.minimum(colour, 255 * outer), 255 * outer], axis=2)
    return np.asarray(np.rint(layers), np.uint8)


class Clock:
    """Seconds on the wall and of this process's own work; the second does not mind what else the machine does."""

    def __init__(self) -> None:
        self.wall = self.work = 0.0
        self._begin()

    def _begin(self) -> None:
        self._since = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """Add the time since the start."""
        self.wall += time.perf_counter() - self._since[0]
        self.work += time.process_time() - self._since[1]

    def start(self) -> None:
        """Go on counting."""
        self._begin()


def moving(source: NDArray[np.uint8], count: int, clock: Clock) -> Iterator[NDArray[np.uint8]]:
    """Sway and nod the cut-out through one loop, straight alpha; the clock stands while a frame is made."""
    size = len(source)
    for number in range(count):
        clock.stop()
        phase = 2 * pi * number / count
        matrix = cv2.getRotationMatrix2D((size / 2, size * 0.9), 4 * sin(phase), 1 + 0.02 * sin(2 * phase))
        matrix[:, 2] += np.array([0.015 * size * sin(phase), 0.01 * size * cos(phase)])
        frame = cv2.cvtColor(cv2.warpAffine(source, matrix, (size, size)), cv2.COLOR_mRGBA2RGBA)
        clock.start()
        yield np.asarray(frame, np.uint8)


def forget_peak() -> None:
    """Let the high-water mark of memory start anew, where the system can (Linux)."""
    switch = Path("/proc/self/clear_refs")
    if switch.exists():
        switch.write_text("5")


def peak_megabytes() -> float:
    """Read the high-water mark of this process, where the system tells it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024


def measure(kind: str, size: int, count: int, target: Path) -> dict[str, float]:
    """Run one format once; the time that the frames took to make is taken off."""
    cv2.setNumThreads(1)
    source = cutout(size)
    forget_peak()
    written = 0
    clock = Clock()
    if kind == FLOOR:
        for _ in moving(source, count, clock):
            pass
    else:
        written = encode(moving(source, count, clock), target, fps=FPS).bytes
    clock.stop()
    return {"wall": clock.wall * 1e3, "work": clock.work * 1e3, "bytes": written, "peak": peak_megabytes()}


def table(options: argparse.Namespace) -> None:
    """Print a row per format."""
    folder = tempfile.TemporaryDirectory() if options.keep is None else None
    place = Path(folder.name) if folder is not None else options.keep
    place.mkdir(parents=True, exist_ok=True)
    print(f"{options.frames} frames, {options.size} px, {FPS} fps, median of {options.runs}")
    print(f"{'':8}{'wall ms':>9}{'work ms':>9}{'ms/frame':>10}{'KB':>8}{'peak MB':>9}{'over floor':>12}")
    base = 0.0
    for kind in KINDS:
        rows = []
        for _ in range(options.runs):
            command = [sys.executable, __file__, "--one", kind, "--frames", str(options.frames)]
            command += ["--size", str(options.size), "--core", str(options.core), "--keep", str(place)]
            rows.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
        middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        base = middle["peak"] if kind == FLOOR else base
        print(
            f"{kind.strip('.'):8}{middle['wall']:9.0f}{middle['work']:9.0f}{middle['work'] / options.frames:10.2f}"
            f"{middle['bytes'] / 1000:8.0f}"
            f"{middle['peak']:9.0f}{middle['peak'] - base:12.0f}",
            flush=True,
        )
    if folder is not None:
        folder.cleanup()


def main() -> None:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="leave the files here to look at")
    parser.add_argument("--one", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is None:
        table(options)
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options.core})
    print(json.dumps(measure(options.one, options.size, options.frames, options.keep / f"moving{options.one}")))


if __name__ == "__main__":
    main()
