"""Fault 30: NUL, halves of surrogates and other odd text in every field of every route."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from tests.hostile.customers import Customer
from tests.hostile.routes import BODIES, Route, assert_refused, dumped, json_routes, routes
from tests.hostile.service import Service

UNSTORABLE = ["\0", "a\0b", "\ud800", "\udfff\ud800 x"]
"""What no column can hold: refused wherever it stands."""
ODD = [
    "",
    " ",
    "\U0010ffff\ufffe",
    "\u202egpj.exe\u2066",
    "'; DROP TABLE users; --",
    "{{7*7}}${jndi:ldap://127.0.0.1/x}{0}{__class__}%s%n",
    "%00%0d%0a../../etc/passwd",
    "a\r\nSet-Cookie: x=y\r\n\r\n<script>",
    "9" * 400,
    "x" * 60_000,
    "🐱" * 4_000,
    "é" * 2_000 + "\u0301" * 2_000,
]
JSON = {"Content-Type": "application/json"}


def test_every_route_with_json_is_in_the_table() -> None:
    assert {str(route) for route in json_routes()} == set(BODIES)


@pytest.mark.parametrize("route", json_routes(), ids=str)
def test_fault_30_in_every_field_of_a_body(service: Service, owner: Customer, route: Route) -> None:
    fields = {*route.body, *({"image_url"} if "photo_id" in route.body else ())}
    before = service.holdings()
    for field in fields:
        rest = {name: value for name, value in route.body.items() if (name, field) != ("photo_id", "image_url")}
        for value in UNSTORABLE:
            for body in ({**rest, field: value}, {**rest, value: "x", field: value}):
                content = dumped(body)
                answer = owner.ask(route.method, route.path, content=content, headers=JSON)
                assert_refused(answer, 400, 422)
        # As raw bytes: UTF-8 cannot have them, JSON must not.
        for raw in (b'"\x00"', b'"\xed\xa0\x80"', b'"\xff"', b'"a\nb"'):
            content = dumped({**rest, field: "REPLACED"}).replace(b'"REPLACED"', raw)
            assert_refused(owner.ask(route.method, route.path, content=content, headers=JSON), 400, 422)
    service.assert_holds(before)
    for field in fields:
        for value in ODD:
            content = dumped({**route.body, field: value})
            answer = owner.ask(route.method, route.path, content=content, headers=JSON)
            assert answer.status_code < 500, answer.text
            assert set(answer.json()) == {"code", "message", "data"}


@pytest.mark.parametrize("route", [each for each in routes() if each.parameters], ids=str)
def test_fault_30_in_every_parameter(service: Service, owner: Customer, route: Route) -> None:
    before = service.holdings()
    for place, name in route.parameters:
        for value in [*UNSTORABLE, *ODD]:
            encoded = quote(value.encode("utf-8", "surrogatepass"), safe="")
            if place == "header":
                # As bytes where a header can have them at all.
                header = re.sub(rb"[\x00-\x1f\x7f]", b"", value.encode("utf-8", "surrogatepass"))[:8_000].strip()
                address, headers = route.address(owner), {name.encode(): header}
            elif place == "path":
                address, headers = route.path.replace(f"{{{name}}}", encoded[:50_000] or "%20"), {}
            else:
                address, headers = f"{route.address(owner)}?{name}={encoded[:7_000]}&{name}={encoded[:1_000]}", {}
            answer = owner.ask(route.method, address, headers=headers)
            assert answer.status_code < 500, f"{name}={value!r}: {answer.text}"
            if place == "path" or (value in UNSTORABLE and name in {"page", "page_size", "status", "type"}):
                assert_refused(answer, 400, 403, 404, 422)
    if route.method == "GET":
        service.assert_holds(before)


@pytest.mark.parametrize(
    "name",
    [
        *("accept", "accept-language", "authorization", "content-encoding", "content-type", "cookie", "origin"),
        *("if-modified-since", "if-none-match", "if-range", "range", "referer", "user-agent", "x-forwarded-for"),
        "x-request-id",
    ],
)
def test_fault_30_in_headers_of_every_kind(owner: Customer, name: str) -> None:
    link = owner.image_url
    for value in [b"\xff\xfe\x80", b"\xed\xa0\x80", b'"' * 4_000, b"bytes=" + b"9" * 400, b"q=" + b"," * 8_000, b"*"]:
        for address in (link, "/user/profile", "/config", f"/emoji/task/{owner.task_id}"):
            answer = owner.client.get(address, headers={name.encode(): value})
            assert answer.status_code < 500, answer.text
            assert "\n" not in str(answer.headers.get("x-request-id"))


def test_fault_30_names_to_save_under(owner: Customer) -> None:
    """They end in a header, and in a folder of the caller's."""
    for value in [*UNSTORABLE, *ODD, '"; filename="x.exe', "../../.bashrc", "C:\\con", "x.html", "\u202efdp.exe"]:
        encoded = quote(value.encode("utf-8", "surrogatepass")[:1_500], safe="")
        answer = owner.client.get(f"{owner.image_url}&download={encoded}")
        assert answer.status_code == 200, answer.text
        disposition = answer.headers["content-disposition"]
        plain, extended = re.fullmatch(
            r"attachment; filename=\"([^\"]*)\"; filename\*=UTF-8''([A-Za-z0-9%._~-]*)", disposition
        ).groups()  # type: ignore[union-attr]
        for saved in (plain, extended):
            assert saved.endswith(".jpg")
            assert not {"/", "\\", "%00", "%2F", "%5C", "%0D", "%0A", "%E2%80%AE"} & set(re.findall(r"%..|.", saved))
            assert len(saved) < 1_100
