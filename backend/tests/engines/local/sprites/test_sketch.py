from __future__ import annotations

import numpy as np
import pytest

from app.engines.local.sprites.sketch import WHITE, Fade, Sketch, bucket, darker, lighter, mix, oval, rgb


def test_disc_has_its_area_and_place() -> None:
    sketch = Sketch(100.0, 100.0, 1.0)
    sketch.ellipse((10.0, -5.0), (20.0, 20.0), (200, 30, 40))
    sprite = sketch.sprite()
    weight = sprite[..., 3] / 255.0
    y, x = np.mgrid[0:100, 0:100]
    assert weight.sum() == pytest.approx(np.pi * 400, rel=0.02)
    assert (weight * x).sum() / weight.sum() == pytest.approx(49.5 + 10.0, abs=0.2)
    assert (weight * y).sum() / weight.sum() == pytest.approx(49.5 - 5.0, abs=0.2)
    assert tuple(sprite[44, 59]) == (200, 30, 40, 255)


def test_rim_lies_below_and_outside() -> None:
    sketch = Sketch(60.0, 60.0, 2.0)
    sketch.ellipse((0.0, 0.0), (15.0, 15.0), (200, 30, 40))
    sketch.rim(5.0, WHITE)
    sprite = sketch.sprite()
    assert tuple(sprite[60, 60]) == (200, 30, 40, 255)
    assert tuple(sprite[60, 60 + 35]) == (255, 255, 255, 255)
    assert not sprite[60, 60 + 43].any()


def test_inside_keeps_to_what_is_drawn() -> None:
    sketch = Sketch(40.0, 40.0, 2.0)
    sketch.fill([[-10.0, -10.0], [10.0, -10.0], [10.0, 10.0], [-10.0, 10.0]], (9, 99, 199))
    before = sketch.canvas[..., 3].copy()
    sketch.fill(oval((8.0, 8.0), (9.0, 9.0)), WHITE, inside=True, blur=3.0)
    assert np.array_equal(sketch.canvas[..., 3], before)
    assert sketch.canvas[..., 0].max() > 150


def test_wide_and_narrow_blur_agree() -> None:
    def blurred(scale: float) -> np.ndarray:
        sketch = Sketch(60.0, 60.0, scale, oversampling=3)
        sketch.ellipse((0.0, 0.0), (14.0, 14.0), WHITE, blur=4.0)
        return sketch.sprite()[..., 3].astype(float)

    coarse, fine = blurred(0.45), blurred(2.7)
    assert abs(coarse.mean() - fine.mean()) < 2.0
    assert abs(coarse.max() - fine.max()) < 12.0


def test_fade_runs_down() -> None:
    sketch = Sketch(20.0, 40.0, 2.0)
    sketch.fill([[-9.0, -19.0], [9.0, -19.0], [9.0, 19.0], [-9.0, 19.0]], Fade((0, 0, 0), (250, 250, 250), -19.0, 19.0))
    column = sketch.sprite()[4:76, 20, 0].astype(int)
    assert (np.diff(column) >= 0).all()
    assert column[0] < 15
    assert column[-1] > 235


def test_thick_plate_hangs_down_only() -> None:
    sketch = Sketch(40.0, 40.0, 2.0)
    sketch.ellipse((0.0, 0.0), (8.0, 8.0), WHITE)
    sketch.thicken(5.0, (10, 10, 10))
    alpha = sketch.sprite()[..., 3]
    rows = np.flatnonzero(alpha[:, 40])
    assert rows[0] == pytest.approx(24, abs=1)
    assert rows[-1] == pytest.approx(40 + 16 + 10, abs=1)


def test_shapes_beyond_the_border_are_cut() -> None:
    sketch = Sketch(20.0, 20.0, 2.0)
    sketch.ellipse((300.0, 0.0), (5.0, 5.0), WHITE)
    sketch.stroke([[-90.0, 0.0], [90.0, 0.0]], 4.0, WHITE)
    assert sketch.sprite()[20].all()
    assert not sketch.sprite()[0].any()


def test_colours() -> None:
    assert rgb("#ff8000") == (255, 128, 0)
    assert mix((0, 0, 0), (100, 200, 50), 0.5) == (50, 100, 25)
    assert sum(darker((200, 100, 50), 0.5)) < 350 < sum(lighter((200, 100, 50), 0.5))


def test_sizes_come_in_few_steps() -> None:
    sizes = {bucket(pixels) for pixels in np.linspace(60.0, 130.0, 200)}
    assert len(sizes) <= 6
    assert all(bucket(pixels) >= pixels for pixels in np.linspace(8.0, 400.0, 300))
    assert all(bucket(pixels) <= pixels * 1.2 + 1 for pixels in np.linspace(8.0, 400.0, 300))
