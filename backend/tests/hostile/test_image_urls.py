"""Fault 27: ``image_url`` takes nothing but this service's own, unexpired link to the caller's own photo; and nothing
that a caller names is ever fetched."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from app.core.security import Keyring
from app.media.links import LinkSigner
from tests.core.small_app import plain_settings
from tests.hostile.customers import Customer
from tests.hostile.routes import NOWHERE, assert_refused
from tests.hostile.service import Service

ROUTES = {"/api/v1/emoji/create": {"driven_id": "wink"}, "/api/v1/emoji/detect": {}}


@contextmanager
def bait() -> Iterator[socket.socket]:
    """A server that nobody should call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        yield server
        with pytest.raises(TimeoutError):
            server.accept()


def elsewhere(port: int) -> list[str]:
    """Addresses that lead somewhere, in every disguise."""
    home = f"127.0.0.1:{port}"
    return [
        f"http://{home}/photo.jpg",
        f"https://{home}/photo.jpg",
        f"//{home}/photo.jpg",
        f"http:{home}/photo.jpg",
        f"http:///{home}/photo.jpg",
        f"http://localhost:{port}/",
        f"http://0x7f000001:{port}/",
        f"http://2130706433:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://user:password@{home}/",
        f"http://example.com@{home}/",
        f"http://{home}#@example.com/",
        f"gopher://{home}/_GET",
        f"ftp://{home}/x.jpg",
        f"dict://{home}/",
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://100.100.100.200/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "/etc/passwd",
        "../../../etc/passwd",
        "data:image/png;base64,iVBORw0KGgo=",
        "javascript:alert(1)",
        "jar:http://example.com!/x",
        "s3://bucket/key",
        "blob:null/0",
        "http://",
        "http:",
        ":",
        "?",
        "#",
        " ",
        "http://[::1",
        "http://example.com:99999999/",
        "http://xn--" + "a" * 400,
    ]


def test_fault_27_nothing_elsewhere_is_taken_or_fetched(service: Service, owner: Customer) -> None:
    before = service.holdings()
    with bait() as server:
        for url in elsewhere(server.getsockname()[1]):
            for path, rest in ROUTES.items():
                assert_refused(owner.ask("POST", path, json={"image_url": url, **rest}), 400)
    service.assert_holds(before)


def test_fault_27_no_link_of_ours_that_was_touched(service: Service, owner: Customer) -> None:
    url = owner.image_url
    base, _, path = url.partition("/api/")
    address, _, query = url.partition("?")
    expires, _, signature = query.removeprefix("expires=").partition("&signature=")
    with bait() as server:
        port = server.getsockname()[1]
        touched = [
            url.replace(base, f"http://127.0.0.1:{port}"),
            url.replace(base, f"{base}@127.0.0.1:{port}"),
            url.replace(base, f"http://127.0.0.1:{port}#{base}"),
            url.replace(base, f"{base}.example.com"),
            url.replace(base, f"{base}:80"),
            url.replace("http://", "https://"),
            url.replace("http://", "http://user@"),
            f"{base}/../api/{path}",
            f"{base}//api/{path}",
            f"{base}\\api/{path}",
            f"{base}/api/v1/user/profile",
            f"{base}/api/v1/media/incoming/{owner.photo_id}?{query}",
            f"{base}/api/v1/media/photos/{NOWHERE}.jpg?{query}",
            f"{base}/api/v1/media/photos/../photos/{owner.photo_id}.jpg?{query}",
            f"{address.upper()}?{query}",
            f"{address}%20?{query}",
            f"{address}?{query}&x=1",
            f"{address}?{query}#x",
            f"{address}?{query} ",
            f" {url}",
            f"{url}\t",
            f"{address}?signature={signature}&expires={expires}",
            f"{address}?expires={int(expires) + 1}&signature={signature}",
            f"{address}?expires={expires}&signature={'A' * 43}",
            f"{address}?expires={expires}&signature={signature[:-1]}",
            f"{address}?expires={expires}",
            address,
            url.replace("photos", "%70hotos"),
            url.replace(".jpg", ".png"),
            url.replace("/", "／"),
        ]
        before = service.holdings()
        for each in touched:
            assert each != url
            for route, rest in ROUTES.items():
                assert_refused(owner.ask("POST", route, json={"image_url": each, **rest}), 400)
        service.assert_holds(before)


def test_fault_27_no_link_that_is_over_or_of_another_service(service: Service, owner: Customer) -> None:
    settings = service.settings
    key = f"photos/{owner.photo_id}.jpg"
    ours = LinkSigner(Keyring(settings), timedelta(hours=1))
    theirs = LinkSigner(Keyring(plain_settings(SECRET_KEY="another-secret-key-of-another-service")), timedelta(hours=1))
    links = [
        ours.sign(key, now=time.time() - 3 * 3600),
        theirs.sign(key),
        ours.sign(f"results/{owner.task_id}/{NOWHERE}/sticker.gif"),
    ]
    before = service.holdings()
    for link in links:
        for url in (link, service.url + link):
            for path, rest in ROUTES.items():
                assert_refused(owner.ask("POST", path, json={"image_url": url, **rest}), 400)
    service.assert_holds(before)
    for url in (ours.sign(key), service.url + ours.sign(key)):
        assert owner.ask("POST", "/api/v1/emoji/detect", json={"image_url": url}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "169.254.169.254", "evil.example:80", "[::1]:80"])
def test_fault_27_another_host_header_makes_no_other_host_ours(service: Service, owner: Customer, host: str) -> None:
    """Who lies about the host lies to himself: the link is taken by its signature, and only the file here is read."""
    with bait():
        url = owner.image_url.replace(service.url, f"http://{host}")
        answer = owner.ask("POST", "/api/v1/emoji/detect", json={"image_url": url}, headers={"Host": host})
        assert answer.status_code in {200, 400}
        if answer.status_code == 200:
            assert answer.json()["data"]["photo_id"] == owner.photo_id
    forged = f"http://{host}/api/v1/media/photos/{owner.photo_id}.jpg?expires=9999999999&signature={'A' * 43}"
    answer = owner.ask("POST", "/api/v1/emoji/detect", json={"image_url": forged}, headers={"Host": host})
    assert_refused(answer, 400)


def test_fault_27_boxes_and_templates_of_the_callers_own(service: Service, owner: Customer) -> None:
    """Boxes from the client change nothing; a template that does not exist costs nothing."""
    before = service.holdings()
    for driven_id in ("nothing_like_it", "../wink", "wink.yaml", "WINK", "wink\n", "x" * 65):
        body = {"photo_id": owner.photo_id, "driven_id": driven_id}
        assert_refused(owner.ask("POST", "/api/v1/emoji/create", json=body), 422)
    service.assert_holds(before)
    boxes = {"face_bbox": [0, 0, 1, 1], "ext_bbox": [0, 0, 10**9, 10**9], "passed": True}
    answer = owner.ask("POST", "/api/v1/emoji/detect", json={"photo_id": owner.photo_id, **boxes})
    assert answer.json()["data"]["face_bbox"] == [10, 10, 400, 400]
