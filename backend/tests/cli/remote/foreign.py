"""Servers that are not what the client is looking for, each on a real socket."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

# A key that protects nothing: it belongs to the certificate below, which nobody but these tests trusts.
_KEY: Final = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMlZnZ2oq3zYNlX+G
1pgtfvgCESyMPMRZ5lZsniq4VjShRANCAASUKnP71pDTWg1r4RaZm4JpvndkwaUo
vBZuEhgR8keR/hPXuNcee4vVpOKm5LWQkcrs7Cmb93mjiElFKbTZRtZG
-----END PRIVATE KEY-----
"""
_CERTIFICATE: Final = """-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUdjK6aRvzbDXY6wYRysQQWlwpRgcwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDE0MzIyOVoYDzIxMjYxMDMx
MTQzMjI5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASUKnP71pDTWg1r4RaZm4JpvndkwaUovBZuEhgR8keR/hPXuNcee4vV
pOKm5LWQkcrs7Cmb93mjiElFKbTZRtZGo28wbTAdBgNVHQ4EFgQUfH3IpPB2zTJt
jFK/Ce8TbALxA8gwHwYDVR0jBBgwFoAUfH3IpPB2zTJtjFK/Ce8TbALxA8gwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAJoLD4q3AUlty4W5jT9vYoFvbsH83vACWo+vyvUKa7C5AiBX
RMId1CRWP0hOyABpCUJwCZmxK1WgugPmFTUMSGwsWA==
-----END CERTIFICATE-----
"""


def http(status: str, body: str = "", *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    head = "".join(f"{header}\r\n" for header in (f"Content-Length: {len(body)}", "Connection: close", *headers))
    return f"HTTP/1.1 {status}\r\n{head}\r\n{body}".encode()


@asynccontextmanager
async def answering(answer: bytes, *, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Answer every connection with the same bytes, once it has said something; gives the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(65536)
            writer.write(answer)
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A context with a certificate for localhost that nobody trusts, and the file of it for who wants to."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    key.write_text(_KEY)
    certificate.write_text(_CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
