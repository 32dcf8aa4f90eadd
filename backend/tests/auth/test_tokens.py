from __future__ import annotations

import base64
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from pydantic import ValidationError

from app.core.security import Keyring
from app.core.settings import Settings
from tests.auth.conftest import assert_refused, bearer, device

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOT_HOLDING: list[dict[str, Any]] = [
    {"exp": NOW},
    {"exp": None},
    {"iat": None},
    {"aud": None},
    {"sub": None},
    {"aud": "somebody-else"},
    {"aud": ["somebody-else"]},
    {"sub": "7"},
    {"sub": "no-uuid"},
    {"sub": ""},
    {"sub": "1" + "0" * 30},
    {"sub": 10**30},
    {"sub": 7},
    {"sub": ["a"]},
    {"sub": {"id": 1}},
    {"sub": "\0" * 36},
    {"sub": "00000000-0000-0000-0000-000000000000"},
    {"sub": "01a20dda-a129-7690-a117-a0e913f0607a"},
    {"exp": "soon"},
    {"exp": 10**30},
    {"exp": -1},
    {"exp": 1e300},
    {"iat": datetime(2999, 1, 1, tzinfo=UTC)},
    {"iat": "long ago"},
    {"nbf": datetime(2999, 1, 1, tzinfo=UTC)},
]
NO_TOKENS: list[str | bytes] = [
    "Bearer",
    "Bearer ",
    "Bearer a",
    "Bearer a.b.c",
    "Bearer " + "a" * 5000,
    "Bearer " + "." * 5000,
    "Basic dXNlcjpwYXNzd29yZA==",
    "Token abc",
    b"Bearer \xff\xfe\x00",
    "Bearer null",
]


def claims(**changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    usual = {"sub": str(uuid4()), "iat": now, "exp": now + timedelta(hours=1), "aud": "ai-pic"}
    return {name: value for name, value in (usual | changes).items() if value is not None}


def unsigned(content: dict[str, Any], algorithm: str = "none", signature: bytes = b"") -> str:
    parts = [
        json.dumps({"alg": algorithm, "typ": "JWT"}).encode(),
        json.dumps(content, default=str).encode(),
        signature,
    ]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


async def refused(client: httpx.AsyncClient, authorization: str | bytes) -> None:
    for method, path in (("GET", "/user/profile"), ("POST", "/auth/refresh"), ("DELETE", "/user")):
        headers = {b"Authorization": authorization if isinstance(authorization, bytes) else authorization.encode()}
        answer = await client.request(method, path, headers=headers)
        assert_refused(answer, 401, 401001)
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_new_token_for_one_that_holds(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/auth/refresh", headers=headers)
    data = answer.json()["data"]
    assert set(data) == {"access_token", "token_type", "expires_in"}
    renewed = await client.get("/user/profile", headers=bearer(answer))
    assert renewed.json() == (await client.get("/user/profile", headers=headers)).json()


async def test_no_token_for_who_has_none(client: httpx.AsyncClient) -> None:
    assert_refused(await client.post("/auth/refresh"), 401, 401001)
    assert_refused(await client.get("/user/profile"), 401, 401001)


class TestForgeries:
    async def test_no_signature(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        user = (await client.get("/user/profile", headers=headers)).json()["data"]["id"]
        content = claims(sub=user, iat=1, exp=9_999_999_999)
        for algorithm in ("none", "None", "NONE", "nOnE", "HS256", "RS256", ""):
            await refused(client, f"Bearer {unsigned(content, algorithm)}")
            await refused(client, f"Bearer {unsigned(content, algorithm, b'signature')}")

    async def test_another_key(self, client: httpx.AsyncClient) -> None:
        await refused(client, f"Bearer {jwt.encode(claims(), 'k' * 32, algorithm='HS256')}")

    async def test_a_key_of_ours_for_something_else(self, client: httpx.AsyncClient, keyring: Keyring) -> None:
        await refused(client, f"Bearer {jwt.encode(claims(), keyring.key('device'), algorithm='HS256')}")

    async def test_another_algorithm(self, client: httpx.AsyncClient, keyring: Keyring) -> None:
        key = keyring.key("access-token") * 2
        await refused(client, f"Bearer {jwt.encode(claims(), key, algorithm='HS512')}")

    async def test_a_changed_subject(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        head, _, signature = headers["Authorization"].removeprefix("Bearer ").split(".")
        body = base64.urlsafe_b64encode(json.dumps(claims(), default=str).encode()).decode().rstrip("=")
        await refused(client, f"Bearer {head}.{body}.{signature}")

    async def test_claims_that_do_not_hold(self, client: httpx.AsyncClient, keyring: Keyring) -> None:
        for changes in NOT_HOLDING:
            await refused(client, f"Bearer {signed(claims(**changes), keyring)}")

    async def test_what_is_no_token(self, client: httpx.AsyncClient) -> None:
        for authorization in NO_TOKENS:
            await refused(client, authorization)


def signed(content: dict[str, Any], keyring: Keyring) -> str:
    """A token with claims that the library would not write."""
    head, body, _ = unsigned({key: _number(value) for key, value in content.items()}, "HS256").split(".")
    key = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = key.sign(f"{head}.{body}".encode(), keyring.key("access-token"))
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def _number(value: Any) -> Any:
    return int(value.timestamp()) if isinstance(value, datetime) else value


async def test_a_token_lasts_as_long_as_the_settings_say(settings: Settings) -> None:
    keyring = Keyring(settings.model_copy(update={"ACCESS_TOKEN_DAYS": 1}))
    token, seconds = keyring.issue_token(uuid4())
    content = jwt.decode(token, options={"verify_signature": False})
    assert content["exp"] - content["iat"] == seconds == 86_400


async def test_fault_28_a_token_without_an_end_is_refused(client: httpx.AsyncClient, keyring: Keyring) -> None:
    answer = await client.post("/auth/login", json={"device_id": device()})
    user = answer.json()["data"]["user"]["id"]
    token = jwt.encode(claims(sub=user, exp=None), keyring.key("access-token"), algorithm="HS256")
    await refused(client, f"Bearer {token}")
    assert "exp" in jwt.decode(answer.json()["data"]["access_token"], options={"verify_signature": False})


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "changethis"),
        ("SECRET_KEY", "changethis-changethis-changethis-changethis"),
        ("SECRET_KEY", "secret"),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "k" * 31),
        ("POSTGRES_PASSWORD", "changethis"),
        ("POSTGRES_PASSWORD", "postgres"),
        ("POSTGRES_PASSWORD", ""),
        ("POSTGRES_PASSWORD", "short"),
        ("REDIS_PASSWORD", "changeme"),
    ],
)
def test_fault_28_placeholder_secrets_are_refused_and_named(environment: str, name: str, value: str) -> None:
    good: dict[str, Any] = {
        "ENVIRONMENT": environment,
        "SECRET_KEY": "k3" * 20,
        "POSTGRES_PASSWORD": "9f0c5c4e6a0e",
        "REDIS_PASSWORD": "1b2c3d4e5f60",
    }
    assert Settings(_env_file=None, **good)
    with pytest.raises(ValidationError) as caught:
        Settings(_env_file=None, **(good | {name: value}))
    assert name in str(caught.value)
    for other in good.keys() - {name, "ENVIRONMENT"}:
        assert other not in caught.value.errors()[0]["msg"]


def test_fault_28_no_secret_is_committed() -> None:
    tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    names = [Path(name) for name in tracked.stdout.splitlines()]
    assert names
    assert [
        name for name in names if name.name == ".env" or name.parts[0] == ".data" or name.suffix in {".pem", ".key"}
    ] == []
    example = ROOT / ".env.example"
    for line in example.read_text("utf-8").splitlines() if example.exists() else ():
        name, _, value = line.partition("=")
        if name.strip().endswith(("SECRET_KEY", "PASSWORD", "ACCESS_KEY", "DSN")):
            assert value.strip() in {"", "changethis"}, name
