"""Who may what: other people's ids, ids that are none, and tokens that are not ours, on every route that has such."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from app.core.security import Keyring
from tests.hostile.customers import Customer
from tests.hostile.routes import BODIES, NOWHERE, Route, assert_refused, routes
from tests.hostile.service import Service
from tests.media.photos import jpeg

WITH_TASK = [route for route in routes() if "{task_id}" in route.path]
WITH_TOKEN = [route for route in routes() if route.wants_token]
NO_IDS = [
    "1",
    "0",
    "-1",
    f"{10**30}",
    "null",
    "undefined",
    "..",
    "%2e%2e",
    "*",
    "' OR '1'='1",
    NOWHERE + "0",
    NOWHERE[:-1],
    f"{NOWHERE},{NOWHERE}",
    "x" * 4_000,
    "ｆ" * 36,
]


def test_every_other_route_wants_no_token_on_purpose() -> None:
    """Whoever adds a route decides; a link to a file carries its own right."""
    assert {str(route) for route in routes() if not route.wants_token} == {
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/email/code",
        "POST /api/v1/auth/email/verify",
        "GET /api/v1/media/{key}",
        "GET /api/v1/config",
        "GET /api/v1/utils/health-check/",
        "GET /api/v1/utils/ready",
    }


@pytest.mark.parametrize("route", WITH_TASK, ids=str)
def test_tasks_of_others_are_not_there(service: Service, owner: Customer, stranger: Customer, route: Route) -> None:
    before = service.holdings()
    answers = [stranger.ask(route.method, route.address(owner, task_id=each)) for each in (owner.task_id, NOWHERE)]
    for answer in answers:
        assert_refused(answer, 404)
    # No word tells whether somebody has it.
    assert answers[0].content == answers[1].content
    service.assert_holds(before)


@pytest.mark.parametrize("name", ["photo_id", "image_url"])
def test_photos_of_others_are_not_there(service: Service, owner: Customer, stranger: Customer, name: str) -> None:
    before = service.holdings()
    theirs = {"photo_id": owner.photo_id, "image_url": owner.image_url}[name]
    for path, rest in (("/api/v1/emoji/create", {"driven_id": "wink"}), ("/api/v1/emoji/detect", {})):
        assert_refused(stranger.ask("POST", path, json={name: theirs, **rest}), 404)
    service.assert_holds(before)


def test_tasks_of_others_are_in_no_list(owner: Customer, stranger: Customer) -> None:
    for path in ("/api/v1/emoji/history", "/api/v1/points/transactions"):
        page = stranger.ask("GET", path, params={"page_size": 100}).text
        for secret in (owner.task_id, owner.photo_id, str(owner.account.user_id)):
            assert secret not in page


@pytest.mark.parametrize("route", WITH_TASK, ids=str)
def test_ids_that_are_none(service: Service, owner: Customer, route: Route) -> None:
    before = service.holdings()
    for task_id in NO_IDS:
        assert_refused(owner.ask(route.method, route.address(owner, task_id=task_id)), 404, 405, 422)
    service.assert_holds(before)


@pytest.mark.parametrize("form", ["{}", "{{{}}}", "urn:uuid:{}", "upper", "plain"])
def test_an_id_written_otherwise_is_still_that_id(owner: Customer, stranger: Customer, form: str) -> None:
    forms = {"upper": owner.task_id.upper(), "plain": owner.task_id.replace("-", "")}
    written = forms.get(form) or form.format(owner.task_id)
    answer = owner.ask("GET", f"/api/v1/emoji/task/{written}")
    assert answer.status_code in {200, 422}
    if answer.status_code == 200:
        assert answer.json()["data"]["id"] == owner.task_id
    assert_refused(stranger.ask("GET", f"/api/v1/emoji/task/{written}"), 404, 422)


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def forged(keyring: Keyring, user_id: str, gone: str) -> dict[str, str]:
    """Tokens that name an account and that this service did not give out, or not any more."""
    now = datetime.now(UTC)
    seconds = int(now.timestamp())
    claims = {"sub": user_id, "iat": now, "exp": now + timedelta(days=1), "aud": "ai-pic"}
    plain = {**claims, "iat": seconds, "exp": seconds + 86_400}
    key = keyring.key("access-token")
    good = jwt.encode(claims, key, "HS256")
    head, body, signature = good.split(".")
    return {
        "no token": "x",
        "alg none": f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(plain)}.",
        "alg None": f"{part({'alg': 'None'})}.{part(plain)}.{signature}",
        "no alg": f"{part({'typ': 'JWT'})}.{part(plain)}.{signature}",
        "a list of algs": f"{part({'alg': ['HS256', 'none']})}.{part(plain)}.{signature}",
        "RS256 by name": f"{part({'alg': 'RS256'})}.{part(plain)}.{signature}",
        "HS512 with our key": jwt.encode(claims, key * 2, "HS512"),
        "another key": jwt.encode(claims, b"k" * 32, "HS256"),
        "no key": jwt.encode(claims, b"\0" * 32, "HS256"),
        "a key of ours for something else": jwt.encode(claims, keyring.key("media-link"), "HS256"),
        "a key that it brings along": jwt.encode(
            claims, b"k" * 32, "HS256", headers={"jwk": {"kty": "oct", "k": "a2s"}}
        ),
        "a key in a file": jwt.encode(claims, b"\0" * 32, "HS256", headers={"kid": "../../../../dev/null"}),
        "a key elsewhere": jwt.encode(claims, b"k" * 32, "HS256", headers={"jku": "http://127.0.0.1:1/keys"}),
        "no signature": f"{head}.{body}.",
        "half a signature": f"{head}.{body}.{signature[:20]}",
        "another body": f"{head}.{part({**plain, 'exp': seconds + 90_000})}.{signature}",
        "expired": jwt.encode({**claims, "exp": now - timedelta(seconds=1)}, key, "HS256"),
        "without end": jwt.encode({name: claims[name] for name in ("sub", "iat", "aud")}, key, "HS256"),
        "for somebody else": jwt.encode({**claims, "aud": "another-service"}, key, "HS256"),
        "from the future": jwt.encode({**claims, "nbf": now + timedelta(hours=1)}, key, "HS256"),
        "of nobody": jwt.encode({**claims, "sub": NOWHERE}, key, "HS256"),
        "of no id": jwt.encode({**claims, "sub": "' OR 1=1 --"}, key, "HS256"),
        "of a deleted account": gone,
        "encrypted": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA",
        "endless": "a." * 4_000,
    }


@pytest.fixture(scope="module")
def forgeries(service: Service, owner: Customer) -> dict[str, str]:
    with Customer(service, "device-of-somebody-gone") as leaver:
        gone = leaver.headers["Authorization"].removeprefix("Bearer ")
        assert leaver.ask("DELETE", "/api/v1/user").status_code == 200
    return forged(service.app.state.keyring, str(owner.account.user_id), gone)


@pytest.mark.parametrize("route", WITH_TOKEN, ids=str)
def test_fault_28_tokens_that_are_not_ours(
    service: Service, owner: Customer, forgeries: dict[str, str], route: Route
) -> None:
    before = service.holdings()
    schemes = [f"Bearer {token}" for token in forgeries.values()]
    good = owner.headers["Authorization"].removeprefix("Bearer ")
    schemes += ["", "Bearer", f"Basic {good}", f"Token {good}", good, f"Bearer {good} x", f"Bearer {good}.x"]
    request: dict[str, Any] = {"json": BODIES[str(route)]} if str(route) in BODIES else {}
    if not route.takes_json and route.takes:
        request = {"files": {"file": ("a.jpg", jpeg(), "image/jpeg")}}
    with service.client() as client:
        for authorization in [None, *schemes]:
            headers = {} if authorization is None else {"Authorization": authorization}
            answer = client.request(route.method, f"{service.url}{route.address(owner)}", headers=headers, **request)
            assert_refused(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
    service.assert_holds(before)


def test_a_token_in_other_places_counts_for_nothing(service: Service, owner: Customer) -> None:
    token = owner.headers["Authorization"].removeprefix("Bearer ")
    with service.client(cookies={"access_token": token, "Authorization": f"Bearer {token}"}) as client:
        for query in (f"access_token={token}", f"token={token}", f"Authorization=Bearer%20{token}"):
            assert_refused(client.get(f"/user/profile?{query}"), 401)
        assert_refused(client.get("/user/profile", headers={"X-Authorization": f"Bearer {token}"}), 401)
