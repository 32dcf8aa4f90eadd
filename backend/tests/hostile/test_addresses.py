"""Where a request says that it goes and where it comes from: hosts, paths, methods, forwarding headers, origins."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from app.core.settings import Settings
from tests.hostile.conftest import service_settings
from tests.hostile.customers import Customer
from tests.hostile.routes import Route, assert_refused, routes
from tests.hostile.service import Service
from tests.hostile.wire import exchange, request

HOSTS = [
    b"evil.example",
    b"",
    b"a/b?c#d",
    b"[::1",
    b"]",
    b"x:99999",
    b"x:abc",
    b"x y",
    b"\"'<script>",
    b"user:password@host",
    b"\xff\xfe",
    b"..",
    b"%00",
    b"[::1]:80:80",
    b"x" * 261,
]


@pytest.mark.parametrize("host", HOSTS)
def test_hosts(service: Service, owner: Customer, host: bytes) -> None:
    """The name that we are called by may stand in links, for the caller alone; it is no reason to fail."""
    bearer = f"Authorization: {owner.headers['Authorization']}"
    for path in (f"/api/v1/emoji/task/{owner.task_id}", "/api/v1/config", "/api/v1/emoji/history", "/", "/nowhere"):
        answer = exchange(service.port, request(f"GET {path}", bearer, host=host))
        assert answer.status == (404 if path == "/nowhere" else 200), answer.raw[:300]


@pytest.mark.parametrize("length", [262, 5_000, 50_000])
def test_a_host_that_is_none(service: Service, owner: Customer, length: int) -> None:
    for path in (f"/api/v1/emoji/task/{owner.task_id}", "/api/v1/config", "/"):
        assert exchange(service.port, request(f"GET {path}", host=b"x" * length)).status == 400


def test_no_host_and_two_hosts(service: Service) -> None:
    assert exchange(service.port, request("GET /api/v1/config", host=None)).status in {200, 400}
    assert exchange(service.port, request("GET /api/v1/config", "Host: other")).status in {200, 400}
    assert exchange(service.port, request("GET http://evil.example/api/v1/config")).status == 200


@pytest.fixture(scope="module")
def public(migrated: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with an address of its own, a page elsewhere that may use it, and few sign-ins."""
    settings = service_settings(
        migrated,
        tmp_path_factory.mktemp("public"),
        PUBLIC_URL="https://emoji.example",
        BACKEND_CORS_ORIGINS=["https://app.example"],
        RATE_SIGN_IN="3/minute",
    )
    with Service(settings) as started:
        yield started


@pytest.mark.parametrize(
    "header", ["Host: evil.example", "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example;proto=ftp"]
)
def test_links_begin_with_the_public_address(public: Service, header: str) -> None:
    host = None if header.startswith("Host") else b"localhost"
    answer = exchange(public.port, request("GET /api/v1/config", header, "X-Forwarded-Proto: ftp", host=host))
    assert b"evil.example" not in answer.raw
    assert b"ftp" not in answer.raw
    urls = [style["preview_url"] for style in json.loads(answer.body)["data"]["styles"]]
    assert any(urls)
    assert all(url is None or url.startswith("https://emoji.example/") for url in urls)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/emoji/history/",
        "/api/v1/emoji/history//",
        "//api/v1/emoji/history",
        "/api//v1/emoji/history",
        "/api/v1/emoji/../emoji/history",
        "/api/v1/emoji/./history",
        "/api/v1/emoji/history;x=1",
        "/API/v1/emoji/history",
        "/api/v1/emoji/history%20",
        "/api/v1/emoji%5chistory",
        "//evil.example/%2e%2e/api/v1/emoji/history/",
        "/api/v1/emoji/task/",
        "/api/v1/media",
        "/assets/x/../../../../etc/passwd",
        "/assets/x/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/x/..%2f..%2f..%2fapp/main.py",
        "/static/js/main.js",
        "/.env",
        "/.git/config",
        "/app/main.py",
        "/metrics",
        "/api/v1/metrics",
        "/openapi.json",
        "*",
    ],
)
def test_addresses_that_lead_nowhere(service: Service, owner: Customer, path: str) -> None:
    """No redirect either: it would take the token along to whatever host the caller named."""
    bearer = f"Authorization: {owner.headers['Authorization']}"
    answer = exchange(service.port, request(f"GET {path}", bearer, host=b"evil.example"))
    assert answer.status == 404, answer.raw[:300]
    assert "location" not in answer.headers
    assert json.loads(answer.body)["code"] == 404001


@pytest.mark.parametrize(
    "path", ["/api/v1/emoji/history%0a", "/api/v1/emoji/upload%0a", "/%7f", "/a%00b", "/%e2%80%ae"]
)
def test_addresses_with_what_cannot_be_seen(service: Service, owner: Customer, path: str) -> None:
    """The framework's patterns overlook a line feed at the end, and with it what is asked of uploads."""
    for method in ("GET", "POST"):
        assert_refused(owner.ask(method, path), 400)


@pytest.mark.parametrize(
    "key",
    [
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "photos%2f..%2fphotos%2fx.jpg",
        "photos/{id}.jpg%00.png",
        "photos/{id}.jpg/",
        "photos//{id}.jpg",
        "photos%5c{id}.jpg",
        "/photos/{id}.jpg",
        "PHOTOS/{id}.jpg",
        "photos/{id}.JPG",
        "photos/{id}",
        "incoming/{id}",
        "probe/{id}",
        "",
    ],
)
def test_files_by_no_other_name(owner: Customer, key: str) -> None:
    query = owner.image_url.partition("?")[2]
    answer = owner.ask("GET", f"/api/v1/media/{key.replace('{id}', owner.photo_id)}?{query}")
    assert_refused(answer, 400, 403, 404)


def test_a_percent_sign_more_is_the_same_file(owner: Customer) -> None:
    """What is decoded is what is signed, however it was written."""
    answer = owner.client.get(owner.image_url.replace("photos", "%70hotos"))
    assert answer.status_code in {200, 403}


@pytest.mark.parametrize("length", [9_000, 70_000, 1_000_000])
def test_addresses_without_end(service: Service, length: int) -> None:
    for start in ("/", "/api/v1/emoji/task/", "/api/v1/config?x=", "/api/v1/media/photos/"):
        answer = exchange(service.port, request(f"GET {start}{'x' * length}"))
        assert 400 <= answer.status < 500 or (answer.status == 0 and length > 60_000), answer.raw[:200]


@pytest.mark.parametrize("route", routes(), ids=str)
def test_every_address_says_which_methods_it_has(service: Service, owner: Customer, route: Route) -> None:
    before = service.holdings()
    documented = {each.method for each in routes() if each.path == route.path}
    for method in ("OPTIONS", "TRACE", "PATCH"):
        answer = owner.ask(method, route.address(owner))
        assert_refused(answer, 405)
        allowed = {name.strip() for name in answer.headers["allow"].split(",")}
        assert documented <= allowed <= documented | {"HEAD"}
    head = owner.ask("HEAD", route.address(owner), params={"expires": "x"})
    # Files and the health check know HEAD; the rest says that it does not.
    assert head.status_code == {"/api/v1/media/{key}": 403, "/api/v1/utils/health-check/": 200}.get(route.path, 405)
    assert head.content == b""
    service.assert_holds(before)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "QUERY", "LOCK"])
def test_other_methods(service: Service, owner: Customer, method: str) -> None:
    before = service.holdings()
    addresses = {
        "/api/v1/user/profile": "GET, PUT",
        "/api/v1/emoji/create": "POST",
        f"/api/v1/emoji/task/{owner.task_id}": "GET, DELETE",
        "/": "GET, HEAD",
    }
    for path, allowed in addresses.items():
        answer = owner.ask(method, path)
        if (method, path) != ("HEAD", "/"):
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    service.assert_holds(before)


def test_no_header_makes_another_method(service: Service, owner: Customer) -> None:
    before = service.holdings()
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"):
        answer = owner.ask(
            "GET", f"/api/v1/emoji/task/{owner.task_id}", headers={name: "DELETE"}, params={name: "DELETE"}
        )
        assert answer.status_code == 200
        assert_refused(owner.ask("POST", "/api/v1/user/profile", headers={name: "DELETE"}), 405)
    service.assert_holds(before)


@pytest.mark.parametrize(
    "headers",
    [
        (
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==",
            "Sec-WebSocket-Version: 13",
        ),
        ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQ"),
        ("Upgrade: nonsense", "Connection: Upgrade"),
    ],
)
def test_nothing_is_upgraded(service: Service, headers: tuple[str, ...]) -> None:
    raw = request("GET /api/v1/config", *headers).replace(b"Connection: close\r\n", b"", 1)
    answer = exchange(service.port, raw, seconds=0.5)
    assert answer.status in {200, 400, 403, 426}


@pytest.mark.parametrize(
    "raw",
    [
        request("POST /api/v1/auth/login", "Content-Length: 4", "Transfer-Encoding: chunked")
        + b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
        request("POST /api/v1/auth/login", "Transfer-Encoding: chunked", "Transfer-Encoding: identity") + b"0\r\n\r\n",
        request("POST /api/v1/auth/login", "Transfer-Encoding: xchunked") + b"0\r\n\r\n",
        request("POST /api/v1/auth/login", "Content-Length: +5") + b"{}xxx",
        request("POST /api/v1/auth/login", "Content-Length : 5") + b"{}xxx",
        request("POST /api/v1/auth/login", "Content-Length: 5, 5") + b"{}xxx",
        request("GET /api/v1/config", b"X: a\x00b"),
        request("GET /api/v1/config", b"X: a\nContent-Length: 5"),
        request("GET /api/v1/config", b": x"),
        request("GET /api/v1/con\x00fig"),
        request("get /api/v1/config"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n" * 100 + b"GET",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
    ids=lambda raw: repr(raw[-30:]),
)
def test_what_is_no_http_is_not_understood(service: Service, raw: bytes) -> None:
    answer = exchange(service.port, raw, seconds=0.5)
    assert answer.status in {0, 400}
    assert answer.raw.count(b"HTTP/1.1 ") <= 1


def test_fault_29_no_header_makes_another_caller(public: Service) -> None:
    """No proxy is trusted here, so all of these are the same caller, whose sign-ins are limited."""
    names = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "Via")
    statuses = []
    with public.client() as client:
        for number in range(10):
            headers = dict.fromkeys(names, f"203.0.113.{number}")
            answer = client.post("/auth/login", json={"device_id": f"device-of-many-{number:08}"}, headers=headers)
            statuses.append(answer.status_code)
            if answer.status_code == 429:
                assert_refused(answer, 429)
                assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert statuses == [200] * 3 + [429] * 7


class TestOrigins:
    """CORS: pages of the origins that the settings name may read answers, refusals too; others may not."""

    OURS, OTHERS = (
        "https://app.example",
        ("https://evil.example", "https://app.example.evil.example", "null", "http://app.example"),
    )

    def test_the_one_that_may(self, public: Service) -> None:
        with public.client(headers={"Origin": self.OURS}) as client:
            answers = [
                client.get("/config"),
                client.get("/user/profile"),
                client.get("/nowhere"),
                client.patch("/user/profile"),
                client.post("/auth/login", content=b"x" * 100_000, headers={"Content-Type": "application/json"}),
                client.post("/emoji/upload"),
                client.get("/media/photos/x.jpg"),
            ]
        assert [answer.status_code for answer in answers] == [200, 401, 404, 405, 413, 401, 403]
        for answer in answers:
            assert answer.headers["access-control-allow-origin"] == self.OURS
            assert "access-control-allow-credentials" not in answer.headers
            assert "origin" in answer.headers["vary"].lower()
            exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
            assert {"etag", "retry-after", "x-request-id"} <= exposed

    def test_may_ask_first(self, public: Service) -> None:
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,idempotency-key",
        }
        with public.client() as client:
            answer = client.options("/emoji/create", headers={"Origin": self.OURS, **asked})
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == self.OURS
            assert "POST" in answer.headers["access-control-allow-methods"]
            for origin in self.OTHERS:
                refused = client.options("/emoji/create", headers={"Origin": origin, **asked})
                assert refused.status_code == 400
                assert "access-control-allow-origin" not in refused.headers

    def test_others(self, public: Service) -> None:
        with public.client() as client:
            for origin in self.OTHERS:
                answer = client.get("/config", headers={"Origin": origin})
                assert answer.status_code == 200
                assert "access-control-allow-origin" not in answer.headers

    def test_none_when_none_is_named(self, service: Service) -> None:
        with service.client(headers={"Origin": self.OURS}) as client:
            for answer in (
                client.get("/config"),
                client.options("/config", headers={"Access-Control-Request-Method": "GET"}),
            ):
                assert not [name for name in answer.headers if name.startswith("access-control-")]
