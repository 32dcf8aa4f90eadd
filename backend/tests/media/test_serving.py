"""Files by their links, over HTTP."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from app.core.ids import new_id
from app.main import create_app
from app.media.keys import photo_key, result_key
from app.media.links import LinkSigner
from tests.media.photos import once
from tests.media.storages import s3_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.settings import Settings
    from app.media.storage import Storage
    from tests.media.fake_s3 import FakeS3

pytestmark = pytest.mark.anyio
CONTENT = os.urandom(700_000)


def signer_of(app: FastAPI) -> LinkSigner:
    return LinkSigner(app.state.keyring, timedelta(hours=app.state.settings.LINK_HOURS))


async def put(app: FastAPI, key: str, content: bytes = CONTENT) -> str:
    """Store a file; returns its link."""
    storage: Storage = app.state.storage
    await storage.put_stream(key, once(content), limit=10**7)
    return f"http://localhost:8000{signer_of(app).sign(key)}"


@pytest.fixture
async def link(app: FastAPI) -> str:
    return await put(app, result_key(new_id(), "token", "sticker.mp4"))


class TestWhole:
    async def test_content_and_headers(self, client: httpx.AsyncClient, link: str) -> None:
        answer = await client.get(link)
        assert answer.status_code == 200
        assert answer.content == CONTENT
        found = answer.headers
        assert found["content-type"] == "video/mp4"
        assert found.get_list("x-content-type-options") == ["nosniff"]
        assert found["content-disposition"] == 'inline; filename="sticker.mp4"'
        assert found["cache-control"].startswith("private, max-age=")
        assert found["accept-ranges"] == "bytes"
        policy = found.get_list("content-security-policy")
        assert len(policy) == 1
        assert "default-src 'none'" in policy[0]
        assert "sandbox" in policy[0]
        assert "allow-scripts" not in policy[0]
        assert found["cross-origin-resource-policy"] == "cross-origin"

    @pytest.mark.parametrize(
        ("suffix", "content_type"),
        [("gif", "image/gif"), ("webp", "image/webp"), ("png", "image/png"), ("webm", "video/webm")],
    )
    async def test_types_follow_our_suffix_not_the_content(
        self, app: FastAPI, client: httpx.AsyncClient, suffix: str, content_type: str
    ) -> None:
        content = b"<html><script>alert(1)</script>"
        answer = await client.get(await put(app, result_key(new_id(), "t", f"sticker.{suffix}"), content))
        assert answer.headers["content-type"] == content_type

    async def test_head(self, client: httpx.AsyncClient, link: str) -> None:
        answer = await client.head(link)
        assert (answer.status_code, answer.content) == (200, b"")
        whole = await client.get(link)
        for name in ("content-length", "content-type", "etag", "last-modified"):
            assert answer.headers[name] == whole.headers[name]

    async def test_an_empty_file(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        link = await put(app, photo_key(new_id(), "jpg"), b"")
        answer = await client.get(link)
        assert (answer.status_code, answer.content) == (200, b"")
        assert (await client.get(link, headers={"Range": "bytes=0-"})).status_code == 416

    async def test_saving_under_a_name(self, client: httpx.AsyncClient, link: str) -> None:
        answer = await client.get(f"{link}&download={quote('眨眼/../x.exe')}")
        disposition = answer.headers["content-disposition"]
        assert disposition.startswith("attachment; ")
        assert disposition.endswith(".exe.mp4")
        assert answer.content == CONTENT


class TestParts:
    @pytest.mark.parametrize(
        ("value", "start", "end"),
        [("bytes=0-99", 0, 100), ("bytes=699999-", 699_999, 700_000), ("bytes=-10", 699_990, 700_000)],
    )
    async def test_a_range(self, client: httpx.AsyncClient, link: str, value: str, start: int, end: int) -> None:
        answer = await client.get(link, headers={"Range": value})
        assert answer.status_code == 206
        assert answer.content == CONTENT[start:end]
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
        assert answer.headers["content-length"] == str(end - start)

    async def test_behind_the_end(self, client: httpx.AsyncClient, link: str) -> None:
        answer = await client.get(link, headers={"Range": "bytes=700000-"})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == "bytes */700000"
        assert answer.json()["code"] == 416201

    async def test_several_ranges_are_the_whole(self, client: httpx.AsyncClient, link: str) -> None:
        assert (await client.get(link, headers={"Range": "bytes=0-1,5-6"})).status_code == 200

    async def test_of_another_version_is_the_whole(self, client: httpx.AsyncClient, link: str) -> None:
        headers = {"Range": "bytes=0-1", "If-Range": '"another"'}
        assert (await client.get(link, headers=headers)).status_code == 200
        headers["If-Range"] = (await client.head(link)).headers["etag"]
        assert (await client.get(link, headers=headers)).status_code == 206


class TestUnchanged:
    async def test_not_sent_again(self, client: httpx.AsyncClient, link: str) -> None:
        first = await client.get(link)
        for name, header in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
            answer = await client.get(link, headers={header: first.headers[name]})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == first.headers["etag"]
            assert answer.headers["cache-control"] == first.headers["cache-control"]
        assert (await client.get(link, headers={"If-None-Match": '"other"'})).status_code == 200


class TestRefused:
    async def test_links_that_do_not_hold(self, app: FastAPI, client: httpx.AsyncClient, link: str) -> None:
        key = link.partition("/media/")[2].partition("?")[0]
        old = signer_of(app).sign(key, now=time.time() - 3 * 86_400)
        for url, status in (
            (link.partition("?")[0], 403),
            (link[:-1], 403),
            (link.replace("sticker.mp4", "sticker.gif"), 403),
            (link.replace("expires=", "expires=1"), 403),
            (link + "&signature=x", 403),
            (link.replace("sticker.mp4", "sticker.mp4%00"), 400),
            (link.replace("results/", "results/%2e%2e/results/"), 403),
            (f"http://localhost:8000{old}", 410),
            ("http://localhost:8000/api/v1/media/incoming/x?expires=1&signature=x", 403),
            ("http://localhost:8000/api/v1/media/", 403),
        ):
            answer = await client.get(url)
            assert answer.status_code == status, (url, answer.text)
            assert answer.json()["message"]

    async def test_a_file_that_is_gone(self, app: FastAPI, client: httpx.AsyncClient, link: str) -> None:
        storage: Storage = app.state.storage
        await storage.delete([link.partition("/media/")[2].partition("?")[0]])
        answer = await client.get(link)
        assert (answer.status_code, answer.json()["code"]) == (404, 404202)

    async def test_other_methods(self, client: httpx.AsyncClient, link: str) -> None:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert (await client.request(method, link)).status_code == 405


class TestObjectStore:
    @pytest.fixture
    async def s3_app(self, settings: Settings, s3: FakeS3) -> AsyncIterator[FastAPI]:
        names = [name for name in type(settings).model_fields if name.startswith(("S3_", "STORAGE_"))]
        changes = {name: getattr(s3_settings(s3), name) for name in names}
        application = create_app(settings.model_copy(update=changes))
        async with application.router.lifespan_context(application):
            yield application

    @pytest.fixture
    async def s3_client(self, s3_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(s3_app)) as opened:
            yield opened

    async def test_sends_the_caller_there(self, s3_app: FastAPI, s3_client: httpx.AsyncClient) -> None:
        link = await put(s3_app, photo_key(new_id(), "jpg"))
        answer = await s3_client.get(link)
        assert answer.status_code == 307
        assert answer.headers["cache-control"] == "private, max-age=3600"
        async with httpx.AsyncClient() as browser:
            there = await browser.get(answer.headers["location"])
        assert there.content == CONTENT
        assert there.headers["content-type"] == "image/jpeg"

    async def test_serves_what_is_saved_itself(self, s3_app: FastAPI, s3_client: httpx.AsyncClient) -> None:
        link = await put(s3_app, result_key(new_id(), "t", "sticker.gif"))
        answer = await s3_client.get(f"{link}&download=wink", headers={"Range": "bytes=5-9"})
        assert (answer.status_code, answer.content) == (206, CONTENT[5:10])
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert (await s3_client.head(link)).headers["content-length"] == str(len(CONTENT))

    async def test_away(self, s3_app: FastAPI, s3_client: httpx.AsyncClient, s3: FakeS3) -> None:
        link = await put(s3_app, result_key(new_id(), "t", "sticker.gif"))
        s3.failing = True
        answer = await s3_client.get(f"{link}&download=wink")
        assert (answer.status_code, answer.json()["code"]) == (503, 503201)
        assert answer.headers["retry-after"]
