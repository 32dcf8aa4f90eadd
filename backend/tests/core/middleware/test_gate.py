from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from fastapi import Request

from app.core.security import Keyring
from tests.core.small_app import calling, plain_settings, small_app

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}


def signed_in() -> dict[str, str]:
    token, _ = Keyring(plain_settings()).issue_token(uuid4())
    return {"Authorization": f"Bearer {token}"}


async def pieces(total: int) -> AsyncIterator[bytes]:
    for _ in range(total // 1000):
        yield b" " * 1000


class TestAnnounced:
    async def test_json_beyond_its_limit(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.post("/things", content=b" " * 65_537, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, 413001)
        assert answer.headers["connection"] == "close"

    async def test_json_within_its_limit(self) -> None:
        body = b'{"name":"x"}'.ljust(65_536)
        async with calling(small_app()) as client:
            assert (await client.post("/things", content=body, headers=JSON)).status_code == 200

    async def test_uploads_may_be_larger(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.post("/emoji/upload", content=b"x" * 10_000_000, headers=signed_in())
            assert answer.json()["data"] == 10_000_000
            answer = await client.post("/emoji/upload", content=b"x" * 12_000_000, headers=signed_in())
        assert (answer.status_code, answer.json()["code"]) == (413, 413001)
        assert "11 MB" in answer.json()["message"]

    async def test_a_length_that_is_none(self) -> None:
        async with calling(small_app()) as client:
            for length in ("-1", "1e9", "9" * 30):
                answer = await client.post("/things", content=b"", headers={**JSON, "Content-Length": length})
                assert answer.status_code == 413


class TestChunked:
    async def test_cut_off_where_it_becomes_too_large(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.post("/things", content=pieces(70_000), headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, 413001)

    async def test_in_a_route_that_streams(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.post("/emoji/upload", content=pieces(12_000_000), headers=signed_in())
            assert (answer.status_code, answer.json()["code"]) == (413, 413001)
            answer = await client.post("/emoji/upload", content=pieces(5_000_000), headers=signed_in())
            assert answer.json()["data"] == 5_000_000

    async def test_whatever_a_route_makes_of_it(self) -> None:
        app = small_app()

        @app.post("/api/v1/swallowing")
        async def swallow(request: Request) -> str:
            try:
                await request.body()
            except Exception:
                return "all is well"
            return "read it all"

        async with calling(app) as client:
            answer = await client.post("/swallowing", content=pieces(70_000))
        assert (answer.status_code, answer.json()["code"]) == (413, 413001)


class TestUploadsOfStrangers:
    @pytest.mark.parametrize(
        "authorization",
        [None, "", "Bearer", "Bearer x.y.z", "Basic dXNlcjpwYXNz", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."],
    )
    async def test_fault_28_are_refused_before_the_body_is_read(self, authorization: str | None) -> None:
        async def never() -> AsyncIterator[bytes]:
            raise AssertionError("the body was read")
            yield b""

        headers = {} if authorization is None else {"Authorization": authorization}
        async with calling(small_app()) as client:
            request = client.build_request("POST", "/emoji/upload", headers={**headers, "Content-Length": "1000"})
            answer = await client.send(request)
        assert (answer.status_code, answer.json()["code"]) == (401, 401001)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["connection"] == "close"


class TestAddresses:
    async def test_fault_30_nul_in_a_path(self) -> None:
        async with calling(small_app()) as client:
            assert (await client.get("/things/%00")).status_code == 400

    async def test_a_query_without_end(self) -> None:
        async with calling(small_app()) as client:
            assert (await client.get("/things/caller?" + "x" * 9000)).status_code == 400
            assert (await client.get("/things/caller?" + "x" * 8000)).status_code == 200
