from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from app.engines.local import errors
from app.engines.local.encode import encode_still
from tests.moving_shapes import disc, over

if TYPE_CHECKING:
    from pathlib import Path


def test_png_is_without_loss(tmp_path: Path) -> None:
    frame = disc((40, 40), 30)
    assert encode_still(frame, tmp_path / "a.png") == tmp_path / "a.png"
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.array(image), frame)


def test_webp_keeps_alpha(tmp_path: Path) -> None:
    frame = disc((40, 40), 30)
    encode_still(frame, tmp_path / "a.webp")
    with Image.open(tmp_path / "a.webp") as image:
        shown = np.array(image.convert("RGBA"))
    assert np.array_equal(shown[..., 3], frame[..., 3])
    assert np.abs(over(shown, (0, 0, 0)) - over(frame, (0, 0, 0))).mean() < 2


def test_refusals_leave_nothing(tmp_path: Path) -> None:
    for frame, name, code in (
        (disc((4, 4), 3, 8, 8), "a.gif", "encode_unknown_suffix"),
        (np.zeros((4, 4, 3), np.uint8), "a.png", "encode_frame_kind"),
        (disc((4, 4), 3, 8, 8), "no/a.png", "encode_folder_missing"),
    ):
        with pytest.raises(errors.EncodeFailed) as caught:
            encode_still(frame, tmp_path / name)
        assert caught.value.code == code
    assert not list(tmp_path.iterdir())
