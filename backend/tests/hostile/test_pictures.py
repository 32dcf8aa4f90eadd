"""Uploads of every bad kind, over a socket, with the real engine behind: what is refused leaves nothing, and what is
kept is a picture of our own making with nothing else in it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from app.core.settings import Settings
from app.engines.local_engine import LocalOptions
from app.engines.registry import create_engine
from tests.hostile.conftest import service_settings
from tests.hostile.customers import Customer
from tests.hostile.pictures import REFUSED, SECRETS, TAKEN, claiming, exif, heic, refused, sideways, taken
from tests.hostile.service import Service
from tests.photo_files import BLUE, GREEN, HEIGHT, RED, WHITE, WIDTH, corners, quarters, stored

pytestmark = pytest.mark.long(20)


@pytest.fixture(scope="module")
def lab(migrated: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with the real engine."""
    settings = service_settings(migrated, tmp_path_factory.mktemp("lab"))
    with Service(settings, create_engine("local", LocalOptions(render_processes=1))) as started:
        yield started


@pytest.fixture(scope="module")
def customer(lab: Service) -> Iterator[Customer]:
    with Customer(lab, "device-of-a-photographer") as signed_in:
        yield signed_in


def kept(lab: Service, customer: Customer, content: bytes, name: str = "photo.jpg") -> tuple[bytes, Image.Image]:
    """Upload it; the file that was stored, which is also what the link leads to."""
    answer = customer.upload(content, name, "text/html")
    assert answer.status_code == 200, answer.text
    photo = answer.json()["data"]
    [path] = lab.settings.MEDIA_ROOT.glob(f"photos/{photo['photo_id']}.*")
    data = path.read_bytes()
    fetched = customer.client.get(photo["image_url"], headers={"Authorization": ""})
    assert fetched.content == data
    assert fetched.headers["content-type"] == {".jpg": "image/jpeg", ".png": "image/png"}[path.suffix]
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in fetched.headers["content-security-policy"]
    assert "script" not in fetched.headers["content-security-policy"]
    picture = Image.open(io.BytesIO(data))
    picture.load()
    assert picture.size == (photo["width"], photo["height"])
    return data, picture


def assert_clean(data: bytes, picture: Image.Image) -> None:
    """A plain picture from its first byte to its last."""
    assert picture.format in {"JPEG", "PNG"}
    assert picture.mode in {"RGB", "RGBA"}
    assert not getattr(picture, "is_animated", False)
    assert not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert data.endswith(b"\xff\xd9" if picture.format == "JPEG" else b"IEND\xae\x42\x60\x82")
    assert not zipfile.is_zipfile(io.BytesIO(data))
    for secret in SECRETS:
        assert secret not in data


@pytest.mark.parametrize("name", REFUSED)
def test_fault_24_and_25_what_is_no_photo_is_refused_and_leaves_nothing(
    lab: Service, customer: Customer, name: str
) -> None:
    content, code = refused(name)
    before = lab.holdings()
    for route in ("/emoji/upload", "/emoji/detect"):
        answer = customer.client.post(route, files={"file": ("photo.png", content, "image/png")})
        assert answer.status_code == 422, answer.text
        assert answer.json()["code"] == code
        assert answer.json()["message"]
    lab.assert_holds(before)


@pytest.mark.parametrize("name", TAKEN)
def test_fault_24_and_26_what_is_kept_is_made_anew(lab: Service, customer: Customer, name: str) -> None:
    data, picture = kept(lab, customer, taken(name), "photo.html")
    assert_clean(data, picture)
    assert picture.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_fault_26_upright_and_without_a_word_about_the_place(
    lab: Service, customer: Customer, orientation: int
) -> None:
    turned = sideways(orientation)
    assert turned.size == ((HEIGHT, WIDTH) if orientation > 4 else (WIDTH, HEIGHT))
    told = exif(orientation)
    assert b"Secret Camera" in told
    for content in (
        stored(turned, "JPEG", exif=told, quality=95),
        stored(turned, "PNG", exif=told),
        stored(turned, "WEBP", exif=told, quality=95),
    ):
        assert b"Secret Camera" in content
        data, picture = kept(lab, customer, content)
        assert_clean(data, picture)
        np.testing.assert_allclose(corners(np.asarray(picture)), [RED, GREEN, BLUE, WHITE], atol=14)


def test_fault_26_heic_is_turned_once(lab: Service, customer: Customer) -> None:
    """Telephones say how they were held twice, in the boxes and in the EXIF; libheif obeys the boxes."""
    content = heic(quarters(), exif=exif(1), quality=95)
    assert b"Secret Camera" in content
    data, picture = kept(lab, customer, content)
    assert_clean(data, picture)
    np.testing.assert_allclose(corners(np.asarray(picture)), [RED, GREEN, BLUE, WHITE], atol=14)


def test_colours_of_another_space_are_converted(lab: Service, customer: Customer) -> None:
    """The profile goes, so what it said must be in the pixels."""
    _, picture = kept(lab, customer, taken("another colour space"))
    np.testing.assert_allclose(corners(np.asarray(picture))[0], RED[::-1], atol=30)


def test_a_heic_that_says_less_than_it_holds(lab: Service, customer: Customer) -> None:
    """The boxes claim 500 pixels, the coded picture has many more: refused or read, nothing worse."""
    before = lab.holdings()
    content = claiming(heic(Image.new("RGB", (2_000, 1_600), RED)), 500, 400)
    answer = customer.upload(content)
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 422:
        lab.assert_holds(before)
