"""Uploads of every kind, through the whole engine: what is stored of them, and what is said of the bad ones."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from app.engines.base import EngineFailed, InputRefused, Prepared, PrepareRequest
from tests.photo_files import png_header, quarters, stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.engines.local_engine import LocalEngine

pytestmark = pytest.mark.anyio

ORIENTATION, GPS, LATITUDE, MAKER = 0x0112, 0x8825, 2, 0x010F
UNDO = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
"""Pillow's transpose that lays the pixels as a camera does that writes this orientation."""


@pytest.fixture
def portrait(astronaut: Path) -> Image.Image:
    return Image.open(astronaut).convert("RGB")


async def prepared(engine: LocalEngine, data: bytes, target: Path, **options: int) -> Prepared:
    source = target.parent / "upload.png"
    source.write_bytes(data)
    return await engine.prepare(PrepareRequest(source, target, **options))


def exif(orientation: int = 1) -> Image.Exif:
    """Metadata as of a telephone, with the place."""
    block = Image.Exif()
    block[ORIENTATION] = orientation
    block[MAKER] = "TellTale"
    block.get_ifd(GPS)[LATITUDE] = (48.0, 12.0, 30.0)
    return block


class TestStored:
    async def test_a_portrait(self, local: LocalEngine, astronaut: Path, target: Path) -> None:
        photo = await local.prepare(PrepareRequest(astronaut, target))
        assert photo.passed
        assert photo.reasons == ()
        assert list(target.iterdir()) == [photo.file]
        assert (photo.content_type, photo.width, photo.height) == ("image/jpeg", 512, 512)
        assert photo.bytes == photo.file.stat().st_size
        assert photo.face_box is not None
        assert photo.ext_box is not None
        x0, y0, x1, y1 = photo.face_box
        left, top, right, bottom = photo.ext_box
        assert 0 <= left < x0 < x1 < right <= 512
        assert 0 <= top < y0 < y1 < bottom <= 512
        assert right - left == bottom - top == pytest.approx(2.2 * (x1 - x0), abs=2)
        with Image.open(photo.file) as image:
            assert image.format == "JPEG"
            assert image.mode == "RGB"

    async def test_all_orientations_give_the_same_file(
        self, local: LocalEngine, portrait: Image.Image, target: Path
    ) -> None:
        upright = portrait.crop((40, 0, 500, 420))  # not square, so that a turn shows
        seen = set()
        for value in range(1, 9):
            image = upright if value == 1 else upright.transpose(Image.Transpose(UNDO[value]))
            photo = await prepared(local, stored(image, "PNG", exif=exif(value).tobytes()), target)
            assert (photo.width, photo.height) == upright.size
            seen.add((photo.file.read_bytes(), photo.face_box))
        assert len(seen) == 1

    async def test_nothing_of_the_metadata_is_left(
        self, local: LocalEngine, portrait: Image.Image, target: Path
    ) -> None:
        data = stored(portrait, "JPEG", exif=exif(), comment=b"TellTale", xmp=b"<x:xmpmeta>TellTale</x:xmpmeta>")
        assert data.count(b"TellTale") == 3
        photo = await prepared(local, data + b"<script>TellTale</script>", target)
        kept = photo.file.read_bytes()
        assert b"TellTale" not in kept
        assert b"Exif" not in kept
        assert kept.endswith(b"\xff\xd9")
        with Image.open(io.BytesIO(kept)) as image:
            assert dict(image.getexif()) == {}
            assert set(image.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}

    async def test_alpha_is_kept_and_still_no_metadata(
        self, local: LocalEngine, portrait: Image.Image, target: Path
    ) -> None:
        portrait.putalpha(Image.linear_gradient("L").resize(portrait.size))
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", "TellTale")
        photo = await prepared(local, stored(portrait, "PNG", pnginfo=text, exif=exif().tobytes()), target)
        assert photo.content_type == "image/png"
        kept = photo.file.read_bytes()
        assert not any(part in kept for part in (b"TellTale", b"eXIf", b"tEXt", b"iTXt", b"zTXt"))
        with Image.open(photo.file) as image:
            assert image.mode == "RGBA"

    @pytest.mark.parametrize(
        ("size", "longest"),
        [
            ((4032, 3024), 2016),  # half, which the decoder gives for nothing and is near enough
            ((3000, 2250), 2048),
            ((2049, 1500), 2048),
            ((2048, 1500), 2048),
        ],
    )
    async def test_the_longest_side_is_capped(
        self, size: tuple[int, int], longest: int, local: LocalEngine, portrait: Image.Image, target: Path
    ) -> None:
        large = portrait.crop((60, 0, 460, 300)).resize(size)
        for kind in ("JPEG", "PNG"):
            data = stored(large, kind, **({"compress_level": 1} if kind == "PNG" else {}))
            photo = await prepared(local, data, target, max_bytes=2**26)
            assert max(photo.width, photo.height) == longest
            assert photo.face_box is not None
            assert photo.face_box[2] <= photo.width

    @pytest.mark.parametrize("kind", ["WEBP", "PNG"])
    async def test_of_an_animation_the_first_frame(
        self, kind: str, local: LocalEngine, portrait: Image.Image, target: Path
    ) -> None:
        others = [Image.new("RGB", portrait.size, (0, 0, shade)) for shade in (10, 90)]
        photo = await prepared(local, stored(portrait, kind, save_all=True, append_images=others, duration=50), target)
        assert photo.passed
        assert photo.content_type == "image/jpeg"

    @pytest.mark.parametrize("kind", ["cmyk", "grey", "heic", "progressive", "palette", "multi-picture"])
    async def test_odd_but_good_ones(self, kind: str, local: LocalEngine, portrait: Image.Image, target: Path) -> None:
        pillow_heif.register_heif_opener()
        make: dict[str, Callable[[], bytes]] = {
            "cmyk": lambda: stored(portrait.convert("CMYK"), "JPEG", quality=95),
            "grey": lambda: stored(portrait.convert("L"), "PNG"),
            "heic": lambda: stored(portrait, "HEIF"),
            "progressive": lambda: stored(portrait, "JPEG", progressive=True),
            "palette": lambda: stored(portrait.quantize(256), "PNG"),
            "multi-picture": lambda: stored(portrait, "MPO", save_all=True, append_images=[portrait]),
        }
        photo = await prepared(local, make[kind](), target)
        assert photo.passed, photo.reasons
        with Image.open(photo.file) as image:
            assert image.mode == "RGB"

    async def test_16_bits_become_8(self, local: LocalEngine, portrait: Image.Image, target: Path) -> None:
        wide = Image.fromarray(np.asarray(portrait.convert("L")).astype(np.uint16) * 257)
        photo = await prepared(local, stored(wide, "PNG"), target)
        assert photo.passed
        with Image.open(photo.file) as image:
            assert np.abs(np.asarray(image.convert("L")).astype(int) - np.asarray(portrait.convert("L"))).mean() < 3


class TestNotPassed:
    async def test_a_picture_without_a_face_is_stored_and_says_why(
        self, local: LocalEngine, cat: Path, target: Path
    ) -> None:
        photo = await prepared(local, stored(Image.open(cat).resize((902, 600)), "PNG"), target)
        assert not photo.passed
        assert photo.file.is_file()
        assert photo.face_box is photo.ext_box is None
        assert [reason.code for reason in photo.reasons] == ["no_face"]
        assert photo.reasons[0].message.zh.startswith("照片里没有找到人脸。请换")
        assert photo.reasons[0].message.en.startswith("No face was found in the photo. Use")

    async def test_two_people(self, local: LocalEngine, portrait: Image.Image, target: Path) -> None:
        pair = Image.new("RGB", (1024, 512))
        pair.paste(portrait, (0, 0))
        pair.paste(portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (512, 0))
        photo = await prepared(local, stored(pair, "PNG"), target)
        assert not photo.passed
        (reason,) = photo.reasons
        assert reason.code == "several_faces"
        assert reason.message.zh == "照片里有 2 个人。请换一张单人照，或者把其他人裁掉。"
        assert reason.refuses


def truncated(image: Image.Image) -> bytes:
    whole = stored(image, "JPEG")
    return whole[: len(whole) // 2]


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "text named .png": (lambda: b"Dear service, this is no picture.", "unsupported_format"),
    "empty": (lambda: b"", "empty_file"),
    "truncated JPEG": (lambda: truncated(quarters()), "broken_file"),
    "bomb": (lambda: png_header(30_000, 30_000), "bomb"),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "unsupported_format"),
    "HTML": (lambda: b"<!doctype html><script>alert(1)</script>", "unsupported_format"),
    "GIF": (lambda: stored(quarters(), "GIF"), "unsupported_format"),
    "BMP": (lambda: stored(quarters(), "BMP"), "unsupported_format"),
    "TIFF": (lambda: stored(quarters(), "TIFF"), "unsupported_format"),
    "only a PNG's first bytes": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "broken_file"),
    "only a HEIC's first bytes": (lambda: b"\0\0\0\x18ftypheic" + bytes(100), "broken_file"),
    "small": (lambda: stored(quarters().resize((300, 500)), "PNG"), "too_small_image"),
}


class TestRefused:
    @pytest.mark.parametrize("name", BAD)
    async def test_with_a_code_and_in_both_languages(self, name: str, local: LocalEngine, target: Path) -> None:
        make, code = BAD[name]
        with pytest.raises(InputRefused) as caught:
            await prepared(local, make(), target)
        assert caught.value.code == code
        assert not caught.value.retryable
        assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.message.zh)
        assert caught.value.message.en.isprintable()
        assert caught.value.message.en.isascii() or "×" in caught.value.message.en
        assert list(target.iterdir()) == []

    async def test_formats_that_are_named_are_those_of_a_service(self, local: LocalEngine, target: Path) -> None:
        with pytest.raises(InputRefused) as caught:
            await prepared(local, b"text", target)
        assert "BMP" not in caught.value.message.zh + caught.value.message.en

    async def test_by_the_limits_of_the_request(self, local: LocalEngine, portrait: Image.Image, target: Path) -> None:
        data = stored(portrait, "PNG")
        with pytest.raises(InputRefused) as caught:
            await prepared(local, data, target, max_bytes=len(data) - 1)
        assert caught.value.code == "too_large"
        assert caught.value.params == {"bytes": len(data), "limit": len(data) - 1}
        with pytest.raises(InputRefused) as caught:
            await prepared(local, data, target, max_pixels=512 * 512 - 1)
        assert caught.value.code == "bomb"

    async def test_a_missing_source_is_the_services_own_fault(self, local: LocalEngine, target: Path) -> None:
        with pytest.raises(EngineFailed) as caught:
            await local.prepare(PrepareRequest(target / "nothing", target))
        assert caught.value.retryable
        assert str(target) not in caught.value.message.en + str(caught.value.params)
