"""The looks bench must catch the faults that it is there for: each is planted in frames that are otherwise clean."""

from __future__ import annotations

import importlib
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))

expressions = importlib.import_module("bench.looks.expressions")
measures = importlib.import_module("bench.looks.measures")
sheets = importlib.import_module("bench.looks.sheets")

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

SIZE = 96


def disc(radius: float, centre: tuple[float, float] = (48, 48), soft: float = 1.0) -> Pixels:
    """Alpha of a disc whose edge is ``soft`` px wide."""
    y, x = np.mgrid[:SIZE, :SIZE]
    distance = np.hypot(x - centre[0], y - centre[1])
    return np.asarray(np.clip((radius - distance) / soft + 0.5, 0, 1) * 255, np.uint8)


def person(seed: int = 3) -> Pixels:
    """A disc of noise, premultiplied."""
    alpha = disc(40)
    colours = np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3))
    return np.dstack([colours * (alpha[..., None] / 255.0), alpha]).astype(np.uint8)


class TestSeam:
    def test_a_loop_that_closes_has_a_seam_like_its_steps(self) -> None:
        frames = [np.full((8, 8, 4), 100 + value, np.uint8) for value in (0, 4, 8, 4)]
        steps = [measures.step(a, b) for a, b in pairwise(frames)]
        assert measures.seam_ratio(measures.step(frames[-1], frames[0]), steps) == pytest.approx(1.0)

    def test_a_jump_back_to_the_start_is_caught(self) -> None:
        frames = [np.full((8, 8, 4), 100 + value, np.uint8) for value in (0, 4, 8, 12)]
        steps = [measures.step(a, b) for a, b in pairwise(frames)]
        assert measures.seam_ratio(measures.step(frames[-1], frames[0]), steps) == pytest.approx(3.0)

    def test_a_loop_that_stands_still_has_none(self) -> None:
        assert measures.seam_ratio(0.0, [0.0, 0.0]) == 0.0
        assert measures.seam_ratio(1.0, [0.0]) == float("inf")


class TestFlicker:
    still = np.zeros((SIZE, SIZE), np.float32)
    nowhere = np.zeros((SIZE, SIZE), np.uint8)

    def test_frames_that_are_equal_do_not(self) -> None:
        assert measures.flicker(person(), person(), self.still, self.nowhere) == 0.0

    def test_a_patch_that_changes_its_colour_is_caught(self) -> None:
        after = person()
        after[40:50, 40:50, :3] ^= 16
        share = measures.flicker(person(), after, self.still, self.nowhere)
        assert share == pytest.approx(100 / (person()[..., 3] > 0).sum())

    def test_what_changes_in_the_face_is_not_counted(self) -> None:
        after, face = person(), self.nowhere.copy()
        after[40:50, 40:50, :3] ^= 16
        face[40:50, 40:50] = 255
        assert measures.flicker(person(), after, self.still, face) == 0.0

    def test_what_moves_is_not_still(self) -> None:
        assert measures.flicker(person(), person(4), self.still + 0.5, self.nowhere) == 0.0

    def test_what_a_small_motion_explains_is_not_counted(self) -> None:
        before = person()
        motion = 0.04
        shifted = before + motion * (np.roll(before.astype(np.float64), 1, axis=1) - before)
        after = np.rint(shifted).astype(np.uint8)
        assert measures.flicker(before, after, self.still, self.nowhere) > 0.1
        assert measures.flicker(before, after, self.still + motion, self.nowhere) == 0.0


class TestHalo:
    def test_a_clean_edge_has_none(self) -> None:
        assert measures.halo(disc(30)) == 0.0

    def test_a_wide_soft_edge_is_caught(self) -> None:
        assert measures.halo(disc(30, soft=12)) > 0.4

    def test_a_veil_beside_the_person_is_caught(self) -> None:
        alpha = disc(30)
        alpha[2:12, 2:12] = 60
        assert measures.halo(alpha) > 0.3

    def test_nothing_and_everything_have_no_edge(self) -> None:
        assert measures.halo(np.zeros((9, 9), np.uint8)) == 0.0
        assert measures.halo(np.full((9, 9), 255, np.uint8)) == 0.0
        assert measures.halo(np.full((9, 9), 200, np.uint8)) == 1.0


class TestHoles:
    def test_a_whole_person_has_none(self) -> None:
        assert measures.holes(disc(30)) == 0

    def test_a_hole_is_counted_in_pixels(self) -> None:
        alpha = disc(30)
        alpha[40:44, 50:55] = 120
        assert measures.holes(alpha) == 20

    def test_a_bay_is_not_a_hole(self) -> None:
        alpha = disc(30)
        alpha[44:50, 48:] = 0
        assert measures.holes(alpha) == 0


class TestStretch:
    everywhere = np.ones((12, 12), bool)

    def grid(self) -> NDArray[np.float32]:
        return np.dstack(np.meshgrid(np.arange(12), np.arange(12))).astype(np.float32) * 4

    def test_a_picture_that_only_moves_is_not_stretched(self) -> None:
        assert measures.stretch(self.grid() + 5, 4.0, self.everywhere) == pytest.approx(1.0)

    def test_a_band_that_is_drawn_out_is_caught(self) -> None:
        back = self.grid()
        back[:, 6:, 0] -= np.minimum(np.arange(6), 3) * 3
        assert measures.stretch(back, 4.0, self.everywhere) == pytest.approx(4.0)

    def test_only_what_is_seen_counts(self) -> None:
        back = self.grid()
        back[:, 9:, 0] = back[:, 9:10, 0]
        seen = self.everywhere.copy()
        seen[:, 8:] = False
        assert measures.stretch(back, 4.0, seen) == pytest.approx(1.0)
        assert measures.stretch(back, 4.0, ~self.everywhere) == 1.0


class TestMovements:
    def test_the_moment_of_the_largest_wish_is_judged(self) -> None:
        rest = dict.fromkeys(expressions.FEATURES, 0.0)
        wanted = [rest, rest | {"opening": 0.1, "corners": -0.05, "eye_left": 0.001}]
        seen = [rest, rest | {"opening": 0.06, "corners": 0.02, "eye_left": -0.02}]
        moves = expressions.movements(wanted, seen)
        assert moves["opening"].agrees
        assert moves["opening"].seen == pytest.approx(0.06)
        assert not moves["corners"].agrees
        assert moves["eye_left"].agrees
        assert not moves["eye_left"].judged

    def test_no_frame_with_a_face_asks_nothing(self) -> None:
        assert all(move.agrees for move in expressions.movements([], []).values())

    def test_features_follow_the_landmarks(self) -> None:
        points = np.random.default_rng(1).random((468, 2)) * 100
        points[33], points[263], points[133], points[362] = (10, 50), (90, 50), (40, 50), (60, 50)
        before = expressions.read(points, 100.0)
        points[14] += (0, 8)
        points[[61, 291]] += (0, -5)
        after = expressions.read(points, 100.0)
        assert after["opening"] - before["opening"] == pytest.approx(0.08)
        assert after["corners"] - before["corners"] == pytest.approx(0.05)
        assert after["brow_left"] == pytest.approx(before["brow_left"])


class TestSheets:
    def test_thirds_show_each_ground(self) -> None:
        clear = np.zeros((6, 9, 4), np.uint8)
        row = sheets.on_thirds(clear, 1)[0]
        assert [tuple(row[i]) for i in (0, 4, 8)] == [(0, 0, 0), (0, 177, 64), (255, 255, 255)]

    def test_hidden_colours_do_not_bleed_when_a_sticker_shrinks(self) -> None:
        frame = np.zeros((8, 8, 4), np.uint8)
        frame[:, :, 0] = 255
        frame[:, 4:] = (0, 0, 255, 255)
        assert (sheets.shrunk(frame, 2)[:, 0, 3] == 0).all()
        assert tuple(sheets.on_ground(sheets.shrunk(frame, 1), (0, 0, 0))[0, 0]) == (0, 0, 128)

    def test_sheets_pack_without_loss(self) -> None:
        picture = person()[..., :3]
        assert (sheets.unpacked(sheets.packed(picture)) == picture).all()
