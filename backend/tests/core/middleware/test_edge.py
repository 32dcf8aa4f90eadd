from __future__ import annotations

import re
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from tests.core.small_app import calling, plain_settings, served, small_app, talk

pytestmark = pytest.mark.anyio
THING = "0193a3c6-5bd4-7cc0-8000-000000000000"


async def log_of(path: str, **headers: str) -> dict[str, Any]:
    with capture_logs() as logs:
        async with calling(small_app()) as client:
            await client.get(path, headers=headers)
    return dict(next(entry for entry in logs if entry["event"] == "request"))


class TestRequestId:
    async def test_a_sane_one_is_kept(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.get("/things/caller", headers={"X-Request-ID": "from-the-client.01"})
        assert answer.headers["x-request-id"] == "from-the-client.01"

    @pytest.mark.parametrize("offered", [b"short", b"x" * 65, b"with space here", b'quote"quote"', b"odd\xa0odd\xff"])
    async def test_others_are_replaced(self, offered: bytes) -> None:
        async with calling(small_app()) as client:
            answer = await client.get("/things/caller", headers={b"X-Request-ID": offered})
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])

    async def test_refusals_have_one_too(self) -> None:
        async with calling(small_app()) as client:
            assert "x-request-id" in (await client.post("/emoji/upload")).headers
            assert "x-request-id" in (await client.get("/nowhere")).headers


class TestAccessLog:
    async def test_one_line_a_request(self) -> None:
        entry = await log_of(f"/things/{THING}")
        assert (entry["method"], entry["status"], entry["client_address"]) == ("GET", 200, "127.0.0.1")
        assert entry["route"] == "/api/v1/things/{thing_id}"
        assert entry["bytes"] > 30
        assert entry["duration_ms"] >= 0

    async def test_neither_query_nor_token(self) -> None:
        entry = await log_of(f"/things/{THING}?signature=very-secret", Authorization="Bearer very-secret")
        assert "very-secret" not in str(entry)

    async def test_an_answer_that_breaks_off_is_logged_and_the_connection_closed(self) -> None:
        with capture_logs() as logs:
            async with served(small_app()) as port:
                answer = await talk(port, b"GET /api/v1/things/break-off HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.endswith(b"7\r\na piece\r\n")
        assert {"request_failed", "request"} <= {entry["event"] for entry in logs}


class TestMetrics:
    async def test_labels_are_templates(self) -> None:
        labels = {"method": "GET", "route": "/api/v1/things/{thing_id}", "status": "200"}
        before = REGISTRY.get_sample_value("aipic_http_requests_total", labels) or 0
        async with calling(small_app()) as client:
            await client.get(f"/things/{THING}")
        assert REGISTRY.get_sample_value("aipic_http_requests_total", labels) == before + 1

    async def test_unknown_paths_and_methods_make_no_labels_of_their_own(self) -> None:
        async with calling(small_app()) as client:
            for number in range(20):
                await client.request(f"METHOD{number}", f"/random/{number}")
        samples = [sample for family in REGISTRY.collect() for sample in family.samples]
        assert not [sample for sample in samples if "random" in str(sample.labels) or "METHOD" in str(sample.labels)]
        assert REGISTRY.get_sample_value(
            "aipic_http_requests_total", {"method": "other", "route": "unmatched", "status": "404"}
        )


class TestHeaders:
    async def test_security(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.get("/things/caller")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"]
        assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"

    async def test_a_pages_own_policy_stands(self) -> None:
        app = small_app()

        @app.get("/page")
        async def page() -> Any:
            from fastapi.responses import HTMLResponse

            return HTMLResponse("", headers={"Content-Security-Policy": "default-src 'self'"})

        async with calling(app) as client:
            answer = await client.get("http://localhost/page")
        assert answer.headers.get_list("content-security-policy") == ["default-src 'self'"]

    async def test_pages_of_others_only_when_allowed(self) -> None:
        origin = {"Origin": "https://studio.example.com"}
        async with calling(small_app()) as client:
            assert "access-control-allow-origin" not in (await client.get("/things/caller", headers=origin)).headers
        allowing = small_app(plain_settings(BACKEND_CORS_ORIGINS="https://studio.example.com"))
        async with calling(allowing) as client:
            for answer in (
                await client.get("/things/caller", headers=origin),
                await client.post("/things", content=b"x" * 100_000, headers=origin),
            ):
                assert answer.headers["access-control-allow-origin"] == "https://studio.example.com"


async def test_behind_a_proxy() -> None:
    app = small_app(plain_settings(TRUSTED_PROXIES="127.0.0.1"))
    async with calling(app) as client:
        answer = await client.get("/things/caller", headers={"X-Forwarded-For": "198.51.100.1"})
    assert answer.json()["data"] == "198.51.100.1"
