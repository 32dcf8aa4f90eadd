"""The routes as the OpenAPI has them, so that none is forgotten, and a good request to each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from app.main import create_app
from tests.core.small_app import plain_settings
from tests.hostile.customers import Customer

NOWHERE = "0193a5c0-0000-7000-8000-000000000000"
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/auth/login": {"device_id": "device-of-a-good-request"},
    "POST /api/v1/auth/email/code": {"email": "somebody@example.com"},
    "POST /api/v1/auth/email/verify": {
        "email": "somebody@example.com",
        "code": "123456",
        "device_id": "device-of-a-good-request",
    },
    "PUT /api/v1/user/profile": {"nickname": "小雨"},
    "POST /api/v1/utils/test-email": {"email": "somebody@example.com"},
    "POST /api/v1/emoji/detect": {"photo_id": NOWHERE},
    "POST /api/v1/emoji/create": {"photo_id": NOWHERE, "driven_id": "wink", "caption": "嗯", "engine": "fake"},
}
"""A body that keeps to the contract for each route that takes JSON."""


@dataclass(frozen=True)
class Route:
    """One operation."""

    method: str
    path: str
    wants_token: bool
    parameters: tuple[tuple[str, str], ...]
    """Place and name."""
    takes: tuple[str, ...]
    """Content types of its body."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def body(self) -> dict[str, Any]:
        return BODIES[str(self)]

    @property
    def takes_json(self) -> bool:
        return "application/json" in self.takes

    def address(self, customer: Customer, **ids: str) -> str:
        return self.path.format(**{"task_id": customer.task_id, "key": f"photos/{customer.photo_id}.jpg"} | ids)


@cache
def routes() -> tuple[Route, ...]:
    """All of them."""
    found = []
    for path, operations in create_app(plain_settings()).openapi()["paths"].items():
        for method, operation in operations.items():
            security = operation.get("security", [])
            found.append(
                Route(
                    method.upper(),
                    path,
                    bool(security) and {} not in security,
                    tuple((each["in"], each["name"]) for each in operation.get("parameters", [])),
                    tuple(operation.get("requestBody", {}).get("content", {})),
                )
            )
    return tuple(found)


def json_routes() -> tuple[Route, ...]:
    """Those that take JSON."""
    return tuple(route for route in routes() if route.takes_json)


def dumped(content: object) -> bytes:
    """JSON in which halves of surrogates may stand."""
    return json.dumps(content, ensure_ascii=True).encode()


def assert_refused(answer: httpx.Response, *statuses: int) -> None:
    """An envelope with one of these statuses, that tells nothing of our insides."""
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:300]}"
    body = answer.json()
    assert set(body) == {"code", "message", "data"}
    assert body["code"] // 1000 == answer.status_code
    assert body["message"]
    for inside in ("Traceback", "asyncpg", "sqlalchemy", "pydantic", "site-packages", "Error("):
        assert inside not in answer.text
