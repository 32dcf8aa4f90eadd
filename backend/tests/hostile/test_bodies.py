"""JSON of every wrong shape, and numbers beyond all measure, sent to every route that takes such a thing."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.hostile.customers import Customer
from tests.hostile.routes import NOWHERE, Route, assert_refused, dumped, json_routes
from tests.hostile.service import Service

JSON = "application/json"
DEEP = 20_000
BODIES: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "nothing": (b"", (400, 422)),
    "half": (b'{"device_id": "device-of-a-', (400,)),
    "something behind the end": (b'{} {"a": 1}', (400,)),
    "no UTF-8": (b'{"email": "\xff\xfe"}', (400,)),
    "binary": (bytes(range(256)), (400,)),
    "single quotes": (b"{'email': 'a@example.com'}", (400,)),
    "a comment": (b"// hello\n{}", (400,)),
    "nested lists": (b"[" * DEEP + b"]" * DEEP, (400, 422)),
    "nested objects": (b'{"a":' * 9_000 + b"1" + b"}" * 9_000, (400, 422)),
    "nested in a field": (b'{"email":' + b"[" * DEEP + b"]" * DEEP + b"}", (400, 422)),
    "a number of 5000 digits": (b'{"email":' + b"9" * 5_000 + b"}", (400, 422)),
    "a list": (b'[{"email": "somebody@example.com"}]', (422,)),
    "a text": (b'"device_id"', (422,)),
    "a number": (b"1", (422,)),
    "null": (b"null", (422,)),
    "true": (b"true", (422,)),
    "NaN": (b"NaN", (400, 422)),
    "no fields": (b"{}", (422,)),
    "keys alone": (b'{"": "", " ": null, "__proto__": {"admin": true}, "constructor": 1}', (422,)),
    "gzip": (gzip.compress(b'{"email": "somebody@example.com"}'), (400,)),
    "more than is taken": (b'{"email": "' + b"x" * 70_000 + b'"}', (413,)),
}
"""Bodies that no route takes."""
VALUES: list[object] = [
    None,
    True,
    0,
    -1,
    10**12,
    10**18,
    10**30,
    -(10**30),
    1.5,
    1e308,
    [],
    ["x"],
    {},
    {"$ne": None},
    {"a": {"b": {}}},
    [[[[]]]],
]
"""What stands where a text should."""
RAW = [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-0", b"9" * 400]


@pytest.mark.parametrize("route", json_routes(), ids=str)
class TestEveryRoute:
    def test_bodies_that_are_none(self, service: Service, owner: Customer, route: Route) -> None:
        before = service.holdings()
        for content, statuses in BODIES.values():
            answer = owner.ask(route.method, route.path, content=content, headers={"Content-Type": JSON})
            assert_refused(answer, *statuses)
        service.assert_holds(before)

    def test_fault_30_values_of_every_wrong_kind(self, service: Service, owner: Customer, route: Route) -> None:
        before = service.holdings()
        optional = {"photo_id", "image_url", "caption", "engine"}
        for field in route.body:
            for content in [*(dumped({**route.body, field: value}) for value in VALUES)] + [
                dumped({**route.body, field: "REPLACED"}).replace(b'"REPLACED"', raw) for raw in RAW
            ]:
                answer = owner.ask(route.method, route.path, content=content, headers={"Content-Type": JSON})
                # Null stands for "not given" where a field need not be, and then the photo is not there.
                missing = (404,) if field in optional and json.loads(content)[field] is None else ()
                assert_refused(answer, 400, 422, *missing)
        service.assert_holds(before)

    def test_other_content_types(self, service: Service, owner: Customer, route: Route) -> None:
        before = service.holdings()
        for content_type in (
            "text/plain",
            "text/html",
            "application/xml",
            "application/x-www-form-urlencoded",
            "application/octet-stream",
            "application/jsonp",
            "json",
            "",
            "application/json, text/html",
            "image/png",
        ):
            answer = owner.ask(
                route.method, route.path, content=dumped(route.body), headers={"Content-Type": content_type}
            )
            assert_refused(answer, 415)
        service.assert_holds(before)

    def test_a_key_twice_counts_as_its_last(self, service: Service, owner: Customer, route: Route) -> None:
        before = service.holdings()
        field = next(iter(route.body))
        good = json.dumps(route.body[field])
        rest = dumped(route.body)[1:-1].replace(f'"{field}": {good}'.encode(), b"")
        twice = b"{" + b",".join(
            part for part in (f'"{field}": {good}, "{field}": 7'.encode(), rest.strip(b", ")) if part
        )
        answer = owner.ask(route.method, route.path, content=twice + b"}", headers={"Content-Type": JSON})
        assert_refused(answer, 422)
        service.assert_holds(before)


@pytest.mark.parametrize("path", ["/api/v1/points/transactions", "/api/v1/emoji/history"])
@pytest.mark.parametrize("name", ["page", "page_size"])
@pytest.mark.parametrize(
    "value",
    ["0", "-1", "10001", f"{10**18}", f"{10**30}", "9" * 5_000, "1e3", "1.5", "NaN", "x", "", "٣", "0x10", "1,2"],
)
def test_fault_30_pages_beyond_all_measure(owner: Customer, path: str, name: str, value: str) -> None:
    assert_refused(owner.ask("GET", path, params={name: value}), 422)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/api/v1/emoji/history", "status=nothing", 422),
        ("/api/v1/emoji/history", "status=", 422),
        ("/api/v1/emoji/history", "status=pending&status=failed", 200),
        ("/api/v1/emoji/history", "type=%27%20OR%201%3D1%20--", 422),
        ("/api/v1/emoji/history", "type=" + "a" * 65, 422),
        ("/api/v1/emoji/history", "page=1&page=2", 200),
        ("/api/v1/emoji/history", "page[]=1&page[$gt]=&%5B%5D=1", 200),
        ("/api/v1/emoji/history", "&&&;=%", 200),
        ("/api/v1/points/transactions", "page=10000&page_size=100", 200),
    ],
)
def test_queries(owner: Customer, path: str, query: str, status: int) -> None:
    answer = owner.ask("GET", f"{path}?{query}")
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é", '"', "a,b"])
def test_idempotency_keys(service: Service, owner: Customer, key: str) -> None:
    before = service.holdings()
    answer = owner.ask(
        "POST",
        "/api/v1/emoji/create",
        json={"photo_id": NOWHERE, "driven_id": "wink"},
        headers={b"Idempotency-Key": key.encode()},
    )
    # What can be a key may be one; the photo is not there.
    assert_refused(answer, *((404,) if key in {'"', "a,b"} else (404, 422)))
    service.assert_holds(before)
