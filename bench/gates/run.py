"""Gate bench: variants of good portraits, and what the gates say of them.

    python bench/gates/run.py [FOLDER ...] [--sheet FILE] [--wrong]

Every photo of the folders (default: the test fixtures) in which a face is found is taken for a good one. See README.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "backend"))

from app.engines.local.detect import detect  # noqa: E402
from app.engines.local.gates import Verdict, check  # noqa: E402
from tests.portraits import Variant, bad_variants, faceless, good_variants, read  # noqa: E402

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
TILE, CAPTION = 170, 44
COLUMNS = 9
FIGURES = (
    "yaw",
    "pitch",
    "roll",
    "sharpness",
    "eye_opening",
    "lens_lightness",
    "lips_jitter",
    "eye_jitter",
    "outline_jitter",
)
RIGHT, UNEXPECTED, FALSE_REFUSAL, FALSE_PASS = "right", "other reason", "FALSE REFUSAL", "FALSE PASS"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One variant of one photo, judged."""

    photo: str
    variant: Variant
    verdict: Verdict
    outcome: str
    milliseconds: float

    @property
    def codes(self) -> str:
        """The reasons in short."""
        return ", ".join(reason.code for reason in self.verdict.reasons) or "passed"


def outcome(variant: Variant, verdict: Verdict) -> str:
    """Whether the verdict is what the variant deserves."""
    codes = {reason.code for reason in verdict.reasons}
    if variant.refused:
        if verdict.passed:
            return FALSE_PASS
        return RIGHT if codes & variant.refused else UNEXPECTED
    if not verdict.passed:
        return FALSE_REFUSAL
    return RIGHT if variant.warned is None or variant.warned in codes else FALSE_PASS


def judge(photo: str, variant: Variant) -> Row:
    """Detection and gates on one variant, timed."""
    start = time.perf_counter()
    verdict = check(variant.image, detect(variant.image))
    return Row(photo, variant, verdict, outcome(variant, verdict), (time.perf_counter() - start) * 1e3)


def rows_of(folders: list[Path]) -> list[Row]:
    """All variants of all portraits of the folders, then the pictures without a face."""
    rows = []
    files = [file for folder in folders for file in sorted(folder.iterdir()) if file.suffix.lower() in SUFFIXES]
    number = 0
    for file in files:
        image = read(file)
        faces = detect(image).faces
        if not faces:
            continue
        number += 1
        for variants in (good_variants, bad_variants):
            rows += [judge(f"photo {number}", variant) for variant in variants(image, faces[0])]
    return rows + [judge("no face", variant) for variant in faceless()]


def table(rows: list[Row]) -> str:
    """Verdicts and figures in Markdown."""
    lines = [
        f"| photo | variant | verdict | | ms | {' | '.join(FIGURES)} |",
        "| --- | --- | --- | --- " + "| ---: " * (len(FIGURES) + 1) + "|",
    ]
    for row in rows:
        taken = row.verdict.measures
        figures = " | ".join(f"{taken[name]:.2f}" if name in taken else "" for name in FIGURES)
        lines.append(
            f"| {row.photo} | {row.variant.name} | {row.codes} | {row.outcome} | {row.milliseconds:.0f} | {figures} |"
        )
    return "\n".join(lines)


def summary(rows: list[Row]) -> str:
    """What was wrong how often, and what it cost."""
    bad = [row for row in rows if row.variant.refused or row.variant.warned]
    count = Counter(row.outcome for row in rows)
    passed = [row.milliseconds for row in rows if row.verdict.passed]
    refused = [row.milliseconds for row in rows if not row.verdict.passed]
    return (
        f"{len(rows) - len(bad)} good variants, {count[FALSE_REFUSAL]} refused falsely; "
        f"{len(bad)} bad variants, {count[FALSE_PASS]} passed falsely, "
        f"{count[UNEXPECTED]} refused for another reason.\n"
        f"Detection and gates, median: {np.median(passed):.0f} ms for those that passed, "
        f"{np.median(refused):.0f} ms for those refused."
    )


def sheet(rows: list[Row]) -> np.ndarray:
    """Every variant with its verdict: green as it should be, orange for another reason, red when wrong."""
    tiles = []
    for row in rows:
        image = row.variant.image
        scale = TILE / max(image.shape[:2])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        tile = np.full((TILE + CAPTION, TILE + 8, 3), 28, np.uint8)
        tile[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        colour = {RIGHT: (110, 220, 120), UNEXPECTED: (255, 180, 60)}.get(row.outcome, (255, 80, 80))
        for line, (text, ink) in enumerate(((row.variant.name, (235, 235, 235)), (row.codes, colour))):
            cv2.putText(tile, text[:30], (2, TILE + 16 + 18 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.4, ink, 1, cv2.LINE_AA)
        tiles.append(tile)
    tiles += [np.full_like(tiles[0], 28)] * (-len(tiles) % COLUMNS)
    return np.vstack([np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)])


def main() -> int:
    """Run the bench; 1 when a verdict was wrong."""
    parser = argparse.ArgumentParser(description="Judge the gates on variants of good portraits.")
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT / "backend" / "tests" / "fixtures"])
    parser.add_argument("--sheet", type=Path, default=Path(__file__).parent / "out" / "sheet.png")
    parser.add_argument("--wrong", action="store_true", help="list only verdicts that are not as they should be")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows = rows_of(options.folders)
    print(table([row for row in rows if row.outcome != RIGHT] if options.wrong else rows))
    print(f"\n{summary(rows)}")
    options.sheet.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(options.sheet), sheet(rows)[:, :, ::-1])
    print(f"Sheet: {options.sheet}")
    return 1 if any(row.outcome in {FALSE_REFUSAL, FALSE_PASS} for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
