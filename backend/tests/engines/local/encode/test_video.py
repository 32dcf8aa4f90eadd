from __future__ import annotations

from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import pytest

from app.engines.local.encode import encode
from tests.moving_shapes import disc, over, read_with_ffmpeg, walk

if TYPE_CHECKING:
    from pathlib import Path

WHITE, PINK = (255, 255, 255), (255, 190, 200)


class TestMp4:
    def test_is_h264_as_every_player_takes_it(self, tmp_path: Path) -> None:
        encode(walk(), tmp_path / "a.mp4", fps=25)
        with av.open(str(tmp_path / "a.mp4")) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            assert (context.name, context.pix_fmt, context.width, context.height) == ("h264", "yuv420p", 96, 80)
            assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
            assert stream.average_rate == 25
            assert stream.frames == 6
            assert stream.duration is not None
            assert stream.time_base is not None
            assert float(stream.duration * stream.time_base) == pytest.approx(0.24)

    def test_the_index_comes_before_the_pictures(self, tmp_path: Path) -> None:
        encode(walk(), tmp_path / "a.mp4", fps=25)
        data = (tmp_path / "a.mp4").read_bytes()
        assert 0 < data.index(b"moov") < data.index(b"mdat")

    @pytest.mark.parametrize("colour", [WHITE, PINK, (0, 0, 0)])
    def test_frames_lie_on_the_background(self, colour: tuple[int, int, int], tmp_path: Path) -> None:
        encode(walk(), tmp_path / "a.mp4", fps=25, background=colour)
        frames = read_with_ffmpeg(tmp_path / "a.mp4")
        for source, shown in zip(walk(), frames, strict=True):
            error = shown[..., :3] - over(source, colour)
            assert np.sqrt((error**2).mean()) < 8
            assert np.abs(shown[4, 90, :3].astype(int) - colour).max() <= 4

    def test_opencv_plays_it(self, tmp_path: Path) -> None:
        encode(walk(), tmp_path / "a.mp4", fps=12.5)
        capture = cv2.VideoCapture(str(tmp_path / "a.mp4"))
        assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(12.5)
        count = 0
        while capture.read()[0]:
            count += 1
        assert count == 6

    def test_odd_sides_grow_by_a_pixel_like_their_neighbours(self, tmp_path: Path) -> None:
        done = encode([np.full((31, 45, 4), (10, 200, 60, 255), np.uint8)], tmp_path / "a.mp4", fps=25)
        (shown,) = read_with_ffmpeg(tmp_path / "a.mp4")
        assert (done.width, done.height, shown.shape) == (46, 32, (32, 46, 4))
        assert np.abs(shown[..., :3].astype(int) - (10, 200, 60)).max() <= 6


class TestWebm:
    def test_is_vp9_marked_as_having_alpha(self, tmp_path: Path) -> None:
        encode(walk(), tmp_path / "a.webm", fps=25)
        assert b"\x53\xc0\x81\x01" in (tmp_path / "a.webm").read_bytes()  # Matroska's AlphaMode = 1
        with av.open(str(tmp_path / "a.webm")) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.codec.canonical_name == "vp9"
            assert stream.metadata["alpha_mode"] == "1"
            assert stream.average_rate == 25

    @pytest.mark.parametrize("colour", [(0, 0, 0), WHITE])
    def test_colours_and_alpha_come_back(self, colour: tuple[int, int, int], tmp_path: Path) -> None:
        encode(walk(), tmp_path / "a.webm", fps=25)
        frames = read_with_ffmpeg(tmp_path / "a.webm")
        for source, shown in zip(walk(), frames, strict=True):
            assert np.abs(shown[..., 3].astype(int) - source[..., 3]).mean() < 4
            error = over(shown, colour) - over(source, colour)
            assert np.sqrt((error**2).mean()) < 10

    def test_invisible_black_does_not_darken_the_outline(self, tmp_path: Path) -> None:
        encode([disc((48, 40), 30)] * 3, tmp_path / "a.webm", fps=25)
        shown = read_with_ffmpeg(tmp_path / "a.webm")[-1]
        edge = (disc((48, 40), 30)[..., 3] > 40) & (disc((48, 40), 30)[..., 3] < 255)
        assert shown[edge][:, :3].min() > 235

    def test_odd_sides_and_one_frame(self, tmp_path: Path) -> None:
        done = encode(walk(1, 97, 81), tmp_path / "a.webm", fps=25)
        (shown,) = read_with_ffmpeg(tmp_path / "a.webm")
        assert (done.width, done.height, shown.shape) == (98, 82, (82, 98, 4))


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_quality_moves_the_size(suffix: str, tmp_path: Path) -> None:
    sizes = [encode(walk(), tmp_path / f"a{suffix}", fps=25, quality=quality).bytes for quality in (10, 80, 100)]
    assert sizes == sorted(set(sizes))
