"""Stickers as they looked when somebody last looked: a few frames against pictures in ``tests/golden``.

After a change that is meant to be seen: ``AIPIC_UPDATE_GOLDEN=1 python -m pytest tests/engines/local/test_golden.py``,
then look at the changed pictures before committing them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from app.engines.local.catalog import get_template
from app.engines.local.render import still
from tests.rigs import ASTRONAUT, HOPPER, rig_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]

GOLDEN = Path(__file__).parents[2] / "golden"
FAILURES = GOLDEN / "failures"
SIZE = 128
# Another processor rounds differently: a level here and there, or an edge that falls one subpixel aside.
MEAN_LIMIT = 1.0
LEVEL_LIMIT, SHARE_LIMIT = 20, 0.01
CASES = [
    *((ASTRONAUT, name) for name in ("laugh_tears", "love", "shocked", "crying", "wink", "angry", "tongue", "kiss")),
    *((HOPPER, name) for name in ("laugh_tears", "speechless", "jingdian_deyi_1")),
]


def path_of(portrait: str, name: str) -> Path:
    return GOLDEN / f"{portrait.partition('.')[0]}_{name}.png"


def read(path: Path) -> Frame:
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), np.uint8)


def write(path: Path, frame: Frame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    done, data = cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGBA2BGRA))
    assert done
    path.write_bytes(data.tobytes())


def on_grey(frame: Frame) -> NDArray[np.float64]:
    """What an eye sees: colour under no alpha does not count."""
    alpha = frame[..., 3:] / 255.0
    return np.asarray(frame[..., :3] * alpha + 128 * (1 - alpha))


def difference(frame: Frame, expected: Frame) -> tuple[float, float]:
    """Mean difference in levels, and the share of pixels that are off by more than the limit."""
    colour = np.abs(on_grey(frame) - on_grey(expected))
    levels = np.dstack([colour, np.abs(frame[..., 3:].astype(float) - expected[..., 3:])])
    return float(levels.mean()), float((levels.max(2) > LEVEL_LIMIT).mean())


def save_failure(path: Path, frame: Frame, expected: Frame) -> Path:
    """Expected, actual and their difference eightfold, side by side and twice as large."""
    apart = np.clip(np.abs(on_grey(frame) - on_grey(expected)) * 8, 0, 255)
    row = np.hstack([on_grey(expected), on_grey(frame), apart]).round().astype(np.uint8)
    large = np.asarray(cv2.resize(row, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST), np.uint8)
    saved = FAILURES / path.name
    write(saved, np.dstack([large, np.full(large.shape[:2], 255, np.uint8)]))
    return saved


@pytest.mark.parametrize(("portrait", "name"), CASES)
def test_the_sticker_looks_as_it_did(portrait: str, name: str) -> None:
    frame = still(rig_of(portrait), get_template(name), size=SIZE)
    path = path_of(portrait, name)
    if os.environ.get("AIPIC_UPDATE_GOLDEN"):
        write(path, frame)
        return
    assert path.is_file(), f"{path.name} is missing; make it with AIPIC_UPDATE_GOLDEN=1"
    expected = read(path)
    mean, share = difference(frame, expected)
    if mean > MEAN_LIMIT or share > SHARE_LIMIT:
        saved = save_failure(path, frame, expected)
        pytest.fail(
            f"{name} on {portrait} looks different: {mean:.2f} levels on average (at most {MEAN_LIMIT}), "
            f"{share:.1%} of the pixels by more than {LEVEL_LIMIT} (at most {SHARE_LIMIT:.0%}). "
            f"Expected, actual and difference: {saved}"
        )


def test_every_picture_belongs_to_a_case() -> None:
    assert {path.name for path in GOLDEN.glob("*.png")} == {path_of(*case).name for case in CASES}


def test_the_comparison_forgives_rounding_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = still(rig_of(ASTRONAUT), get_template("wink"), size=SIZE)
    chance = np.random.default_rng(1)
    rounded = np.clip(frame.astype(int) + chance.integers(-1, 2, frame.shape), 0, 255).astype(np.uint8)
    mean, share = difference(rounded, frame)
    assert mean < MEAN_LIMIT
    assert share <= SHARE_LIMIT
    # The same template on another face, another moment of it, a picture moved by two pixels.
    others = (
        still(rig_of(HOPPER), get_template("wink"), size=SIZE),
        still(rig_of(ASTRONAUT), get_template("wink"), t=0.0, size=SIZE),
        np.roll(frame, 2, axis=1),
    )
    for other in others:
        mean, share = difference(other, frame)
        assert mean > MEAN_LIMIT or share > SHARE_LIMIT
    monkeypatch.setattr(f"{__name__}.FAILURES", tmp_path)
    saved = save_failure(tmp_path / "wink.png", others[0], frame)
    assert read(saved).shape == (2 * SIZE, 6 * SIZE, 4)
