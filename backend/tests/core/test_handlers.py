from __future__ import annotations

import json
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from structlog.testing import capture_logs

from app.core.errors import Forbidden, TooManyRequests
from tests.core.small_app import calling, small_app

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}
ENGLISH = {"Accept-Language": "en"}


async def answer_to(failure: Exception, **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    async with calling(small_app(failure=failure)) as client:
        answer = await client.get("/things/fail", headers=headers)
        return answer.status_code, answer.json(), dict(answer.headers)


class TestOurErrors:
    async def test_in_the_callers_language(self) -> None:
        status, body, _ = await answer_to(Forbidden())
        assert (status, body) == (403, {"code": 403001, "message": "没有权限做这件事。", "data": None})
        assert (await answer_to(Forbidden(), **ENGLISH))[1]["message"] == "You are not allowed to do this."

    async def test_headers_go_along(self) -> None:
        status, body, headers = await answer_to(TooManyRequests(seconds=7, headers={"Retry-After": "7"}))
        assert (status, headers["retry-after"]) == (429, "7")
        assert "7" in body["message"]


class TestOutages:
    @pytest.mark.parametrize(
        "failure",
        [
            ConnectionRefusedError(111, "Connect call failed ('10.1.2.3', 6379)"),
            RedisConnectionError("Error 111 connecting to 10.1.2.3:6379."),
            TimeoutError("10.1.2.3"),
            PoolTimeout("QueuePool limit of size 10 reached: 10.1.2.3"),
            OperationalError("SELECT 1", {}, Exception("10.1.2.3")),
            asyncpg.CannotConnectNowError("the database system is starting up: 10.1.2.3"),
            asyncpg.TooManyConnectionsError("10.1.2.3"),
            DBAPIError("SELECT 1", {}, Exception("10.1.2.3"), connection_invalidated=True),
        ],
        ids=lambda failure: type(failure).__name__,
    )
    async def test_fault_3_an_outage_is_503_and_names_no_address(self, failure: Exception) -> None:
        status, body, headers = await answer_to(failure)
        assert (status, body["code"], headers["retry-after"]) == (503, 503001, "5")
        assert "10.1.2.3" not in json.dumps([body, headers])

    async def test_is_logged_with_its_reason(self) -> None:
        with capture_logs() as logs:
            await answer_to(OperationalError("SELECT secret FROM people", {"mail": "a@b.cd"}, Exception("gone")))
        entry = next(entry for entry in logs if entry["event"] == "dependency_unavailable")
        assert (entry["error"], entry["reason"]) == ("OperationalError", "gone")


class TestBugs:
    async def test_a_bug_is_a_plain_500_with_its_traceback_in_the_log_alone(self) -> None:
        with capture_logs() as logs:
            status, body, headers = await answer_to(KeyError("inner detail"), **{"X-Request-ID": "caller-id-0001"})
        assert (status, body["code"], body["data"]) == (500, 500001, None)
        assert "inner detail" not in json.dumps([body, headers])
        assert headers["x-request-id"] == "caller-id-0001"
        entry = next(entry for entry in logs if entry["event"] == "request_failed")
        assert entry["log_level"] == "error"
        assert isinstance(entry["exc_info"], KeyError)

    async def test_handlers_alone_answer_the_same(self) -> None:
        app = small_app(failure=KeyError("inner detail"))
        app.user_middleware.clear()
        async with calling(app, raise_app_exceptions=False) as client:
            answer = await client.get("/things/fail")
        assert (answer.status_code, answer.json()["code"]) == (500, 500001)


class TestFrameworkErrors:
    async def test_unknown_route(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.get("/nowhere")
        assert (answer.status_code, answer.json()["code"]) == (404, 404001)

    async def test_wrong_method_names_the_right_ones(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.delete("/things")
        assert (answer.status_code, answer.json()["code"], answer.headers["allow"]) == (405, 405001, "POST")

    @pytest.mark.parametrize(("raised", "code"), [(401, 401001), (409, 400001), (418, 400001), (503, 503001)])
    async def test_an_http_exception_keeps_its_status(self, raised: int, code: int) -> None:
        status, body, _ = await answer_to(HTTPException(raised, detail="inner detail"))
        assert (status, body["code"]) == (raised, code)
        assert "inner detail" not in json.dumps(body)


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            pytest.param(b"{", 400, 400001, id="unfinished"),
            pytest.param(b"\xff\xfe", 400, 400001, id="not UTF-8"),
            pytest.param(b"[" * 60_000, 400, 400001, id="nested deeply"),
            pytest.param(b'{"name":"x","number":' + b"9" * 5000 + b"}", 400, 400001, id="number of 5000 digits"),
            pytest.param(b'{"name":"x","number":' + b"9" * 30 + b"}", 200, 0, id="number of 30 digits"),
            pytest.param(b'{"name":"x","number":NaN}', 422, 422001, id="NaN"),
            pytest.param(b'{"name":"x","number":1e999}', 422, 422001, id="infinity"),
            pytest.param(b'{"name":"a\\u0000b"}', 422, 422001, id="NUL"),
            pytest.param(b'{"name":"\\ud800"}', 422, 422001, id="lone surrogate"),
            pytest.param(b'{"\\ud800":1}', 422, 422001, id="lone surrogate in a key"),
            pytest.param(b"[]", 422, 422001, id="a list"),
            pytest.param(b"null", 422, 422001, id="null"),
            pytest.param(b"", 422, 422001, id="empty"),
            pytest.param(b'{"name":"first","name":"last"}', 200, 0, id="a key twice"),
        ],
    )
    async def test_fault_30_odd_json_is_never_our_fault(self, body: bytes, status: int, code: int) -> None:
        async with calling(small_app()) as client:
            answer = await client.post("/things", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_each_field_is_named_and_no_value_is_repeated(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.post("/things", json={"number": "my secret"}, headers=ENGLISH)
        body = answer.json()
        assert body["data"] == [
            {"field": "name", "problem": "Is missing."},
            {"field": "number", "problem": "Must be a whole number."},
        ]
        assert "name" in body["message"]
        assert "my secret" not in answer.text

    async def test_in_a_path(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.get("/things/17")
        assert answer.json()["data"] == [{"field": "thing_id", "problem": "应该是一个 UUID。"}]

    async def test_a_body_that_is_not_json_at_all(self) -> None:
        async with calling(small_app()) as client:
            answer = await client.post("/things", content=b"name=x", headers={"Content-Type": "text/plain"})
        assert (answer.status_code, answer.json()["code"]) == (415, 415001)


async def test_openapi_types_the_errors() -> None:
    schema = small_app().openapi()
    responses = schema["paths"]["/api/v1/things"]["post"]["responses"]
    for status in ("400", "401", "413", "422", "429", "503"):
        reference = responses[status]["content"]["application/json"]["schema"]["$ref"]
        assert reference == "#/components/schemas/Failure"
