"""A small object store that speaks S3 over a real socket and checks every signature.

It knows what the service uses: put, get with ranges, head, delete, list by prefix, uploads in parts, presigned links;
by path or by virtual host. Anything unsigned or signed wrongly is answered with 403, as the real ones do.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

ACCESS_KEY = "test-access-key"
SECRET = "test-secret-access-key"
REGION = "us-east-1"
BUCKET = "stickers"


@dataclass
class StoredObject:
    content: bytes
    content_type: str
    modified: float = field(default_factory=time.time)

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content).hexdigest()}"'


class FakeS3:
    """The server and what it holds; ``failing`` makes it answer 500, ``requests`` lists methods and paths."""

    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.upload_types: dict[str, str] = {}
        self.failing = False
        self.requests: list[str] = []
        self.refused: list[str] = []
        outer = self

        class Handler(_Handler):
            owner = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def port(self) -> int:
        return self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: FakeS3
    payload = b""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass

    def _serve(self) -> None:
        length = int(self.headers.get("content-length", 0))
        self.payload = self.rfile.read(length)
        if len(self.payload) < length:  # the sender gave up on the way
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.owner.requests.append(f"{self.command} {parts.path}")
        if self.owner.failing:
            self._answer(500, b"<Error><Code>InternalError</Code></Error>")
            return
        if (problem := signature_problem(self, parts.path, parts.query, self.payload)) is not None:
            self.owner.refused.append(problem)
            self._answer(403, f"<Error><Code>SignatureDoesNotMatch</Code>{problem}</Error>".encode())
            return
        name = unquote(parts.path).lstrip("/")
        if not self.headers["host"].startswith(f"{BUCKET}."):
            bucket, _, name = name.partition("/")
            if bucket != BUCKET:
                self._answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
                return
        getattr(self, f"_do_{self.command.lower()}")(name, query)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve  # noqa: N815

    def _do_get(self, name: str, query: dict[str, str]) -> None:
        if "list-type" in query:
            self._list(query.get("prefix", ""))
            return
        found = self.owner.objects.get(name)
        if found is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        span = self.headers.get("range")
        if span is None:
            self._answer(200, found.content, of=found)
            return
        start, _, last = span.removeprefix("bytes=").partition("-")
        first, end = int(start), min(int(last) + 1 if last else len(found.content), len(found.content))
        if first >= len(found.content):
            self._answer(416, b"<Error><Code>InvalidRange</Code></Error>")
            return
        extra = {"Content-Range": f"bytes {first}-{end - 1}/{len(found.content)}"}
        self._answer(206, found.content[first:end], of=found, headers=extra)

    def _do_head(self, name: str, _query: dict[str, str]) -> None:
        found = self.owner.objects.get(name)
        self._answer(200 if found else 404, found.content if found else b"", of=found)

    def _do_put(self, name: str, query: dict[str, str]) -> None:
        if "uploadId" in query:
            if (upload := self.owner.uploads.get(query["uploadId"])) is None:
                self._answer(404, b"<Error><Code>NoSuchUpload</Code></Error>")
                return
            upload[int(query["partNumber"])] = self.payload
            self._answer(200, headers={"ETag": f'"part-{query["partNumber"]}"'})
            return
        stored = StoredObject(self.payload, self.headers.get("content-type", ""))
        self.owner.objects[name] = stored
        self._answer(200, headers={"ETag": stored.etag})

    def _do_post(self, name: str, query: dict[str, str]) -> None:
        if "uploads" in query:
            upload = f"upload-{len(self.owner.uploads)}"
            self.owner.uploads[upload] = {}
            self.owner.upload_types[upload] = self.headers.get("content-type", "")
            inside = f"<Bucket>{BUCKET}</Bucket><Key>{escape(name)}</Key><UploadId>{upload}</UploadId>"
            self._answer(200, f"<InitiateMultipartUploadResult>{inside}</InitiateMultipartUploadResult>".encode())
            return
        parts = self.owner.uploads.pop(query["uploadId"])
        content = b"".join(parts[number] for number in sorted(parts))
        stored = StoredObject(content, self.owner.upload_types.pop(query["uploadId"]))
        self.owner.objects[name] = stored
        body = f"<CompleteMultipartUploadResult><ETag>{escape(stored.etag)}</ETag></CompleteMultipartUploadResult>"
        self._answer(200, body.encode())

    def _do_delete(self, name: str, query: dict[str, str]) -> None:
        if "uploadId" in query:
            self.owner.uploads.pop(query["uploadId"], None)
        else:
            self.owner.objects.pop(name, None)
        self._answer(204)

    def _list(self, prefix: str) -> None:
        def entry(name: str, found: StoredObject) -> str:
            modified = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(found.modified))
            return (
                f"<Contents><Key>{escape(name)}</Key><LastModified>{modified}</LastModified>"
                f"<ETag>{escape(found.etag)}</ETag><Size>{len(found.content)}</Size></Contents>"
            )

        entries = "".join(entry(name, found) for name, found in self.owner.objects.items() if name.startswith(prefix))
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        self._answer(200, body.encode())

    def _answer(
        self, status: int, body: bytes = b"", *, of: StoredObject | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        if of is not None:
            self.send_header("ETag", of.etag)
            self.send_header("Last-Modified", formatdate(of.modified, usegmt=True))
            self.send_header("Content-Type", of.content_type)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def signature_problem(handler: BaseHTTPRequestHandler, path: str, query: str, body: bytes) -> str | None:
    """What is wrong with the signature (version 4) of a request, in its header or in its link; None when it holds."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if "X-Amz-Signature" in given:
        scope = given["X-Amz-Credential"].split("/")
        moment, signature = given["X-Amz-Date"], given["X-Amz-Signature"]
        signed, payload = given["X-Amz-SignedHeaders"].split(";"), "UNSIGNED-PAYLOAD"
        issued = time.mktime(time.strptime(moment, "%Y%m%dT%H%M%SZ")) - time.timezone
        if time.time() > issued + int(given["X-Amz-Expires"]):
            return "expired"
        pairs = [pair for pair in pairs if pair[0] != "X-Amz-Signature"]
    else:
        algorithm, _, rest = handler.headers.get("authorization", "").partition(" ")
        if algorithm != "AWS4-HMAC-SHA256":
            return "unsigned"
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        scope, signature = fields["Credential"].split("/"), fields["Signature"]
        signed, moment = fields["SignedHeaders"].split(";"), handler.headers["x-amz-date"]
        payload = handler.headers["x-amz-content-sha256"]
        if payload != hashlib.sha256(body).hexdigest():
            return "payload"
    if scope[0] != ACCESS_KEY or "host" not in signed:
        return "credential"
    canonical = "\n".join(
        [
            handler.command,
            path,
            "&".join(sorted(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)),
            *(f"{name}:{handler.headers[name].strip()}" for name in signed),
            "",
            ";".join(signed),
            payload,
        ]
    )
    text = f"AWS4-HMAC-SHA256\n{moment}\n{'/'.join(scope[1:])}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    expected = hmac.new(_signing_key(scope[1:]), text.encode(), hashlib.sha256).hexdigest()
    return None if hmac.compare_digest(expected, signature) else "signature"


def _signing_key(scope: Iterable[str]) -> bytes:
    key = f"AWS4{SECRET}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
