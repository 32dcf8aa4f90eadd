"""Pictures of every kind through the whole way in, with the real engine: what is stored is upright and says nothing
of where it was taken (fault 26)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest
from PIL import Image

from app.engines.registry import create_engine
from tests.photo_files import BLUE, GREEN, RED, WHITE, corners, png, quarters, stored
from tests.portraits import FIXTURES

if TYPE_CHECKING:
    from tests.conftest import StartWorker

pytestmark = pytest.mark.anyio
GPS, MAKE, ORIENTATION = 0x8825, 0x010F, 0x0112
SECRETS = (b"Secret Camera", b"secret comment", b"secret description")


def telling_jpeg(image: Image.Image, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE] = "Secret Camera"
    exif[0x010E] = "secret description"
    exif.get_ifd(GPS).update({1: "N", 2: (31.0, 13.0, 43.0), 3: "E", 4: (121.0, 28.0, 25.0)})
    return stored(image, "JPEG", exif=exif.tobytes(), comment=b"secret comment", quality=95)


def sideways(orientation: int) -> Image.Image:
    """A picture that a viewer shows as ``quarters()`` when it obeys ``orientation``."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return quarters().transpose(undo[orientation]) if orientation in undo else quarters()


async def test_all_kinds_of_pictures(
    client: httpx.AsyncClient, headers: dict[str, str], start_worker: StartWorker
) -> None:
    await start_worker(engine=create_engine("local"))

    async def upload(content: bytes) -> httpx.Response:
        return await client.post("/emoji/upload", headers=headers, files={"file": ("photo", content)})

    for orientation in range(1, 9):
        answer = await upload(telling_jpeg(sideways(orientation), orientation))
        assert answer.status_code == 200, answer.text
        kept = await client.get(answer.json()["data"]["image_url"])
        picture = Image.open(io.BytesIO(kept.content))
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not any(secret in kept.content for secret in SECRETS)
        np.testing.assert_allclose(corners(np.asarray(picture)), [RED, GREEN, BLUE, WHITE], atol=12)

    sixteen_bits = np.full((420, 480, 3), 30_000, np.uint16)
    animated = stored(quarters(), "WEBP", save_all=True, append_images=[Image.new("RGB", (480, 420))])
    for content in (stored(quarters().convert("CMYK"), "JPEG"), png(sixteen_bits), animated):
        assert (await upload(content)).status_code == 200

    see_through = quarters().convert("RGBA")
    see_through.paste((0, 0, 0, 0), (0, 0, 100, 100))
    answer = await upload(stored(see_through, "PNG"))
    kept = await client.get(answer.json()["data"]["image_url"])
    assert kept.headers["content-type"] == "image/png"

    noise = Image.effect_noise((1_000, 800), 80).convert("RGB")
    for content in (telling_jpeg(noise), stored(noise, "PNG"), stored(noise, "WEBP")):
        answer = await upload(content[: len(content) // 2])
        assert answer.status_code == 422, answer.text
        assert answer.json()["message"]


async def test_a_portrait_passes_and_a_cat_does_not(
    client: httpx.AsyncClient, headers: dict[str, str], start_worker: StartWorker
) -> None:
    await start_worker(engine=create_engine("local"))
    found = {}
    for name in ("astronaut.png", "cat.png"):
        picture = Image.open(FIXTURES / name).convert("RGB")
        content = stored(picture.resize((2 * picture.width, 2 * picture.height)), "JPEG")
        answer = await client.post("/emoji/detect", headers=headers, files={"file": (name, content)})
        assert answer.status_code == 200, answer.text
        found[name] = answer.json()["data"]
    assert found["astronaut.png"]["passed"]
    x0, y0, x1, y1 = found["astronaut.png"]["face_bbox"]
    assert 0 < x0 < x1 < found["astronaut.png"]["width"]
    assert 0 < y0 < y1 < found["astronaut.png"]["height"]
    assert not found["cat.png"]["passed"]
    assert found["cat.png"]["reasons"][0]["code"] == "no_face"
