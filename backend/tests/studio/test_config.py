"""The public catalogue over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, text

from app.core.database import Database
from app.core.settings import Settings
from app.core.version import VERSION
from app.emoji.tasks.models import CAPTION_LENGTH
from app.engines.local.caption import LONGEST
from app.studio.catalogue import CAPTION_WIDTH, Catalogue

pytestmark = pytest.mark.anyio
CHINESE, ENGLISH = {"Accept-Language": "zh-CN,zh;q=0.9"}, {"Accept-Language": "en-GB"}


@pytest.fixture
def statements(app: FastAPI) -> Iterator[list[str]]:
    """The SQL that the application sends from now on."""
    sent: list[str] = []
    engine = app.state.database.engine.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


class TestContent:
    async def test_needs_no_account_and_has_everything(self, client: httpx.AsyncClient, settings: Settings) -> None:
        answer = await client.get("/config", headers=ENGLISH)
        assert answer.status_code == 200
        assert answer.json()["code"] == 0
        config = answer.json()["data"]
        assert config["version"] == VERSION
        assert config["language"] == "en"
        assert config["tabs"] == [{"id": "test", "name": "Test"}]
        assert [style["driven_id"] for style in config["styles"]] == ["wink", "love", "angry"]
        assert config["points"] == {"welcome": settings.WELCOME_POINTS, "emoji_cost": settings.EMOJI_COST}
        assert config["sticker"] == {"formats": settings.EMOJI_FORMATS, "size": settings.EMOJI_SIZE}
        assert config["limits"]["upload_bytes"] == 10 * 2**20
        assert config["limits"]["upload_types"] == ["image/jpeg", "image/png", "image/webp", "image/heic"]
        assert config["limits"]["caption_length"] == CAPTION_LENGTH
        assert config["limits"]["photo_retention_days"] == settings.PHOTO_RETENTION_DAYS

    async def test_speaks_the_callers_language(self, client: httpx.AsyncClient) -> None:
        chinese = (await client.get("/config", headers=CHINESE)).json()["data"]
        assert chinese["language"] == "zh"
        assert chinese["tabs"][0]["name"] == "测试"
        assert chinese["styles"][0]["name"] == "眨眼"
        assert chinese["styles"][0]["caption"] == "嗯"

    async def test_previews_are_absolute_and_can_be_fetched(self, client: httpx.AsyncClient) -> None:
        style = (await client.get("/config")).json()["data"]["styles"][0]
        for name in ("preview_url", "poster_url"):
            assert style[name].startswith("http://localhost:8000/assets/")
            picture = await client.get(style[name])
            assert picture.status_code == 200
            assert picture.headers["content-type"] == "image/webp"
            assert "immutable" in picture.headers["cache-control"]

    async def test_previews_lie_under_the_public_address(self, client: httpx.AsyncClient, app: FastAPI) -> None:
        app.state.settings = app.state.settings.model_copy(update={"PUBLIC_URL": "https://pic.example.com/"})
        style = (await client.get("/config")).json()["data"]["styles"][0]
        assert style["preview_url"].startswith("https://pic.example.com/assets/")

    async def test_a_template_of_the_operators_own_has_no_preview(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        async with database.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO emoji_templates SELECT 'own_one', engine, name, category, caption, duration_ms, 9,"
                    " enabled, updated_at FROM emoji_templates WHERE driven_id = 'wink'"
                )
            )
        try:
            style = (await client.get("/config")).json()["data"]["styles"][-1]
        finally:
            async with database.transaction() as session:
                await session.execute(text("DELETE FROM emoji_templates WHERE driven_id = 'own_one'"))
        assert (style["driven_id"], style["preview_url"], style["poster_url"]) == ("own_one", None, None)

    async def test_shows_only_what_this_installation_can_make(self, app: FastAPI, settings: Settings) -> None:
        other = Catalogue(settings.model_copy(update={"ENGINE": "local"}), app.state.catalogue._assets)
        document = await other.read(app.state.database, "en", "http://x")
        assert b'"styles":[]' in document.body
        assert b'"tabs":[]' in document.body

    def test_the_width_of_captions_is_the_engines(self) -> None:
        assert CAPTION_WIDTH == LONGEST


class TestCaching:
    async def test_a_start_of_the_app_costs_one_304(self, client: httpx.AsyncClient, statements: list[str]) -> None:
        first = await client.get("/config", headers=CHINESE)
        tag = first.headers["etag"]
        assert tag.startswith('"')
        assert first.headers["vary"] == "Accept-Language"
        assert first.headers["cache-control"] == "public, max-age=60"
        assert len(statements) == 1
        for sent in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            again = await client.get("/config", headers={**CHINESE, "If-None-Match": sent})
            assert again.status_code == 304
            assert again.content == b""
            assert again.headers["etag"] == tag
            assert again.headers["vary"] == "Accept-Language"
        assert len(statements) == 1

    async def test_the_tag_differs_by_language(self, client: httpx.AsyncClient) -> None:
        chinese = (await client.get("/config", headers=CHINESE)).headers["etag"]
        english = await client.get("/config", headers={**ENGLISH, "If-None-Match": chinese})
        assert english.status_code == 200
        assert english.headers["etag"] != chinese

    @pytest.mark.parametrize("sent", ['"other"', "", "nonsense", 'W/"x"', '"' * 50])
    async def test_other_tags_get_the_whole_answer(self, client: httpx.AsyncClient, sent: str) -> None:
        assert (await client.get("/config", headers={"If-None-Match": sent})).status_code == 200

    async def test_what_changes_shows_soon(
        self, client: httpx.AsyncClient, app: FastAPI, database: Database, statements: list[str]
    ) -> None:
        before = await client.get("/config")
        async with database.transaction() as session:
            await session.execute(text("UPDATE emoji_templates SET enabled = false WHERE driven_id = 'angry'"))
        try:
            assert (await client.get("/config")).headers["etag"] == before.headers["etag"]
            app.state.catalogue._fresh_until = 0.0
            after = await client.get("/config")
        finally:
            async with database.transaction() as session:
                await session.execute(text("UPDATE emoji_templates SET enabled = true WHERE driven_id = 'angry'"))
        assert after.headers["etag"] != before.headers["etag"]
        assert [style["driven_id"] for style in after.json()["data"]["styles"]] == ["wink", "love"]

    async def test_names_that_callers_make_up_cost_no_memory(self, app: FastAPI) -> None:
        for number in range(200):
            await app.state.catalogue.read(app.state.database, "en", f"http://host-{number}")
        assert len(app.state.catalogue._documents) <= 32


async def test_the_contract_knows_it(client: httpx.AsyncClient) -> None:
    contract = (await client.get("/openapi.json")).json()
    answers = contract["paths"]["/api/v1/config"]["get"]["responses"]
    assert answers["200"]["content"]["application/json"]["schema"]["$ref"].endswith("ConfigRead_")
    assert "304" in answers
    assert not any(path.startswith("/assets") or path == "/" for path in contract["paths"])
