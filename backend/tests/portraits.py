"""Portraits with known answers: variants of a good photo that must pass, or must be refused, and why.

Shared by the tests of the gates and by ``bench/gates``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.topology import Side
from tests import portrait_edits as edits
from tests.portrait_turns import turned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.engines.local.detect import Face
    from tests.portrait_edits import Pixels

FIXTURES = Path(__file__).parent / "fixtures"
MASKS = {"blue": (120, 170, 205), "white": (232, 234, 232), "black": (28, 28, 32), "skin": (205, 165, 140)}


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """A picture and what the gates must say of it.

    ``refused`` are the codes one of which must refuse it; empty for a picture that must pass. ``warned`` must be
    among the reasons even though the picture passes.
    """

    name: str
    image: Pixels
    refused: frozenset[str] = frozenset()
    warned: str | None = None


@cache
def fixture(name: str) -> Pixels:
    """A photo of ``tests/fixtures`` as RGB; read-only, since all tests share it."""
    return read(FIXTURES / name)


def read(path: Path) -> Pixels:
    """A photo as RGB without EXIF rotation, read-only."""
    data = np.frombuffer(path.read_bytes(), np.uint8)
    image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)
    image.flags.writeable = False
    return image


def good_variants(image: Pixels, face: Face) -> Iterator[Variant]:
    """The photo itself and changes that do no harm."""
    height = edits.face_height(face)
    made: dict[str, Callable[[], Pixels]] = {
        "photo": lambda: image,
        "brighter": lambda: edits.brightness(image, 1.3),
        "darker": lambda: edits.brightness(image, 0.6),
        "grey": lambda: edits.grey(image),
        "soft": lambda: edits.gaussian_blur(image, face, 0.005),
        "grainy": lambda: edits.noise(image, 12),
        "jpeg q30": lambda: edits.jpeg(image, 30),
        "roll +12": lambda: edits.rolled(image, face, 12),
        "roll -12": lambda: edits.rolled(image, face, -12),
        "turn +12": lambda: turned(image, face, yaw=12 - face.pose.yaw),
        "turn -12": lambda: turned(image, face, yaw=-12 - face.pose.yaw),
        "mirrored": lambda: edits.mirrored(image),
        "half size": lambda: edits.scaled(image, max(0.5, 100 / height)),
        "double size": lambda: edits.scaled(image, 2.0),
        "close-up": lambda: edits.close_up(image, face, 0.12),
        "far away": lambda: edits.far_away(image, 0.15, face),
        "clear glasses": lambda: edits.clear_glasses(image, face),
        "wink": lambda: edits.closed_eyes(image, face, (Side.LEFT,)),
    }
    for name, make in made.items():
        yield Variant(name, make())


def bad_variants(image: Pixels, face: Face) -> Iterator[Variant]:
    """Changes that spoil the photo, each with the codes that may refuse it."""
    height = edits.face_height(face)
    covered = ("mouth_covered", "face_covered", "no_face")
    lost = ("no_face", "face_covered")
    made: dict[str, tuple[Callable[[], Pixels], tuple[str, ...]]] = {
        "blurred": (lambda: edits.gaussian_blur(image, face, 0.025), ("blurred",)),
        "very blurred": (lambda: edits.gaussian_blur(image, face, 0.05), ("blurred", *lost)),
        "blurred, grainy": (lambda: edits.noise(edits.gaussian_blur(image, face, 0.025), 6), ("blurred",)),
        "enlarged": (lambda: edits.scaled(edits.scaled(image, 30 / height), 5), ("blurred", *lost)),
        "moved sideways": (lambda: edits.motion_blur(image, face, 0.11, 10), ("blurred",)),
        "moved upward": (lambda: edits.motion_blur(image, face, 0.11, 80), ("blurred",)),
        "moved slantwise": (lambda: edits.motion_blur(image, face, 0.11, 45), ("blurred",)),
        "no chin": (lambda: edits.cut_at(image, face, "chin"), ("cut_off", *lost)),
        "no forehead": (lambda: edits.cut_at(image, face, "forehead"), ("cut_off", *lost)),
        "cut at left": (lambda: edits.cut_at(image, face, "left"), ("cut_off", *lost)),
        "cut at right": (lambda: edits.cut_at(image, face, "right"), ("cut_off", *lost)),
        "tiny": (lambda: edits.scaled(image, 60 / height), ("too_small",)),
        "roll +45": (lambda: edits.rolled(image, face, 45 - face.pose.roll), ("head_tilted",)),
        "roll -45": (lambda: edits.rolled(image, face, -45 - face.pose.roll), ("head_tilted",)),
        "on its side": (lambda: np.rot90(image).copy(), ("head_tilted",)),
        "upside down": (lambda: np.rot90(image, 2).copy(), ("head_tilted",)),
        "turn +45": (lambda: turned(image, face, yaw=45 - face.pose.yaw), ("head_turned", *lost)),
        "turn -45": (lambda: turned(image, face, yaw=-45 - face.pose.yaw), ("head_turned", *lost)),
        "nod +45": (lambda: turned(image, face, pitch=45 - face.pose.pitch), ("head_nodded", *covered)),
        "nod -45": (lambda: turned(image, face, pitch=-45 - face.pose.pitch), ("head_nodded", *covered)),
        "hand": (lambda: edits.hand_over_mouth(image, face), covered),
        "half covered": (lambda: edits.panel_over_half(image, face), covered),
        "closed eyes": (lambda: edits.closed_eyes(image, face), ("eyes_closed",)),
        "in the dark": (lambda: edits.brightness(image, 0.15), ("too_dark", *lost)),
        "two people": (lambda: edits.side_by_side(image, edits.mirrored(image)), ("several_faces",)),
    }
    for name, colour in MASKS.items():
        made[f"{name} mask"] = (lambda colour=colour: edits.mouth_mask(image, face, colour), covered)  # type: ignore[misc]
    for name, (make, refused) in made.items():
        yield Variant(name, make(), frozenset(refused))
    yield Variant("dark lenses", edits.dark_lenses(image, face), warned="dark_lenses")


def faceless() -> Iterator[Variant]:
    """Pictures without a face."""
    none = frozenset({"no_face"})
    chance = np.random.default_rng(3)
    yield Variant("cat", fixture("cat.png"), none)
    yield Variant("noise", chance.integers(0, 256, (480, 480, 3), np.uint8), none)
    rows = np.linspace(120, 190, 480)[:, None, None] * np.array([1.0, 0.96, 0.9])
    wall = np.clip(np.broadcast_to(rows, (480, 640, 3)) + chance.normal(0, 2, (480, 640, 1)), 0, 255)
    yield Variant("empty wall", wall.astype(np.uint8), none)
    yield Variant("black", np.zeros((480, 480, 3), np.uint8), none)
