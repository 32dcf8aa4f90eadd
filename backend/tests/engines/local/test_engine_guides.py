"""The guides to the engine as a library: their code runs as printed, and they know the public names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import app.engines.local as engine
from app.engines.local import rig
from app.engines.local.encode import SUFFIXES
from app.engines.local.render import MAX_FPS, MAX_OUTPUT, MIN_FPS, MIN_OUTPUT

ROOT = Path(__file__).parents[4]
GUIDES = [ROOT / "docs" / "guides" / name for name in ("engine.md", "engine.zh-CN.md")]
BOTH = pytest.mark.parametrize("guide", GUIDES, ids=["en", "zh"])


def blocks(guide: Path) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```$", guide.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@BOTH
def test_the_example_runs_as_printed(guide: Path, tmp_path: Path) -> None:
    example, *others = [code for language, code in blocks(guide) if language == "python"]
    assert others == []
    (tmp_path / "backend").symlink_to(ROOT / "backend")
    environment = {**os.environ, "PYTHONPATH": "backend", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open(tmp_path / "wink.webp") as made:
        assert (made.format, made.size, made.info["loop"]) == ("WEBP", (200, 200), 0)
        assert getattr(made, "n_frames", 1) == 27
    size = (tmp_path / "wink.webp").stat().st_size
    assert done.stdout == f"wink.webp: 200×200 px, 27 frames, 1.8 s, {size} bytes\n"


@BOTH
def test_public_names_and_limits_are_told(guide: Path) -> None:
    told = guide.read_text("utf-8")
    names = set(engine.__all__) - {"Background", "Template"}  # types that nobody has to name
    assert {name for name in names if not re.search(rf"(?<![A-Za-z_]){name}(?![A-Za-z_])", told)} == set()
    assert set(SUFFIXES) <= set(re.findall(r"`(\.\w+)`", told))
    for low, high in ((MIN_OUTPUT, MAX_OUTPUT), (rig.MIN_SIZE, rig.MAX_SIZE), (int(MIN_FPS), int(MAX_FPS))):
        assert re.search(rf"\b{low} (to|到) {high}\b", told), (low, high)


def test_both_guides_have_the_same_code_and_the_same_tables() -> None:
    english, chinese = GUIDES
    assert blocks(english) == blocks(chinese)
    shapes = [re.findall(r"^#+ |^\|(?=.* \|$)|^- ", guide.read_text("utf-8"), re.MULTILINE) for guide in GUIDES]
    assert shapes[0] == shapes[1]
