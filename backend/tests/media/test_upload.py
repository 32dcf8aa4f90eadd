"""Uploads through the front door, with a worker and the fake engine behind it."""

from __future__ import annotations

import asyncio
import errno
import io
import os
from typing import TYPE_CHECKING

import httpx
import pillow_heif
import pytest

from app.media import receiving
from app.media.models import PhotoStatus
from tests.media.photos import all_photos, files_in, jpeg
from tests.photo_files import png_header, quarters, stored

if TYPE_CHECKING:
    from app.core.database import Database
    from app.core.settings import Settings
    from tests.conftest import SignIn

pytestmark = pytest.mark.anyio
UPLOAD = "/emoji/upload"


def form(
    content: bytes, name: str = "photo.jpg", content_type: str = "image/jpeg"
) -> dict[str, tuple[str, bytes, str]]:
    return {"file": (name, content, content_type)}


def heic() -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(quarters()).save(buffer)
    return buffer.getvalue()


@pytest.mark.usefixtures("worker")
class TestAccepted:
    async def test_the_photo_and_where_it_is(
        self, client: httpx.AsyncClient, headers: dict[str, str], database: Database, settings: Settings
    ) -> None:
        answer = await client.post(UPLOAD, headers=headers, files=form(jpeg()))
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert set(data) == {"photo_id", "image_url", "width", "height"}
        (photo,) = await all_photos(database)
        assert (photo.status, str(photo.id), photo.content_type) == ("ready", data["photo_id"], "image/jpeg")
        assert photo.detection is not None
        assert photo.detection["passed"]
        assert photo.prepared_at is not None
        assert 29 < (photo.expires_at - photo.created_at).days <= settings.PHOTO_RETENTION_DAYS
        fetched = await client.get(data["image_url"])
        assert fetched.content == jpeg()
        await asyncio.sleep(0.1)
        assert files_in(settings.MEDIA_ROOT) == [f"photos/{photo.id}.jpg"]

    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
    async def test_kinds(self, client: httpx.AsyncClient, headers: dict[str, str], kind: str) -> None:
        answer = await client.post(UPLOAD, headers=headers, files=form(stored(quarters(), kind), "x", "text/html"))
        assert answer.status_code == 200

    async def test_heic(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        assert (await client.post(UPLOAD, headers=headers, files=form(heic(), "IMG_1.HEIC"))).status_code == 200

    async def test_a_polyglot_counts_as_what_its_header_says(
        self, client: httpx.AsyncClient, headers: dict[str, str]
    ) -> None:
        content = jpeg() + b"<script>alert(1)</script>"
        answer = await client.post(UPLOAD, headers=headers, files=form(content, "x.html", "text/html"))
        fetched = await client.get(answer.json()["data"]["image_url"])
        assert fetched.headers["content-type"] == "image/jpeg"

    @pytest.mark.parametrize(
        "name", ["../../etc/passwd", "a/b\\c.jpg", "C:\\x.jpg", "\u202egpj.exe", "x" * 255, "照片.jpg"]
    )
    async def test_names_mean_nothing(
        self, client: httpx.AsyncClient, headers: dict[str, str], settings: Settings, name: str
    ) -> None:
        answer = await client.post(UPLOAD, headers=headers, files=form(jpeg(), name))
        assert answer.status_code == 200
        await asyncio.sleep(0.1)
        assert files_in(settings.MEDIA_ROOT) == [f"photos/{answer.json()['data']['photo_id']}.jpg"]

    async def test_the_largest(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        content = jpeg() + bytes(receiving.MAX_BYTES - len(jpeg()))
        assert (await client.post(UPLOAD, headers=headers, files=form(content))).status_code == 200

    async def test_many_at_once(self, client: httpx.AsyncClient, headers: dict[str, str], database: Database) -> None:
        answers = await asyncio.gather(*(client.post(UPLOAD, headers=headers, files=form(jpeg())) for _ in range(24)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["data"]["photo_id"] for answer in answers}) == 24
        assert {photo.status for photo in await all_photos(database)} == {PhotoStatus.READY}


class TestRefused:
    """Faults 24 and 25: what is not a picture, or claims too much, is refused by its header; nothing of it stays."""

    @pytest.mark.parametrize(
        ("content", "code", "said"),
        [
            (b"", 422202, "空"),
            (b"just text named .png", 422203, "JPEG"),
            (b"\0" * 100, 422203, "JPEG"),
            (b"<!doctype html><script>alert(1)</script>", 422203, "HTML"),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 422203, "SVG"),
            (b"<?xml version='1.0'?><svg/>", 422203, "SVG"),
            (b"GIF89a" + bytes(100), 422203, "GIF"),
            (b"%PDF-1.4", 422203, "PDF"),
            (b"BM" + bytes(100), 422203, "BMP"),
            (jpeg()[:100], 422204, "损坏"),
            (stored(quarters(), "PNG")[:20], 422204, "损坏"),
            (png_header(30_000, 30_000), 422205, "4000 万"),
            (png_header(2**31 - 1, 2**31 - 1), 422205, "4000 万"),
            (png_header(100, 100), 422206, "400"),
        ],
    )
    async def test_by_its_header(
        self,
        client: httpx.AsyncClient,
        headers: dict[str, str],
        database: Database,
        settings: Settings,
        content: bytes,
        code: int,
        said: str,
    ) -> None:
        answer = await client.post(UPLOAD, headers=headers, files=form(content, "photo.png", "image/png"))
        assert answer.status_code == 422
        assert answer.json()["code"] == code
        assert said in answer.json()["message"]
        english = await client.post(
            UPLOAD, headers={**headers, "Accept-Language": "en"}, files=form(content, "photo.png", "image/png")
        )
        assert english.json()["message"].isascii() or "×" in english.json()["message"]
        assert list(await all_photos(database)) == []
        assert files_in(settings.MEDIA_ROOT) == []

    async def test_too_many_bytes(
        self, client: httpx.AsyncClient, headers: dict[str, str], database: Database, settings: Settings
    ) -> None:
        content = jpeg() + bytes(receiving.MAX_BYTES - len(jpeg()) + 1)
        answer = await client.post(UPLOAD, headers=headers, files=form(content))
        assert answer.status_code == 413
        assert "10 MB" in answer.json()["message"]
        assert list(await all_photos(database)) == []
        assert files_in(settings.MEDIA_ROOT) == []

    @pytest.mark.usefixtures("worker")
    async def test_by_the_engine(
        self, client: httpx.AsyncClient, headers: dict[str, str], database: Database, settings: Settings
    ) -> None:
        answer = await client.post(UPLOAD, headers=headers, files=form(jpeg("refuse-me")))
        assert answer.status_code == 422
        assert answer.json() == {"code": 422201, "message": "图片坏了。", "data": {"code": "broken_file"}}
        english = await client.post(UPLOAD, headers={**headers, "Accept-Language": "en"}, files=form(jpeg("refuse-me")))
        assert english.json()["message"] == "The picture is broken."
        await asyncio.sleep(0.1)
        assert list(await all_photos(database)) == []
        assert files_in(settings.MEDIA_ROOT) == []

    @pytest.mark.parametrize(
        ("request_of", "status"),
        [
            ({}, 415),
            ({"json": {"file": "x"}}, 415),
            ({"content": jpeg(), "headers": {"Content-Type": "image/jpeg"}}, 415),
            ({"data": {"file": "text"}, "files": {"other": b"x"}}, 422),
            ({"files": {"photo": ("x.jpg", jpeg())}}, 422),
            ({"files": [("file", ("a.jpg", jpeg())), ("file", ("b.jpg", jpeg()))]}, 400),
            ({"data": {f"field{number}": "x" for number in range(50)}, "files": form(jpeg())}, 400),
            ({"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}}, 400),
            ({"content": b"no form", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
            ({"content": b"", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 422),
        ],
    )
    async def test_other_bodies(
        self, client: httpx.AsyncClient, headers: dict[str, str], request_of: dict[str, object], status: int
    ) -> None:
        given = {**headers, **request_of.pop("headers", {})}  # type: ignore[dict-item]
        answer = await client.post(UPLOAD, **{**request_of, "headers": given})  # type: ignore[arg-type]
        assert answer.status_code == status, answer.text
        assert answer.json()["message"]

    async def test_the_disk_is_full(
        self, client: httpx.AsyncClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_arguments: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("tempfile.SpooledTemporaryFile.write", full)
        answer = await client.post(UPLOAD, headers=headers, files=form(jpeg()))
        assert (answer.status_code, answer.json()["code"]) == (503, 503201)

    async def test_strangers(self, client: httpx.AsyncClient, settings: Settings) -> None:
        for headers in ({}, {"Authorization": "Bearer nonsense"}):
            assert (await client.post(UPLOAD, headers=headers, files=form(jpeg()))).status_code == 401
        assert files_in(settings.MEDIA_ROOT) == []


class TestDetect:
    @pytest.mark.usefixtures("worker")
    async def test_a_new_photo(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        answer = await client.post("/emoji/detect", headers=headers, files=form(jpeg()))
        data = answer.json()["data"]
        assert data["passed"]
        assert data["face_bbox"] == data["ext_bbox"] == [10, 10, 400, 400]
        assert data["reasons"] == []

    @pytest.mark.usefixtures("worker")
    @pytest.mark.parametrize(("lang", "said"), [("zh", "没有找到人脸。"), ("en", "No face was found.")])
    async def test_a_photo_without_a_face(
        self, client: httpx.AsyncClient, headers: dict[str, str], lang: str, said: str
    ) -> None:
        answer = await client.post(
            "/emoji/detect", headers={**headers, "Accept-Language": lang}, files=form(jpeg("no-face"))
        )
        data = answer.json()["data"]
        assert answer.status_code == 200
        assert not data["passed"]
        assert data["face_bbox"] is None
        assert data["reasons"] == [{"code": "no_face", "message": said, "refuses": True}]

    @pytest.mark.usefixtures("worker")
    async def test_a_photo_that_is_there(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        photo = (await client.post(UPLOAD, headers=headers, files=form(jpeg("no-face")))).json()["data"]
        for body in ({"photo_id": photo["photo_id"]}, {"image_url": photo["image_url"]}):
            answer = await client.post("/emoji/detect", headers=headers, json=body)
            assert answer.status_code == 200
            assert answer.json()["data"]["photo_id"] == photo["photo_id"]
            assert not answer.json()["data"]["passed"]

    @pytest.mark.usefixtures("worker")
    async def test_photos_of_others_are_not_found(
        self, client: httpx.AsyncClient, headers: dict[str, str], sign_in: SignIn
    ) -> None:
        photo = (await client.post(UPLOAD, headers=headers, files=form(jpeg()))).json()["data"]
        other = await sign_in("another-device-of-a-test")
        for body in ({"photo_id": photo["photo_id"]}, {"image_url": photo["image_url"]}):
            answer = await client.post("/emoji/detect", headers=other, json=body)
            assert answer.status_code == 404
            assert answer.json()["code"] == 404201

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"image_url": "http://169.254.169.254/latest/meta-data/"}, 400),
            ({"image_url": "file:///etc/passwd"}, 400),
            ({"image_url": ""}, 400),
            ({"image_url": "x" * 3_000}, 422),
            ({"image_url": "\0"}, 422),
            ({"image_url": 7}, 422),
            ({"photo_id": "nonsense"}, 422),
            ({"photo_id": "0193a5c0-0000-7000-8000-000000000000"}, 404),
            ({"photo_id": "0193a5c0-0000-7000-8000-000000000000", "image_url": "x"}, 422),
            ({}, 422),
            ([], 422),
        ],
    )
    async def test_other_bodies(
        self, client: httpx.AsyncClient, headers: dict[str, str], body: object, status: int
    ) -> None:
        answer = await client.post("/emoji/detect", headers=headers, json=body)
        assert answer.status_code == status, answer.text

    @pytest.mark.parametrize(
        ("content", "status"),
        [(b"{", 400), (b"", 400), (b'{"image_url": "\\ud800"}', 400), (b"\xff", 400), (b'"' + b"x" * 70_000, 413)],
    )
    async def test_what_is_no_json(
        self, client: httpx.AsyncClient, headers: dict[str, str], content: bytes, status: int
    ) -> None:
        given = {**headers, "Content-Type": "application/json"}
        answer = await client.post("/emoji/detect", headers=given, content=content)
        assert answer.status_code == status, answer.text

    async def test_random_forms(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        given = {**headers, "Content-Type": "multipart/form-data; boundary=x"}
        for _ in range(30):
            content = b"--x\r\n" + os.urandom(200) + b"\r\n--x--\r\n"
            assert (await client.post("/emoji/detect", headers=given, content=content)).status_code in {400, 422}
