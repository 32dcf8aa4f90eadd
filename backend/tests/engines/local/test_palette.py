from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.engines.local.palette import person_likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

SIZE = 128


def halves() -> tuple[NDArray[np.uint8], Mask, Mask]:
    """A red person on the left, blue behind on the right, a grey strip that is asked about between them."""
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[:, : SIZE // 2], pixels[:, SIZE // 2 :] = (200, 60, 50), (40, 70, 190)
    person = np.zeros((SIZE, SIZE), bool)
    behind = person.copy()
    person[:, :50], behind[:, 78:] = True, True
    return pixels, person, behind


def test_colours_of_the_person_speak_for_it() -> None:
    pixels, person, behind = halves()
    asked = ~(person | behind)
    odds = person_likelihood(pixels, person, behind, asked)
    assert odds.dtype == np.float32
    assert odds[:, 52:62].min() > 2
    assert odds[:, 66:76].max() < -2
    assert not odds[~asked].any()


def test_what_nobody_wears_says_nothing() -> None:
    pixels, person, behind = halves()
    pixels[:, 60:70] = (90, 200, 80)
    odds = person_likelihood(pixels, person, behind, ~(person | behind))
    assert np.abs(odds[:, 60:70]).max() < 0.5


def test_the_same_colour_may_belong_to_either_elsewhere() -> None:
    """White is the collar's below and the wall's above."""
    pixels = np.full((SIZE, SIZE, 3), 240, np.uint8)
    pixels[: SIZE // 2, :50], pixels[SIZE // 2 :, 78:] = (60, 40, 30), (60, 40, 30)
    person = np.zeros((SIZE, SIZE), bool)
    behind = person.copy()
    person[:, :50], behind[:, 78:] = True, True
    odds = person_likelihood(pixels, person, behind, ~(person | behind))
    assert odds[:24, 50:78].max() < -1
    assert odds[-24:, 50:78].min() > 1


def test_a_likely_sleeve_may_show_only_elsewhere() -> None:
    """An orange patch far from all other orange still is more the person's than the grey wall's."""
    pixels = np.full((SIZE, SIZE, 3), 150, np.uint8)
    pixels[100:, :30] = (230, 110, 40)
    pixels[100:, 110:] = (230, 110, 40)
    person = np.zeros((SIZE, SIZE), bool)
    person[100:, :30] = True
    person[40:100, 40:80] = True
    pixels[40:100, 40:80] = (60, 60, 70)
    behind = np.zeros_like(person)
    behind[:90, 90:] = True
    asked = np.zeros_like(person)
    asked[100:, 110:] = True
    assert person_likelihood(pixels, person, behind, asked)[asked].min() > 1


@pytest.mark.parametrize("size", [64, 128, 250])
def test_any_size_and_the_same_answer_twice(size: int) -> None:
    chance = np.random.default_rng(3)
    pixels = chance.integers(0, 256, (size, size, 3), np.uint8)
    person = np.zeros((size, size), bool)
    person[:, : size // 3] = True
    behind = person[:, ::-1]
    asked = ~(person | behind)
    first = person_likelihood(pixels, person, behind, asked)
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, person_likelihood(pixels, person, behind, asked))
