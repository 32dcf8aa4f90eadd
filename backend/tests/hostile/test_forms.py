"""Forms that are none, or more than one thing: names, parts, headers of parts, boundaries."""

from __future__ import annotations

import time

import pytest

from tests.hostile.customers import Customer
from tests.hostile.routes import assert_refused
from tests.hostile.service import Service
from tests.media.photos import jpeg

ROUTES = ("/api/v1/emoji/upload", "/api/v1/emoji/detect")
B = b"boundary"
GOOD_PART = b'Content-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg'


def form(*parts: tuple[bytes, bytes], boundary: bytes = B, end: bytes = b"--\r\n") -> bytes:
    """Parts of a head and a content, as they stand on the wire."""
    pieces = [b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for head, content in parts]
    return b"".join(pieces) + b"--" + boundary + end


def named(disposition: bytes) -> bytes:
    return form((b"Content-Disposition: form-data; " + disposition + b"\r\nContent-Type: image/jpeg", jpeg()))


NAMES: dict[str, bytes] = {
    "a path": b'name="file"; filename="../../../../etc/cron.d/x"',
    "a path of Windows": b'name="file"; filename="C:\\\\windows\\\\system32\\\\x.jpg"',
    "NUL": b'name="file"; filename="a.jpg\x00.html"',
    "turned around": 'name="file"; filename="\u202egpj.exe"'.encode(),
    "four thousand characters": b'name="file"; filename="' + b"x" * 4_000 + b'.jpg"',
    "quotes": b'name="file"; filename="a\\".jpg"',
    "no quotes": b"name=file; filename=a.jpg",
    "no name": b'name="file"; filename=""',
    "a name in two ways": b'name="file"; filename="a.jpg"; filename*=UTF-8\'\'..%2f..%2fb.html',
    "no UTF-8": b'name="file"; filename="\xff\xfe\xed\xa0\x80.jpg"',
    "script": b'name="file"; filename="<img src=x onerror=alert(1)>.svg"',
    "shell": b'name="file"; filename="$(reboot);`id`|x.jpg"',
    "another type": b'name="file"; filename="a.html"\r\nContent-Type: text/html; charset=x',
    "a part's own length": b'name="file"; filename="a.jpg"\r\nContent-Length: 99999999',
    "base64": b'name="file"; filename="a.jpg"\r\nContent-Transfer-Encoding: base64',
}
"""Good photos under odd names: the name means nothing."""


@pytest.mark.parametrize("name", NAMES)
def test_fault_24_names_mean_nothing(service: Service, owner: Customer, name: str) -> None:
    before = {path for path, _ in service.holdings()["files"]}
    headers = {"Content-Type": f"multipart/form-data; boundary={B.decode()}"}
    answer = owner.ask("POST", ROUTES[0], content=named(NAMES[name]), headers=headers)
    assert answer.status_code == 200, answer.text
    for _ in range(100):  # until the worker has put the upload itself away
        added = {path for path, _ in service.holdings()["files"]} - before
        if len(added) == 1:
            break
        time.sleep(0.02)
    assert added == {str(service.settings.MEDIA_ROOT / "photos" / f"{answer.json()['data']['photo_id']}.jpg")}


BAD: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "nothing": (b"", (400, 422)),
    "no parts": (form(), (400, 422)),
    "text": (b"I am a photo", (400,)),
    "JSON": (b'{"photo_id": "x"}', (400,)),
    "a field instead of a file": (form((b'Content-Disposition: form-data; name="file"', jpeg())), (400, 422)),
    "a small field": (form((b'Content-Disposition: form-data; name="file"', b"x")), (422,)),
    "a file of another name": (form((GOOD_PART.replace(b'"file"', b'"photo"'), jpeg())), (422,)),
    "a name that only looks so": (form((GOOD_PART.replace(b'"file"', b'"file "'), jpeg())), (422,)),
    "a list": (form((GOOD_PART.replace(b'"file"', b'"file[]"'), jpeg())), (422,)),
    "no name": (form((b'Content-Disposition: form-data; filename="a.jpg"', jpeg())), (400,)),
    "no disposition": (form((b"Content-Type: image/jpeg", jpeg())), (400,)),
    "no head": (b"--" + B + b"\r\n" + jpeg() + b"\r\n--" + B + b"--\r\n", (400,)),
    "two files": (form((GOOD_PART, jpeg()), (GOOD_PART, jpeg())), (400,)),
    "two files of two names": (form((GOOD_PART, jpeg()), (GOOD_PART.replace(b'"file"', b'"x"'), jpeg())), (400,)),
    "a file and a field of its name": (
        form((GOOD_PART, jpeg()), (b'Content-Disposition: form-data; name="file"', b"x")),
        (422,),
    ),
    "a hundred fields": (form(*[(b'Content-Disposition: form-data; name="x"', b"x")] * 100), (400,)),
    "an endless head": (form((GOOD_PART + b"\r\nX: " + b"x" * 2**20, jpeg())), (400,)),
    "an endless name of a head": (form((GOOD_PART + b"\r\n" + b"x" * 2**20 + b": x", jpeg())), (400,)),
    "a thousand heads": (form((GOOD_PART + b"\r\nX: x" * 1_000, jpeg())), (400,)),
    "a head of bytes": (form((GOOD_PART + b"\r\n\x00\xff: \x00", jpeg())), (400,)),
    "another boundary": (form((GOOD_PART, jpeg()), boundary=b"other"), (400,)),
    "an empty file": (form((GOOD_PART, b"")), (422,)),
    "a form in the form": (form((GOOD_PART, form((GOOD_PART, jpeg()), boundary=b"inner"))), (422,)),
    "a field of a megabyte": (
        form((b'Content-Disposition: form-data; name="x"', b"x" * 2**20), (GOOD_PART, jpeg())),
        (400,),
    ),
    "bare line feeds": (form((GOOD_PART, jpeg())).replace(b"\r\n", b"\n"), (400, 422)),
    "more than ten megabytes": (form((GOOD_PART, jpeg() + bytes(10 * 2**20))), (413,)),
    "more than eleven megabytes": (form((GOOD_PART, jpeg() + bytes(12 * 2**20))), (413,)),
}
"""Bodies from which no photo comes."""


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("path", ROUTES)
def test_fault_25_what_is_no_form_of_ours_is_refused(service: Service, owner: Customer, path: str, name: str) -> None:
    body, statuses = BAD[name]
    before = service.holdings()
    headers = {"Content-Type": f"multipart/form-data; boundary={B.decode()}"}
    started = time.monotonic()
    assert_refused(owner.ask("POST", path, content=body, headers=headers), *statuses)
    assert time.monotonic() - started < 5
    service.assert_holds(before)


@pytest.mark.parametrize(
    ("content_type", "statuses"),
    [
        (b"multipart/form-data", (400,)),
        (b"multipart/form-data; boundary=", (400, 422)),
        (b'multipart/form-data; boundary=""', (400, 422)),
        (b"multipart/form-data; boundary=" + b"x" * 10_000, (400,)),
        (b"multipart/form-data; boundary=\xff\xfe", (400,)),
        (b"multipart/form-data; boundary=other; boundary=boundary", (400, 200)),
        (b"multipart/form-data; charset=nonsense; boundary=boundary", (200,)),
        (b"multipart/form-data; charset=utf-16; boundary=boundary", (422, 400)),
        (b"multipart/form-data; charset=idna; boundary=boundary", (200, 400, 422)),
        (b"multipart/form-data; charset=rot13; boundary=boundary", (200, 400, 422)),
        (b"multipart/form-data; charset=zlib_codec; boundary=boundary", (200, 400, 422)),
        (b"multipart/form-data; boundary*=utf-8''boundary", (200, 400)),
        (b"multipart/form-data, boundary=boundary", (400, 415)),
        (b"Multipart/Form-Data; Boundary=boundary", (200,)),
        (b"multipart/mixed; boundary=boundary", (415,)),
        (b"application/x-www-form-urlencoded", (415,)),
        (b"image/jpeg", (415,)),
        (b"text/html", (415,)),
        (b"", (415,)),
    ],
)
def test_content_types(service: Service, owner: Customer, content_type: bytes, statuses: tuple[int, ...]) -> None:
    before = service.holdings()
    answer = owner.ask("POST", ROUTES[0], content=form((GOOD_PART, jpeg())), headers={b"Content-Type": content_type})
    assert answer.status_code in statuses, answer.text
    if answer.status_code != 200:
        assert_refused(answer, *statuses)
        service.assert_holds(before)


def test_a_boundary_in_the_photo_ends_it(owner: Customer) -> None:
    """The rest is no part of it: a broken picture is all that comes of that."""
    photo = jpeg()
    content = photo[:2_000] + b"\r\n--" + B + b"--\r\n" + photo[2_000:]
    headers = {"Content-Type": f"multipart/form-data; boundary={B.decode()}"}
    answer = owner.ask("POST", ROUTES[0], content=form((GOOD_PART, content)), headers=headers)
    assert answer.status_code < 500


# The form's parser forgets to close the file of a part that never ends; it is gone with the parser all the same.
@pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning")
def test_a_form_without_its_end(owner: Customer) -> None:
    for end in (b"", b"-", b"--", b"\r\n", b"--\r\n\r\nand more", b"--" + b"\0" * 1_000):
        headers = {"Content-Type": f"multipart/form-data; boundary={B.decode()}"}
        answer = owner.ask("POST", ROUTES[0], content=form((GOOD_PART, jpeg()), end=end), headers=headers)
        assert answer.status_code in {200, 400, 422}, answer.text


@pytest.mark.parametrize("piece", [b"\r", b"\r\n", b"\r\n-", b"\r\n--", b"\r\n--boundar", b"-"])
def test_what_looks_like_a_boundary_costs_no_time(owner: Customer, piece: bytes) -> None:
    content = jpeg() + piece * (2**20 // len(piece))
    headers = {"Content-Type": f"multipart/form-data; boundary={B.decode()}"}
    started = time.monotonic()
    answer = owner.ask("POST", ROUTES[0], content=form((GOOD_PART, content)), headers=headers)
    assert answer.status_code == 200
    assert time.monotonic() - started < 3
