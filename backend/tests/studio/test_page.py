"""The page and its files over HTTP."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from app.main import create_app
from app.studio.assets import STATIC, Assets, load_assets
from app.studio.policy import content_security_policy

pytestmark = pytest.mark.anyio
SITE = "http://localhost:8000"


def directives(policy: str) -> dict[str, list[str]]:
    return {part.split()[0]: part.split()[1:] for part in policy.split(";")}


@pytest.fixture
async def page(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get(f"{SITE}/")


class TestPage:
    async def test_is_html_that_is_asked_for_again_each_time(
        self, client: httpx.AsyncClient, page: httpx.Response
    ) -> None:
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-cache"
        again = await client.get(f"{SITE}/", headers={"If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    async def test_lets_nothing_in_that_is_not_ours(self, page: httpx.Response) -> None:
        policy = directives(page.headers["content-security-policy"])
        assert policy["default-src"] == ["'self'"]
        assert policy["img-src"] == ["'self'", "blob:", "data:"]
        assert policy["media-src"] == ["'self'", "blob:", "data:"]
        assert policy["connect-src"] == ["'self'"]
        for name in ("object-src", "base-uri", "form-action", "frame-ancestors"):
            assert policy[name] == ["'none'"]
        assert "unsafe" not in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cross-origin-opener-policy"] == "same-origin"

    async def test_has_no_script_or_style_within(self, page: httpx.Response) -> None:
        assert re.findall(r"<script(?![^>]* src=)", page.text) == []
        assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", page.text) == []

    async def test_loads_only_files_that_are_there(self, client: httpx.AsyncClient, page: httpx.Response) -> None:
        links = re.findall(r'(?:href|src)="(/[^"]+)"', page.text)
        assert len(links) > 10
        for link in links:
            file = await client.get(SITE + link)
            assert file.status_code == 200, link
            assert "immutable" in file.headers["cache-control"]
        assert re.findall(r"(?:https?:)?//", page.text.replace("http://www.w3.org", "")) == []

    async def test_the_name_is_the_operators(self, settings: Settings) -> None:
        app = create_app(settings.model_copy(update={"PROJECT_NAME": '<b>&"Pic'}))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SITE) as client:
            text = (await client.get("/")).text
        assert "<title>&lt;b&gt;&amp;&quot;Pic</title>" in text
        assert "<b>" not in text

    async def test_answers_head(self, client: httpx.AsyncClient) -> None:
        assert (await client.head(f"{SITE}/")).status_code == 200


class TestStoredElsewhere:
    @pytest.mark.parametrize(
        ("changes", "origin"),
        [
            ({"S3_ENDPOINT": "http://minio:9000"}, "http://minio:9000"),
            (
                {"S3_ENDPOINT": "http://minio:9000", "S3_PUBLIC_ENDPOINT": "https://files.example.com"},
                "https://files.example.com",
            ),
            (
                {"S3_ENDPOINT": "https://oss-cn-beijing.aliyuncs.com", "S3_VIRTUAL_HOSTED": True},
                "https://pics.oss-cn-beijing.aliyuncs.com",
            ),
        ],
    )
    def test_stickers_may_come_from_the_object_store(
        self, base_settings: Settings, changes: dict[str, Any], origin: str
    ) -> None:
        settings = base_settings.model_copy(update={"STORAGE_BACKEND": "s3", "S3_BUCKET": "pics", **changes})
        policy = directives(content_security_policy(settings))
        for name in ("img-src", "media-src", "connect-src"):
            assert policy[name][-1] == origin
        assert policy["default-src"] == ["'self'"]


class TestAssets:
    assets = load_assets()

    @pytest.mark.parametrize(
        ("name", "content_type"),
        [
            ("js/main.js", "text/javascript; charset=utf-8"),
            ("css/base.css", "text/css; charset=utf-8"),
            ("icon.svg", "image/svg+xml"),
            ("previews/wink.webp", "image/webp"),
        ],
    )
    async def test_types_and_caching(self, client: httpx.AsyncClient, name: str, content_type: str) -> None:
        file = await client.get(SITE + self.assets.path(name))
        assert file.status_code == 200
        assert file.headers["content-type"] == content_type
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert file.headers["x-content-type-options"] == "nosniff"
        assert file.content == (STATIC / name).read_bytes()
        again = await client.get(SITE + self.assets.path(name), headers={"If-None-Match": file.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    async def test_text_goes_packed_to_who_takes_it(self, client: httpx.AsyncClient) -> None:
        address = SITE + self.assets.path("js/main.js")
        plain = await client.get(address, headers={"Accept-Encoding": "identity"})
        async with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as packed:
            body = b"".join([part async for part in packed.aiter_raw()])
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "Accept-Encoding"
        assert len(body) < len(plain.content)
        assert gzip.decompress(body) == plain.content
        assert packed.headers["etag"] != plain.headers["etag"]

    async def test_the_file_of_another_version_is_not_kept(self, client: httpx.AsyncClient) -> None:
        file = await client.get(f"{SITE}/assets/0123456789abcdef/js/main.js")
        assert file.status_code == 200
        assert file.headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize(
        "name",
        [
            "../page.py",
            "%2e%2e/page.py",
            "..%2f..%2f..%2fetc/passwd",
            "js/../../page.py",
            "js/%2e%2e/%2e%2e/page.py",
            "//etc/passwd",
            "js",
            "js/",
            "",
            "index.html",
            "js/main.js/",
            "js\\main.js",
            "JS/MAIN.JS",
            ".gitignore",
        ],
    )
    async def test_nothing_else_is_served(self, app: FastAPI, name: str) -> None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=SITE, follow_redirects=True
        ) as client:
            answer = await client.get(httpx.URL(SITE).copy_with(raw_path=f"/assets/x/{name}".encode()))
        assert answer.status_code == 404
        assert answer.json()["code"] == 404001

    async def test_a_link_out_of_the_folder_is_read_once_and_unknown_kinds_never(self, tmp_path: Path) -> None:
        (tmp_path / "index.html").write_text("page")
        (tmp_path / "a.js").write_text("1")
        (tmp_path / "notes.txt").write_text("secret")
        (tmp_path / ".env").write_text("secret")
        assert Assets(tmp_path).names == ["a.js"]

    def test_an_address_changes_with_its_files_and_only_with_them(self, tmp_path: Path) -> None:
        for name in ("index.html", "a.js", "previews/x.webp"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(name)
        before = Assets(tmp_path)
        (tmp_path / "a.js").write_text("new")
        after = Assets(tmp_path)
        assert before.path("a.js") != after.path("a.js")
        assert before.path("previews/x.webp") == after.path("previews/x.webp")
