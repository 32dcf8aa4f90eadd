from __future__ import annotations

import contextlib
import io
import struct
import time
from typing import TYPE_CHECKING

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.media.exceptions import (
    EmptyUpload,
    PictureBroken,
    PictureRefused,
    PictureTooManyPixels,
    PictureTooSmall,
    UnsupportedPicture,
)
from app.media.headers import ImageHeader, inspect, inspect_file
from tests.photo_files import png_header, quarters, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH, HEIGHT = 480, 420


def heic(size: tuple[int, int] = (WIDTH, HEIGHT), *, thumbnail: bool = False) -> bytes:
    file = pillow_heif.from_pillow(quarters().resize(size))
    buffer = io.BytesIO()
    file.save(buffer, save_nclx_profile=False)
    if thumbnail:
        again = pillow_heif.open_heif(io.BytesIO(buffer.getvalue()))
        again.info["thumbnails"] = [128]
        buffer = io.BytesIO()
        again.save(buffer)
    return buffer.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def frame(marker: int, width: int, height: int, components: int = 3) -> bytes:
    content = struct.pack(">BHHB", 8, height, width, components) + bytes(3 * components)
    return segment(marker, content)


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def ispe(width: int, height: int) -> bytes:
    return box(b"ispe", struct.pack(">III", 0, width, height))


def heif(*properties: bytes, brands: bytes = b"heic\0\0\0\0mif1heic") -> bytes:
    meta = box(b"meta", bytes(4) + box(b"hdlr", bytes(20)) + box(b"iprp", box(b"ipco", b"".join(properties))))
    return box(b"ftyp", brands) + meta


class TestKinds:
    def test_jpeg(self) -> None:
        assert inspect(stored(quarters(), "JPEG")) == ImageHeader("jpeg", "image/jpeg", WIDTH, HEIGHT)

    def test_progressive_jpeg(self) -> None:
        assert inspect(stored(quarters(), "JPEG", progressive=True)).kind == "jpeg"

    def test_cmyk_jpeg(self) -> None:
        assert inspect(stored(quarters().convert("CMYK"), "JPEG")).kind == "jpeg"

    def test_png(self) -> None:
        assert inspect(stored(quarters(), "PNG")) == ImageHeader("png", "image/png", WIDTH, HEIGHT)

    @pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}])
    def test_webp(self, options: dict[str, object]) -> None:
        assert inspect(stored(quarters(), "WEBP", **options)) == ImageHeader("webp", "image/webp", WIDTH, HEIGHT)

    def test_animated_webp(self) -> None:
        data = stored(quarters(), "WEBP", save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT))])
        assert (inspect(data).width, inspect(data).height) == (WIDTH, HEIGHT)

    @pytest.mark.parametrize("thumbnail", [False, True])
    def test_heic(self, thumbnail: bool) -> None:
        data = heic((640, 400), thumbnail=thumbnail)
        assert inspect(data) == ImageHeader("heic", "image/heic", 640, 400)

    def test_a_polyglot_is_what_its_header_says(self) -> None:
        data = stored(quarters(), "JPEG", comment="<script>alert(1)</script>") + b"<html><script>alert(2)</script>"
        assert inspect(data).content_type == "image/jpeg"

    def test_only_the_header_is_read(self) -> None:
        class Counting(io.BytesIO):
            total = 0

            def read(self, size: int | None = -1, /) -> bytes:
                data = super().read(size)
                self.total += len(data)
                return data

        noise = Image.effect_noise((1_000, 800), 90)
        exif = b"Exif\0\0" + bytes(60_000)
        for data in (
            stored(noise, "JPEG", exif=exif),
            stored(noise, "PNG"),
            stored(noise, "WEBP"),
            heic(),
        ):
            file = Counting(data)
            inspect_file(file)
            assert file.total < 3_000


class TestJpeg:
    @pytest.mark.parametrize("marker", sorted(set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}))
    def test_every_frame_marker(self, marker: int) -> None:
        data = b"\xff\xd8" + segment(0xE0, bytes(14)) + segment(0xC4, bytes(20)) + frame(marker, 800, 600)
        assert (inspect(data).width, inspect(data).height) == (800, 600)

    def test_megabytes_before_the_frame(self) -> None:
        profile = b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes(65_000)) for _ in range(60))
        assert inspect(b"\xff\xd8" + profile + frame(0xC0, 800, 600)).width == 800

    def test_a_thumbnail_inside_exif_is_not_the_picture(self) -> None:
        thumbnail = b"\xff\xd8" + frame(0xC0, 160, 120) + b"\xff\xd9"
        data = b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + thumbnail) + frame(0xC2, 800, 600)
        assert inspect(data).width == 800

    @pytest.mark.parametrize(
        "rest",
        [
            b"",
            b"\xff",
            b"\xd9",
            b"\xff\xe0",
            b"\xff\xe0\0\0",
            b"\xff\xe0\0\1",
            segment(0xE0, b""),
            segment(0xE0, bytes(9)) + b"garbage",
            segment(0xDA, bytes(10)),
            frame(0xC0, 800, 600)[:9],
            frame(0xC0, 800, 600, components=0),
            frame(0xC0, 800, 600, components=9),
            frame(0xC0, 0, 600),
            frame(0xC0, 800, 0),
            b"\xff" * 10_000,
            segment(0xFE, b"") * 20_000,
        ],
    )
    def test_broken(self, rest: bytes) -> None:
        data = b"\xff\xd8\xff" + rest if not rest.startswith(b"\xff") else b"\xff\xd8" + rest
        with pytest.raises(PictureBroken):
            inspect(data)

    def test_truncated_everywhere(self) -> None:
        data = stored(quarters(), "JPEG")
        end = data.index(b"\xff\xc0") + 10
        for length in range(3, end):
            with pytest.raises(PictureRefused):
                inspect(data[:length])


class TestPng:
    def test_broken(self) -> None:
        good = bytearray(stored(quarters(), "PNG"))
        for position in range(8, 33):
            data = bytearray(good)
            data[position] ^= 0x55
            with pytest.raises(PictureBroken):
                inspect(bytes(data))

    def test_truncated(self) -> None:
        data = stored(quarters(), "PNG")
        for length in range(8, 33):
            with pytest.raises(PictureBroken):
                inspect(data[:length])


class TestWebp:
    def test_truncated(self) -> None:
        for data in (stored(quarters(), "WEBP"), stored(quarters(), "WEBP", lossless=True)):
            for length in range(12, 25):
                with pytest.raises(PictureBroken):
                    inspect(data[:length])

    @pytest.mark.parametrize("body", [b"VP9 " + bytes(40), b"VP8 " + bytes(40), b"VP8L" + bytes(40)])
    def test_broken(self, body: bytes) -> None:
        with pytest.raises(PictureBroken):
            inspect(b"RIFF\xff\0\0\0WEBP" + body)


class TestHeic:
    def test_the_largest_size_counts(self) -> None:
        assert inspect(heif(ispe(512, 512), ispe(4_032, 3_024), ispe(320, 240))).width == 4_032

    def test_behind_the_pixels(self) -> None:
        data = heif(ispe(800, 600))
        at = data.index(b"meta") - 4
        huge = struct.pack(">I4sQ", 1, b"mdat", 16 + 100_000) + bytes(100_000)
        assert inspect(data[:at] + huge + data[at:]).width == 800

    def test_a_box_that_reaches_to_the_end(self) -> None:
        data = bytearray(heif(ispe(800, 600)))
        at = data.index(b"meta") - 4
        data[at : at + 4] = bytes(4)
        assert inspect(bytes(data)).width == 800

    @pytest.mark.parametrize(
        "data",
        [
            heif(),
            heif(box(b"ispe", bytes(4))),
            heif(ispe(0, 0)),
            box(b"ftyp", b"heic\0\0\0\0heic"),
            box(b"ftyp", b"heic\0\0\0\0heic") + b"\0\0\0\1meta",
            box(b"ftyp", b"heic\0\0\0\0heic") + b"\0\0\0\1meta" + b"\xff" * 8,
            box(b"ftyp", b"heic\0\0\0\0heic") + b"\xff\xff\xff\xffmeta",
            box(b"ftyp", b"heic\0\0\0\0heic") + b"\0\0\0\2mdat" * 50_000,
            box(b"ftyp", b"heic\0\0\0\0heic") + box(b"free", b"") * 50_000,
            box(b"ftyp", b"heic\0\0\0\0heic") + box(b"meta", bytes(3_000_000)),
            heif(*[box(b"free", b"")] * 20_000, ispe(800, 600)),
        ],
    )
    def test_broken(self, data: bytes) -> None:
        started = time.process_time()
        with pytest.raises(PictureBroken):
            inspect(data)
        assert time.process_time() - started < 0.5

    def test_boxes_in_boxes_in_boxes(self) -> None:
        data = b""
        for _ in range(2_000):
            data = box(b"iprp", data)
        with pytest.raises(PictureBroken):
            inspect(box(b"ftyp", b"heic\0\0\0\0heic") + box(b"meta", bytes(4) + data))

    @pytest.mark.parametrize(
        ("brands", "found"),
        [(b"avif\0\0\0\0mif1", "AVIF"), (b"mif1\0\0\0\0avifmiaf", "AVIF"), (b"isom\0\0\0\0mp41", "video")],
    )
    def test_other_brands_are_not_supported(self, brands: bytes, found: str) -> None:
        with pytest.raises(UnsupportedPicture) as caught:
            inspect(heif(ispe(800, 600), brands=brands))
        assert caught.value.found == found


class TestRefusals:
    def test_empty(self) -> None:
        with pytest.raises(EmptyUpload):
            inspect(b"")

    @pytest.mark.parametrize(
        ("data", "found"),
        [
            (stored(quarters(), "GIF"), "GIF"),
            (stored(quarters(), "BMP"), "BMP"),
            (stored(quarters(), "TIFF"), "TIFF"),
            (b"%PDF-1.7\n", "PDF"),
            (b"<!DOCTYPE html><script>alert(1)</script>", "SVG/HTML"),
            (b"\xef\xbb\xbf \n<?xml version='1.0'?><svg onload='alert(1)'/>", "SVG/HTML"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG/HTML"),
            (b"PK\x03\x04", "ZIP"),
            (b"hello, I am a picture", None),
            (b"\0", None),
            (b"\0" * 1_000, None),
            (b"\xff\xd8", None),
            (b"RIFF\0\0\0\0WAVE", None),
        ],
    )
    def test_unsupported(self, data: bytes, found: str | None) -> None:
        with pytest.raises(UnsupportedPicture) as caught:
            inspect(data)
        assert caught.value.found == found
        assert "JPEG" in caught.value.message("zh")
        assert (found or "JPEG") in caught.value.message("en")

    @pytest.mark.parametrize("size", [(30_000, 30_000), (2**31 - 1, 2**31 - 1), (2**32 - 1, 1), (100_000, 400)])
    def test_too_many_pixels(self, size: tuple[int, int]) -> None:
        with pytest.raises(PictureTooManyPixels) as caught:
            inspect(png_header(*size))
        assert "4000 万" in caught.value.message("zh")
        assert "40 megapixels" in caught.value.message("en")

    def test_the_most_pixels(self) -> None:
        assert inspect(png_header(8_000, 5_000)).width == 8_000
        with pytest.raises(PictureTooManyPixels):
            inspect(png_header(8_000, 5_001))

    def test_bombs_of_other_kinds(self) -> None:
        canvas = (16_383).to_bytes(3, "little") * 2
        for data in (
            b"\xff\xd8" + frame(0xC0, 65_535, 65_535),
            b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + canvas,
            heif(ispe(800, 600), ispe(2**32 - 1, 2**32 - 1)),
        ):
            with pytest.raises(PictureTooManyPixels):
                inspect(data)

    def test_too_small(self) -> None:
        assert inspect(png_header(400, 400)).width == 400
        with pytest.raises(PictureTooSmall) as caught:
            inspect(png_header(399, 400))
        assert "399 × 400" in caught.value.message("zh")


def pictures() -> Iterator[bytes]:
    yield stored(quarters(), "JPEG", exif=b"Exif\0\0" + bytes(100))
    yield stored(quarters(), "PNG")
    yield stored(quarters(), "WEBP")
    yield stored(quarters(), "WEBP", lossless=True)
    yield heic()
    yield heif(ispe(800, 600), ispe(512, 512))


PICTURES = [data[:4_000] for data in pictures()]
STARTS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", box(b"ftyp", b"heic\0\0\0\0mif1")]


def answer(data: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(PictureRefused):
        header = inspect(data)
        assert header.width * header.height <= 40_000_000
    assert time.process_time() - started < 0.5


class TestFuzz:
    @settings(max_examples=400)
    @given(st.sampled_from(STARTS), st.binary(max_size=600))
    def test_any_bytes(self, start: bytes, rest: bytes) -> None:
        answer(start + rest)

    @settings(max_examples=400)
    @given(
        st.sampled_from(PICTURES), st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=8), st.data()
    )
    def test_changed_pictures(self, data: bytes, changes: list[tuple[int, int]], draw: st.DataObject) -> None:
        changed = bytearray(data)
        for position, value in changes:
            changed[position % len(changed)] = value
        answer(bytes(changed[: draw.draw(st.integers(0, len(changed)))]))
