"""The way to the service: wrong addresses, servers that are something else, networks that fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.ops.embedded.ports import free_port
from tests.certificates import make_certificate
from tests.cli.remote.conftest import Running, Shell
from tests.cli.remote.foreign import answering, http


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (
            "localhost:8000",
            "begins with http:// or https://, not “localhost:8000”\n  Such as: --server http://localhost",
        ),
        ("ftp://example.com", "not “ftp://example.com”\n  Such as: --server http://example.com"),
        ("/tmp/socket", "Such as: --server http://tmp/socket"),
        ("", "begins with http://"),
        ("http://", "--server is no address"),
        ("http://host:port", "--server is no address"),
        ("http://host:0", "--server is no address"),
        ("http://me:secret@host", "--server is no address"),
        ("http://host/?a=1", "--server is no address"),
        ("http://[::1", "--server is no address"),
    ],
)
async def test_what_is_no_address(aipic: Shell, photo: Path, address: str, words: str) -> None:
    said = await aipic("make", photo, "--server", address)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert len(said.err.splitlines()) == 2
    chinese = await aipic("make", photo, "--server", address, "--lang", "zh")
    assert chinese.err.startswith("--server ")


async def test_nothing_runs_there(aipic: Shell, photo: Path) -> None:
    port = free_port()
    said = await aipic("make", photo, "--server", f"http://localhost:{port}")
    assert said.code == 2
    assert said.err == (
        f"Nothing is running at http://localhost:{port}\n"
        "  On this machine: run ./aipic up in another terminal first. Elsewhere: check address and port.\n"
    )
    assert not aipic.devices.exists()


async def test_a_host_that_nobody_knows(aipic: Shell, photo: Path) -> None:
    said = await aipic("make", photo, "--server", "http://no-such-host.invalid")
    assert said.code == 2
    assert said.err.startswith("There is no host of the name in http://no-such-host.invalid\n")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http("200 OK", "<html>hello</html>"), "is not AI-PIC"),
        (http("404 Not Found", "no such page"), "is not AI-PIC"),
        (http("200 OK", '{"code": 0, "message": "success", "data": {}}'), "is not AI-PIC"),
        (http("200 OK", '{"code": 0}'), "is not AI-PIC"),
        (http("200 OK", "[1, 2]"), "is not AI-PIC"),
        (http("400 Bad Request", "The plain HTTP request was sent to HTTPS port"), "is not AI-PIC"),
        (b"220 mail.example.com ESMTP\r\n\r\n", "is not AI-PIC"),
        (b"", "broke off"),
        (http("301 Moved", "", "Location: https://example.com/api/v1/config"), "leads on to https://example.com\n"),
        (
            http("500 Oh", '{"code": 500001, "message": "Oh no.", "data": null}', "X-Request-ID: abcdefgh"),
            "The service failed: Oh no. (request id abcdefgh)",
        ),
    ],
)
async def test_something_else_runs_there(aipic: Shell, photo: Path, answer: bytes, words: str) -> None:
    async with answering(answer) as port:
        said = await aipic("make", photo, "--server", f"http://localhost:{port}")
    assert said.code == (1 if "failed" in words else 2)
    assert words in said.err
    assert not aipic.devices.exists()


class TestEncryption:
    async def test_a_certificate_that_nobody_trusts(self, aipic: Shell, photo: Path, tmp_path: Path) -> None:
        certificate = make_certificate(tmp_path)
        answer = http("200 OK", "hello")
        async with answering(answer, context=certificate.server) as port:
            said = await aipic("make", photo, "--server", f"https://localhost:{port}")
            assert said.code == 2
            assert said.err.startswith(f"The certificate of https://localhost:{port} is not trusted: self-signed")
            assert "SSL_CERT_FILE" in said.err
            trusting = await aipic(
                "make", photo, "--server", f"https://localhost:{port}", SSL_CERT_FILE=str(certificate.file)
            )
            assert "is not AI-PIC" in trusting.err

    async def test_https_where_there_is_only_http(self, aipic: Shell, photo: Path) -> None:
        async with answering(http("400 Bad Request")) as port:
            said = await aipic("make", photo, "--server", f"https://localhost:{port}")
        assert said.code == 2
        assert said.err == (f"https://localhost:{port} does not speak https\n  Use: --server http://localhost:{port}\n")

    async def test_a_file_of_certificates_that_is_not_there(self, aipic: Shell, photo: Path) -> None:
        said = await aipic("make", photo, "--server", "https://localhost:1", SSL_CERT_FILE="/none.pem")
        assert said.code == 2
        assert said.err.startswith("SSL_CERT_FILE or SSL_CERT_DIR cannot be used")


class TestProxies:
    @pytest.mark.usefixtures("worker")
    async def test_are_not_asked_for_this_machine(self, aipic: Shell, running: Running, photo: Path) -> None:
        proxies = {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9"}
        said = await aipic("make", photo, "--server", running.url, "-t", "wink", "-o", "a.webp", **proxies)
        assert said.code == 0, said.err

    async def test_one_that_is_away(self, aipic: Shell, photo: Path) -> None:
        proxy = f"http://127.0.0.1:{free_port()}"
        said = await aipic("make", photo, "--server", "http://pictures.example", http_proxy=proxy)
        assert said.code == 2
        assert said.err.splitlines()[0].startswith(("Nothing is running at", "The proxy did not lead to"))

    async def test_one_of_an_unknown_kind(self, aipic: Shell, photo: Path) -> None:
        said = await aipic("make", photo, "--server", "http://pictures.example", ALL_PROXY="socks5://127.0.0.1:9")
        assert said.code == 2
        assert said.err.startswith("The proxy that the environment names cannot be used")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--fps", "10", "--size", "128"), "--size, --fps"),
        (("-b", "white"), "--background"),
        (("--face", "2"), "--face"),
    ],
)
async def test_options_of_the_engine_here(aipic: Shell, photo: Path, options: tuple[str, ...], named: str) -> None:
    said = await aipic("make", photo, "--server", "http://localhost:1", *options)
    assert said.code == 2
    assert said.err == f"These options work on this machine only, not with --server: {named}\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.jpg", None, "There is no such file"),
        ("empty.jpg", b"", "This file is empty"),
        (".", None, "cannot be read"),
    ],
)
async def test_the_photo_is_looked_for_first(aipic: Shell, name: str, content: bytes | None, words: str) -> None:
    if content is not None:
        (aipic.folder / name).write_bytes(content)
    said = await aipic("make", name, "--server", "http://localhost:1")
    assert said.code == 2
    assert said.err.startswith(words) or words in said.err
