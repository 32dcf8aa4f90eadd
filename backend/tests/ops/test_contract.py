"""Every route of the contract at once: who may call it, what its errors look like, and odd values everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from fastapi import FastAPI

from app.core.errors import ServiceError
from app.core.security import Keyring
from app.core.settings import Settings

pytestmark = pytest.mark.anyio

OPEN = {
    ("post", "/auth/login"),
    ("post", "/auth/email/code"),
    ("post", "/auth/email/verify"),
    ("get", "/config"),
    ("get", "/media/{key}"),
    ("get", "/utils/health-check/"),
    ("get", "/utils/ready"),
}
PREFIX = "/api/v1"
ODD = [
    "%00",
    "a%00b",
    "%ed%a0%80",
    "%ff%fe",
    "-1",
    "0",
    str(10**18),
    str(10**30),
    "9" * 5000,
    "NaN",
    "1e400",
    "%F0%9F%92%A9" * 300,
    "..%2f..%2fetc%2fpasswd",
    "';DROP TABLE users;--",
    "[]",
    "%0d%0aX-Injected:%201",
]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """No rate limits, which would answer in place of the routes."""
    rates = [name for name in Settings.model_fields if name.startswith("RATE_")]
    return settings.model_copy(update=dict.fromkeys(rates, "1000000/second"))


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path below the prefix, and description of each route."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method, path.removeprefix(PREFIX), operation


def filled(path: str, value: str = "0193a3c6-5bd4-7cc0-8000-000000000000") -> str:
    return re.sub(r"\{[^}]+\}", value, path)


async def test_fault_28_nothing_but_the_open_routes_answers_without_a_token(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    found = set()
    for method, path, _ in operations(app):
        answer = await client.request(method, filled(path), json={} if method in {"post", "put"} else None)
        if answer.status_code != 401:
            found.add((method, path))
        else:
            assert answer.json()["code"] == 401001
            assert answer.headers["www-authenticate"] == "Bearer"
    assert found == OPEN


def forged(keyring: Keyring) -> dict[str, str]:
    """Tokens that must not hold, each for its own reason."""
    now = datetime.now(UTC)
    good = {"sub": str(uuid4()), "iat": now, "exp": now + timedelta(days=1), "aud": "ai-pic"}
    key = keyring.key("access-token")
    signed = jwt.encode(good, key, "HS256")
    return {
        "alg none": jwt.encode(good, None, "none"),
        "alg none, signature kept": f"{jwt.encode(good, None, 'none')}{signed.rpartition('.')[2]}",
        "another key": jwt.encode(good, b"x" * 32, "HS256"),
        "the key of another purpose": jwt.encode(good, keyring.key("links"), "HS256"),
        "another algorithm": jwt.encode(good, key * 2, "HS512"),
        "over": jwt.encode({**good, "exp": now - timedelta(seconds=1)}, key, "HS256"),
        "no end": jwt.encode({name: value for name, value in good.items() if name != "exp"}, key, "HS256"),
        "for others": jwt.encode({**good, "aud": "another"}, key, "HS256"),
        "for nobody": jwt.encode({name: value for name, value in good.items() if name != "sub"}, key, "HS256"),
        "no id": jwt.encode({**good, "sub": str(10**30)}, key, "HS256"),
        "changed": signed[:-4] + ("AAAA" if signed[-4:] != "AAAA" else "BBBB"),
        "very long": signed + "A" * 10_000,
        "no token": "x",
    }


async def test_fault_28_forged_tokens(app: FastAPI, client: httpx.AsyncClient) -> None:
    for reason, token in forged(app.state.keyring).items():
        for method, path in (("GET", "/user/profile"), ("POST", "/emoji/upload"), ("POST", "/emoji/create")):
            answer = await client.request(method, path, headers={"Authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.json()["code"]) == (401, 401001), (reason, path)


async def test_fault_30_odd_values_in_every_path_and_query(
    app: FastAPI, client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    asked = 0
    for method, path, operation in operations(app):
        if method != "get" and "{" not in path:
            continue
        names = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
        for odd in ODD:
            targets = [filled(path, odd)] if "{" in path else []
            targets += [f"{filled(path)}?{name}={odd}" for name in names]
            for target in targets:
                answer = await client.request(method, target, headers=headers)
                assert answer.status_code < 500, (method, target, answer.text)
                assert "x-injected" not in answer.headers
                asked += 1
    assert asked > 100


BODIES = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b'"text"',
    b"{",
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b'{"page":NaN}',
    b"\xff\xfe\x00",
    b'{"device_id":"' + b"\\ud800" * 20 + b'"}',
    b'{"device_id":"' + b"\\u0000" * 20 + b'"}',
    b'{"device_id":' + b"9" * 400 + b"}",
    b'{"email":"a@\\u0000b.cd","code":"\\ud800","nickname":"\\u0000","photo_id":"\\u0000","driven_id":1e400}',
    b'{"nickname":{"a":[]},"email":[],"device_id":null,"photo_id":5,"driven_id":{},"caption":[[[]]]}',
]


async def test_fault_30_odd_bodies_everywhere(app: FastAPI, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    kinds = [
        "application/json",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/x",
    ]
    for method, path, _ in operations(app):
        if method not in {"post", "put"} or (method, path) == ("post", "/auth/refresh"):
            continue
        for body in BODIES:
            for kind in kinds if body in BODIES[:3] else kinds[:1]:
                answer = await client.request(
                    method, filled(path), content=body, headers={**headers, "Content-Type": kind}
                )
                assert answer.status_code < 500, (method, path, body[:60], kind, answer.text)
                if answer.status_code >= 400:
                    assert answer.json()["code"] // 1000 == answer.status_code


async def test_a_stranger_gets_no_documents_about_bugs(client: httpx.AsyncClient) -> None:
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    for operation in (one for methods in answer.json()["paths"].values() for one in methods.values()):
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5")):
                schema = response["content"]["application/json"]["schema"]
                assert schema["$ref"].endswith("/Failure"), operation["operationId"]


def every_error(kind: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from every_error(subclass)


async def test_no_two_errors_share_a_code(app: FastAPI) -> None:
    codes: dict[int, str] = {}
    for error in every_error():
        number = error.status * 1000 + error.number
        owner = codes.setdefault(number, error.code)
        # A subclass that only adds headers or a constructor keeps its parent's code.
        assert owner == error.code, (number, owner, error.code)
        for language in (error.zh, error.en):
            assert language.strip()
