"""What a sticker costs: stage by stage, beside the floor that was measured in the same run. See README.md here."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from app.engines.local import Format, build_rig, detect, encode, frame_count, load_photo, load_templates, render
from app.engines.local.compose import Puppet
from app.engines.local.motion import sample
from app.engines.local.raster import over, remap
from app.engines.local.warp import pixel_map

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from app.engines.local import Rig, Template

HERE = Path(__file__).resolve()
DEFAULT_PHOTO = HERE.parents[2] / "backend" / "tests" / "fixtures" / "astronaut.png"
SIZE = 512
ENCODED_WITH = "dagong_kaixin"


def timed(action: Callable[[], object], runs: int) -> float:
    """Median milliseconds of ``action``; one run to warm up is not counted."""
    action()
    spans = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        spans.append((time.perf_counter() - start) * 1e3)
    return statistics.median(spans)


def cloud_templates() -> list[Template]:
    """The templates that exist in the cloud too: the set that the targets are stated for."""
    return [template for template in load_templates().values() if template.driven_id]


def frame_and_floor_ms(rig: Rig, template: Template, runs: int) -> tuple[float, float]:
    """Median milliseconds a frame of a whole loop, captions and effects included, and of its floor.

    The floor is a frame's least work: its own map to full size, one RGBA remap, one composite. It is timed right
    after the frame, on the frame's own map and with the caches as a frame leaves them; a loop over one map alone
    would be a floor that no program with more than one picture in memory can stand on.
    """
    for _ in render(rig, template):
        pass
    motion = sample(template, frame_count(template))
    ground = np.full((rig.size, rig.size, 4), 255, np.uint8)
    frames, floors = [], []
    for _ in range(runs):
        loop, twin = render(rig, template), Puppet(rig, bordered=True)
        spent = least = 0
        for index in range(motion.frame_count):
            start = time.perf_counter_ns()
            next(loop)
            spent += time.perf_counter_ns() - start
            back = twin.pose(motion.frame(index)).back
            start = time.perf_counter_ns()
            over(ground, np.asarray(remap(rig.sticker, pixel_map(back, rig.size), cv2.BORDER_CONSTANT), np.uint8))
            least += time.perf_counter_ns() - start
        frames.append(spent / motion.frame_count / 1e6)
        floors.append(least / motion.frame_count / 1e6)
    return statistics.median(frames), statistics.median(floors)


def person_ms(rig: Rig, template: Template, runs: int) -> float:
    """The same without effects, caption and delivery: what the posed person alone costs."""
    motion = sample(template, frame_count(template))

    def pose() -> None:
        puppet = Puppet(rig, bordered=True)
        for index in range(motion.frame_count):
            puppet.pose(motion.frame(index))

    return timed(pose, runs) / motion.frame_count


def mp4_ms(photo: Path, rig: Rig, template: Template, runs: int) -> tuple[float, float, float]:
    """Milliseconds of an MP4 from nothing but the photo, of one with the rig at hand, and of the encoder alone."""
    ready = list(render(rig, template))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "sticker.mp4"

        def from_photo() -> None:
            picture = load_photo(photo)
            fresh = build_rig(picture.pixels, detect(picture.pixels).faces[0], alpha=picture.alpha, size=SIZE)
            encode(render(fresh, template), target, fps=template.fps)

        alone = timed(lambda: encode(ready, target, fps=template.fps), runs)
        second = timed(lambda: encode(render(rig, template), target, fps=template.fps), runs)
        return timed(from_photo, runs), second, alone


def measure(photo: Path, runs: int) -> dict[str, float]:
    """All figures of one photo on this process's one core; times in ms."""
    cv2.setNumThreads(1)
    picture = load_photo(photo)
    detection = detect(picture.pixels)
    rig = build_rig(picture.pixels, detection.faces[0], alpha=picture.alpha, size=SIZE)
    figures = {
        "load": timed(lambda: load_photo(photo), runs),
        "detect": timed(lambda: detect(picture.pixels), runs),
        "rig": timed(lambda: build_rig(picture.pixels, detection.faces[0], size=SIZE), runs),
    }
    templates = cloud_templates()
    few = max(2, runs // 3)
    pairs = [frame_and_floor_ms(rig, template, few) for template in templates]
    figures["frame"] = statistics.median(frame for frame, _ in pairs)
    figures["frame_max"] = max(frame for frame, _ in pairs)
    figures["floor"] = statistics.median(floor for _, floor in pairs)
    figures["frame_over_floor"] = statistics.median(frame / floor for frame, floor in pairs)
    figures["person"] = statistics.median(person_ms(rig, template, 2) for template in templates)
    films = [mp4_ms(photo, rig, template, few) for template in templates]
    figures["photo_to_mp4"] = statistics.median(first for first, _, _ in films)
    figures["second_mp4"] = statistics.median(second for _, second, _ in films)
    figures["second_over_first"] = statistics.median(second / first for first, second, _ in films)
    figures["whole_over_floor"] = statistics.median(
        first / (frame_count(template) * floor + alone)
        for template, (_, floor), (first, _, alone) in zip(templates, pairs, films, strict=True)
    )
    return figures | encoders(rig, load_templates()[ENCODED_WITH], few)


def encoders(rig: Rig, template: Template, runs: int) -> dict[str, float]:
    """Each format on ready frames of one template."""
    ready = list(render(rig, template))
    figures: dict[str, float] = {"frames": float(len(ready))}
    with tempfile.TemporaryDirectory() as folder:
        for kind in Format:
            target = Path(folder) / f"sticker.{kind.value}"
            figures[f"encode_{kind.value}"] = timed(partial(encode, ready, target, fps=template.fps, format=kind), runs)
            figures[f"kb_{kind.value}"] = target.stat().st_size / 1000
    return figures


def _digested(frames: Iterator[NDArray[np.uint8]], digest: hashlib._Hash) -> Iterator[NDArray[np.uint8]]:
    for frame in frames:
        digest.update(frame.tobytes())
        yield frame


def one_sticker(photo: Path, seconds: float = 0.0) -> dict[str, object]:
    """Make stickers for ``seconds`` (at least one): how many, their frames' digest, and the process's peak memory."""
    cv2.setNumThreads(1)
    template = load_templates()[ENCODED_WITH]
    picture = load_photo(photo)
    rig = build_rig(picture.pixels, detect(picture.pixels).faces[0], alpha=picture.alpha, size=SIZE)
    digest = hashlib.sha256()
    made, start = 0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        while made == 0 or time.perf_counter() - start < seconds:
            frames = render(rig, template)
            encode(_digested(frames, digest) if made == 0 else frames, Path(folder) / "sticker.mp4", fps=template.fps)
            made += 1
    spent = time.perf_counter() - start
    return {"per_second": made / spent, "digest": digest.hexdigest(), "peak_mb": _peak_bytes() / 1e6}


def _peak_bytes() -> int:
    """Peak resident memory of this process alone; on Linux ``ru_maxrss`` would begin with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _child(photo: Path, seconds: float, core: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, str(HERE), "--photo", str(photo), "--child", str(seconds), "--core", str(core)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def _answer(child: subprocess.Popen[str]) -> dict[str, object]:
    output, _ = child.communicate()
    if child.returncode:
        raise SystemExit(f"a measuring process ended with {child.returncode}")
    answer: dict[str, object] = json.loads(output)
    return answer


def processes(photo: Path, seconds: float) -> dict[str, object]:
    """Peak memory, equal output of two processes, and what a second process on a second core adds."""
    alone = _answer(_child(photo, seconds, 0))
    pair = [_answer(child) for child in [_child(photo, seconds, 0), _child(photo, seconds, 1)]]
    together = sum(float(str(one["per_second"])) for one in pair)
    return {
        "peak_mb": alone["peak_mb"],
        "speedup": together / float(str(alone["per_second"])),
        "same_output": len({str(one["digest"]) for one in [alone, *pair]}) == 1,
    }


def pin(core: int) -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[core % len(allowed)]})


def verdicts(f: dict[str, float], p: dict[str, object]) -> list[tuple[str, str, str, str, bool, bool]]:
    """Rows of the targets: what, measured, must, aim, and whether each is reached."""
    frame = f["frame_over_floor"]
    whole, second = f["whole_over_floor"], f["second_over_first"]
    peak, speedup, same = float(str(p["peak_mb"])), float(str(p["speedup"])), bool(p["same_output"])
    return [
        ("a frame, over its floor", f"{frame:.2f}", "≤ 4", "≤ 2", frame <= 4, frame <= 2),
        ("photo to MP4, over frames at floor + encoder", f"{whole:.2f}", "≤ 2", "≤ 1.4", whole <= 2, whole <= 1.4),
        ("second sticker of a photo, over the first", f"{second:.2f}", "≤ 0.7", "≤ 0.5", second <= 0.7, second <= 0.5),
        ("peak memory of a process, MB", f"{peak:.0f}", "≤ 250", "≤ 180", peak <= 250, peak <= 180),
        ("two processes on two cores, over one", f"{speedup:.2f}", "≥ 1.8", "≥ 1.95", speedup >= 1.8, speedup >= 1.95),
        ("same frames in three processes", str(same), "True", "True", same, same),
    ]


def show(photo: Path, f: dict[str, float], p: dict[str, object]) -> bool:
    """Print both tables; whether every *must* is reached."""
    console = Console(width=100)
    stages = Table(title=f"{photo.name}: one pinned core, {SIZE} px, medians", title_justify="left")
    for column in ("stage", "ms", ""):
        stages.add_column(column, justify="right" if column == "ms" else "left")
    stages.add_row("load the photo", f"{f['load']:.1f}", "")
    stages.add_row("detect: face, mesh, irises", f"{f['detect']:.1f}", "")
    stages.add_row("rig", f"{f['rig']:.1f}", "")
    stages.add_row("floor of a frame", f"{f['floor']:.2f}", "upsample, remap, composite")
    stages.add_row("a frame", f"{f['frame']:.2f}", f"median of the cloud's templates; dearest {f['frame_max']:.2f}")
    stages.add_row("  of it the person", f"{f['person']:.2f}", "the rest: effects, caption, delivery")
    for kind in Format:
        size = f"{f['kb_' + kind.value]:.0f} KB, {f['frames']:.0f} frames"
        stages.add_row(f"encode {kind.value}", f"{f['encode_' + kind.value]:.0f}", size)
    stages.add_row("photo to MP4, all in", f"{f['photo_to_mp4']:.0f}", "median of the cloud's templates")
    stages.add_row("second MP4 of the photo", f"{f['second_mp4']:.0f}", "the rig at hand")
    console.print(stages)
    targets = Table(title="targets", title_justify="left")
    for column in ("", "measured", "must", "aim"):
        targets.add_column(column)
    rows = verdicts(f, p)
    for what, measured, must, aim, kept, aimed in rows:
        marks = [f"{text} {'✓' if good else '✗'}" for text, good in ((must, kept), (aim, aimed))]
        targets.add_row(what, measured, *marks)
    console.print(targets)
    return all(row[4] for row in rows)


def main() -> int:
    """Measure every photo given; exit 1 when a *must* is missed."""
    parser = argparse.ArgumentParser(prog="aipic bench engine", description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--photo", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=7, help="runs of each stage (default 7)")
    parser.add_argument("--seconds", type=float, default=6.0, help="seconds of each throughput run (default 6)")
    parser.add_argument("--json", action="store_true", help="figures for machines")
    parser.add_argument("--child", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        pin(arguments.core)
        print(json.dumps(one_sticker(arguments.photo, arguments.child)))
        return 0
    kept, all_figures = True, {}
    for photo in arguments.photos or [DEFAULT_PHOTO]:
        spread = processes(photo, arguments.seconds)
        pin(0)
        figures = measure(photo, arguments.runs)
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, range(os.cpu_count() or 1))
        all_figures[photo.name] = {**figures, **spread}
        if not arguments.json:
            kept = show(photo, figures, spread) and kept
    if arguments.json:
        print(json.dumps(all_figures, indent=2))
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
