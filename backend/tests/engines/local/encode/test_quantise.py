from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.local.encode.palette import choose_colours, cluster, from_lab, nearest, to_lab
from app.engines.local.encode.quantise import CLEAR_INDEX, Quantiser
from tests.moving_shapes import walk


class TestPalette:
    @given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=40))
    @settings(max_examples=30)
    def test_lab_comes_back(self, colours: list[tuple[int, int, int]]) -> None:
        rgb = np.array(colours, np.uint8)
        assert np.abs(from_lab(to_lab(rgb)).astype(int) - rgb).max() <= 1

    def test_lightness_is_a_hundred_for_white_and_colourless_for_greys(self) -> None:
        lab = to_lab(np.array([[255, 255, 255], [128, 128, 128], [0, 0, 0]], np.uint8))
        assert lab[0] == pytest.approx([100, 0, 0], abs=0.01)
        assert np.abs(lab[:, 1:]).max() < 0.01

    def test_few_colours_stay_as_they_are(self) -> None:
        colours = np.array([[250, 10, 30], [20, 200, 90], [0, 0, 0], [255, 255, 255]], np.uint8)
        chosen = choose_colours(colours, np.array([5, 1, 90, 7]), 16)
        assert np.abs(chosen.astype(int) - colours).max() <= 1

    def test_rare_far_colours_get_their_own_entry(self) -> None:
        steps = np.linspace(0, 1, 4000)[:, None]
        skin = np.array([120, 80, 60]) * (1 - steps) + np.array([240, 200, 180]) * steps
        colours = np.concatenate([skin, [[20, 60, 250], [250, 20, 160]]])
        counts = np.concatenate([np.full(4000, 900), [300, 300]])
        chosen = choose_colours(colours, counts, 24).astype(int)
        for rare in colours[-2:]:
            assert np.abs(chosen - rare).max(axis=1).min() < 12

    def test_near_white_and_near_black_become_pure(self) -> None:
        steps = np.arange(0, 256, 1.0)[:, None].repeat(3, axis=1)
        chosen = choose_colours(steps, np.full(256, 10), 20)
        assert [255, 255, 255] in chosen.tolist()
        assert [0, 0, 0] in chosen.tolist()

    def test_identical_points_give_no_empty_clusters(self) -> None:
        points = np.repeat(np.array([[1, 2, 3], [9, 9, 9]], np.float32), 50, axis=0)
        centres = cluster(points, np.ones(100), 8)
        assert len(centres) == 2
        assert sorted(np.unique(nearest(points, centres)).tolist()) == [0, 1]


class TestQuantiser:
    def test_no_more_entries_than_asked_for(self) -> None:
        noise = np.random.default_rng(3).integers(0, 256, (64, 64, 4), np.uint8)
        for size in (2, 16, 256):
            quantiser = Quantiser(64, 64, translucent=True)
            quantiser.codes(noise)
            assert len(quantiser.finish(size).colours) <= size

    def test_flat_colour_does_not_crawl_when_something_else_moves(self) -> None:
        quantiser = Quantiser(96, 80, translucent=False)
        codes = [quantiser.codes(frame).copy() for frame in walk()]
        still = [plane[64:76, 10:60] for plane in codes]
        assert all(np.array_equal(still[0], plane) for plane in still)

    def test_alike_entries_may_stand_in_but_never_the_transparent_one(self) -> None:
        ramp = np.zeros((32, 256, 4), np.uint8)
        ramp[..., :3] = np.arange(256)[None, :, None] * [1.0, 0.8, 0.7]
        ramp[..., 3] = 255
        quantiser = Quantiser(256, 32, translucent=False)
        quantiser.codes(ramp)
        quantised = quantiser.finish(256)
        entries = np.arange(len(quantised.colours), dtype=np.uint8)
        assert quantised.settled(entries, entries).all()
        others = entries[1:]
        assert not quantised.settled(np.full_like(others, CLEAR_INDEX), others).any()
        assert not quantised.settled(others, np.full_like(others, CLEAR_INDEX)).any()
        shown, wanted = (plane.ravel() for plane in np.meshgrid(others, others))
        alike = quantised.settled(shown, wanted)
        gap = np.abs(quantised.colours[shown].astype(int) - quantised.colours[wanted]).max(axis=1)
        assert gap[alike].max() < 16
