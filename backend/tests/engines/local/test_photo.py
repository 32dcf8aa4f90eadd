from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from app.engines.local.photo import load_photo
from tests.photo_files import (
    GREEN,
    HEIGHT,
    WIDTH,
    assert_quarters,
    corners,
    png,
    quarters,
    stored,
    swapped_profile,
)

if TYPE_CHECKING:
    from pathlib import Path


class TestFormats:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "HEIF"])
    def test_reads_from_memory_and_from_a_path_with_a_lying_suffix(self, kind: str, tmp_path: Path) -> None:
        if kind == "HEIF":
            pillow_heif.register_heif_opener()
        data = stored(quarters(), kind)
        path = tmp_path / "photo.txt"
        path.write_bytes(data)
        for source in (data, path):
            read = load_photo(source)
            assert_quarters(read.pixels)
            assert read.alpha is None

    def test_progressive_jpeg(self) -> None:
        assert_quarters(load_photo(stored(quarters(), "JPEG", progressive=True)).pixels)

    @pytest.mark.parametrize("kind", ["WEBP", "PNG"])
    def test_of_an_animation_the_first_frame(self, kind: str) -> None:
        others = [Image.new("RGB", (WIDTH, HEIGHT), (0, 0, shade)) for shade in (10, 90)]
        data = stored(quarters(), kind, save_all=True, append_images=others, duration=50)
        assert_quarters(load_photo(data).pixels)

    def test_multi_picture_jpeg(self) -> None:
        data = stored(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT))])
        assert_quarters(load_photo(data).pixels)


class TestModes:
    def test_grey(self) -> None:
        pixels = load_photo(stored(quarters().convert("L"), "JPEG")).pixels
        assert pixels.shape == (HEIGHT, WIDTH, 3)
        assert (pixels[..., 0] == pixels[..., 2]).all()

    def test_one_bit(self) -> None:
        assert set(np.unique(load_photo(stored(quarters().convert("1"), "PNG")).pixels)) <= {0, 255}

    @pytest.mark.parametrize("value", [0, 257, 32_896, 65_535])
    def test_16_bit_grey(self, value: int) -> None:
        wide = Image.fromarray(np.full((HEIGHT, WIDTH), value, np.uint16))
        read = load_photo(stored(wide, "PNG"))
        assert (read.pixels == value // 257).all()
        assert read.alpha is None

    def test_16_bit_grey_with_a_transparent_value(self) -> None:
        values = np.full((HEIGHT, WIDTH), 40_000, np.uint16)
        values[:10] = 1_000
        read = load_photo(png(values[..., None], transparent=struct.pack(">H", 1_000)))
        assert read.alpha is not None
        assert (read.alpha[:10] == 0).all()
        assert (read.alpha[10:] == 255).all()

    @pytest.mark.parametrize(("channels", "has_alpha"), [(2, True), (3, False), (4, True)])
    def test_16_bit_colour_and_alpha(self, channels: int, has_alpha: bool) -> None:
        values = np.full((HEIGHT, WIDTH, channels), 200 * 257, np.uint16)
        values[..., -1] = 100 * 257
        read = load_photo(png(values))
        assert (read.pixels[..., 0] == 200).all()
        assert (read.alpha is not None) == has_alpha
        assert read.alpha is None or (read.alpha == 100).all()

    def test_palette(self) -> None:
        assert_quarters(load_photo(stored(quarters().quantize(8), "PNG")).pixels)

    @pytest.mark.parametrize("transparency", [0, b"\x00\x80\xff\xff"])
    def test_palette_with_transparency(self, transparency: int | bytes) -> None:
        data = stored(quarters().quantize(4), "PNG", transparency=transparency)
        alpha = load_photo(data).alpha
        assert alpha is not None
        assert set(np.unique(alpha)) == ({0, 255} if transparency == 0 else {0, 128, 255})

    def test_colour_key(self) -> None:
        alpha = load_photo(stored(quarters(), "PNG", transparency=GREEN)).alpha
        assert alpha is not None
        assert alpha[10, -10] == 0
        assert alpha[10, 10] == 255

    @pytest.mark.parametrize(("mode", "kind"), [("LA", "PNG"), ("RGBA", "PNG"), ("RGBA", "WEBP")])
    def test_alpha_is_kept(self, mode: str, kind: str) -> None:
        image = quarters().convert(mode)
        image.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
        read = load_photo(stored(image, kind, **({"lossless": True} if kind == "WEBP" else {})))
        assert read.alpha is not None
        assert read.alpha.shape == (HEIGHT, WIDTH)
        assert int(read.alpha[0, 0]) < 5
        assert int(read.alpha[-1, 0]) > 250

    def test_opaque_alpha_is_none(self) -> None:
        assert load_photo(stored(quarters().convert("RGBA"), "PNG")).alpha is None

    def test_cmyk_as_adobe_stores_it(self) -> None:
        data = stored(quarters().convert("CMYK"), "JPEG", quality=95)
        assert b"Adobe" in data
        assert_quarters(load_photo(data).pixels, tolerance=16)

    def test_cmyk_without_the_adobe_marker_is_not_inverted(self) -> None:
        inverted = Image.fromarray(255 - np.asarray(quarters().convert("CMYK")), mode="CMYK")
        data = stored(inverted, "JPEG", quality=95)
        start = data.index(b"\xff\xee")
        length = int.from_bytes(data[start + 2 : start + 4], "big")
        bare = data[:start] + data[start + 2 + length :]
        assert_quarters(load_photo(bare).pixels, tolerance=16)


class TestOrientation:
    @pytest.mark.parametrize("value", range(1, 9))
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_all_eight(self, kind: str, value: int) -> None:
        undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # value -> Pillow's transpose that lays the pixels so
        image = quarters() if value == 1 else quarters().transpose(Image.Transpose(undo[value]))
        exif = Image.Exif()
        exif[0x0112] = value
        assert_quarters(load_photo(stored(image, kind, exif=exif.tobytes())).pixels)

    def test_alpha_turns_with_the_colours(self) -> None:
        image = quarters().convert("RGBA")
        image.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
        exif = Image.Exif()
        exif[0x0112] = 3
        read = load_photo(stored(image, "PNG", exif=exif.tobytes()))
        assert read.alpha is not None
        assert int(read.alpha[0, 0]) > 250

    @pytest.mark.parametrize(
        "block", [b"Exif\x00\x00MM\x00*", b"Exif\x00\x00garbage!", b"Exif\x00\x00II*\x00\xff\xff\xff\xff"]
    )
    def test_a_damaged_block_is_ignored(self, block: bytes) -> None:
        assert_quarters(load_photo(stored(quarters(), "JPEG", exif=block)).pixels)

    def test_an_unknown_value_is_ignored(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 77
        assert_quarters(load_photo(stored(quarters(), "JPEG", exif=exif.tobytes())).pixels)


class TestProfiles:
    def test_another_colour_space_is_converted(self) -> None:

        swapped = swapped_profile()
        pixels = load_photo(stored(quarters(), "PNG", icc_profile=swapped)).pixels
        red, _, blue, _ = corners(pixels)
        assert red[2] > red[0]  # the profile says that its first channel is blue
        assert blue[0] > blue[2]

    def test_srgb_leaves_the_pixels_alone(self) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        assert_quarters(load_photo(stored(quarters(), "PNG", icc_profile=profile)).pixels, tolerance=0)

    @pytest.mark.parametrize("profile", [b"not a profile", b"\x00" * 400])
    def test_a_broken_one_is_ignored(self, profile: bytes) -> None:
        assert_quarters(load_photo(stored(quarters(), "PNG", icc_profile=profile)).pixels)

    def test_one_of_another_colour_model_is_ignored(self) -> None:
        grey = quarters().convert("L")
        assert load_photo(stored(grey, "PNG", icc_profile=swapped_profile())).pixels.shape == (HEIGHT, WIDTH, 3)
