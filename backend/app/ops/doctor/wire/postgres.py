"""Connects to PostgreSQL the way a driver does, and says how far that went. Standard library only, no other module."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import socket
import struct
import time
from typing import Any

_PROTOCOL = 196608
_SSL_REQUEST = 80877103
_LONGEST = 1 << 20


class _Ended(Exception):
    """The other side closed the connection, or is no PostgreSQL."""


class _Refused(Exception):
    """PostgreSQL answered with an error."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.state = state
        self.message = message


def probe(host: str, port: int, *, user: str, password: str, database: str, limit: float = 4.0) -> dict[str, Any]:
    """``{"state": …}``: ok, name, refused, timeout, unreachable, other, pg_hba, password, database, role, busy, failed.

    With it come ``message``, ``address`` (ours, as the server sees it, where pg_hba refuses), ``version`` and
    ``listen``.
    """
    until = time.monotonic() + limit
    try:
        where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return {"state": "name", "message": str(error)}
    found: dict[str, Any] = {"state": "unreachable", "message": ""}
    for family, kind, number, _, address in where:
        with socket.socket(family, kind, number) as connection:
            found = _tried(connection, address, until, (user, password, database))
        if found["state"] not in {"refused", "unreachable", "timeout"}:
            break
    return found


def _tried(connection: socket.socket, address: Any, until: float, login: tuple[str, str, str]) -> dict[str, Any]:
    if failed := _connected(connection, address, until):
        return failed
    talk = _Talk(connection, until)
    try:
        return talk.sign_in(*login)
    except _Refused as refusal:
        return _meaning(refusal)
    except TimeoutError:
        return {"state": "other", "message": "connected, but no answer"}
    except (_Ended, OSError, ValueError, struct.error, IndexError, KeyError) as error:
        return {"state": "other", "message": str(error) or "the connection was closed"}
    finally:
        talk.close()


def _connected(connection: socket.socket, address: Any, until: float) -> dict[str, Any] | None:
    try:
        connection.settimeout(max(0.1, until - time.monotonic()))
        connection.connect(address)
    except ConnectionRefusedError as error:
        return {"state": "refused", "message": str(error)}
    except TimeoutError:
        return {"state": "timeout", "message": "no answer to a connection"}
    except OSError as error:
        return {"state": "unreachable", "message": str(error)}
    return None


def _meaning(refusal: _Refused) -> dict[str, Any]:
    state, message = refusal.state, refusal.message
    kinds = {"28P01": "password", "3D000": "database", "53300": "busy", "57P03": "busy"}
    kind = kinds.get(state, "failed")
    found: dict[str, Any] = {"message": f"{message} ({state})"}
    if state == "28000":
        # Its words may be translated; the address stands in quotes in every language.
        kind = "pg_hba" if "pg_hba.conf" in message else "role"
        address = re.search(r"[\"“«„']([0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*)[\"”»“']", message)
        found["address"] = address[1] if address else ""
    return {"state": kind, **found}


class _Talk:
    """One connection."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self._until = until

    def sign_in(self, user: str, password: str, database: str) -> dict[str, Any]:
        """Everything from the first byte to one small query."""
        self._encrypt_if_offered()
        pairs = ("user", user, "database", database, "application_name", "aipic-doctor")
        words = b"".join(word.encode() + b"\0" for word in pairs)
        self._send(b"", struct.pack(">I", _PROTOCOL) + words + b"\0")
        facts = self._authenticate(user, password)
        self._send(b"Q", b"SHOW listen_addresses\0")
        while True:
            kind, body = self._receive()
            if kind == b"D":
                length = struct.unpack(">i", body[2:6])[0]
                facts["listen"] = body[6 : 6 + max(0, length)].decode("utf-8", "replace")
            elif kind == b"Z":
                self._send(b"X", b"")
                return {"state": "ok", "message": "", **facts}

    def close(self) -> None:
        """Encryption has put another socket in the place of the first."""
        self._connection.close()

    def _encrypt_if_offered(self) -> None:
        # A server may refuse what is not encrypted; whose certificate it is does not matter to the question asked.
        self._connection.sendall(struct.pack(">II", 8, _SSL_REQUEST))
        self._arm()
        answer = self._connection.recv(1)
        if answer == b"S":
            import ssl  # noqa: PLC0415 - rarely needed

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._connection = context.wrap_socket(self._connection)
        elif answer == b"E":
            raise _Ended("it did not understand the first message")
        elif answer != b"N":
            raise _Ended("what answers there is not PostgreSQL")

    def _authenticate(self, user: str, password: str) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        scram: _Scram | None = None
        while True:
            kind, body = self._receive()
            if kind == b"S":
                name, _, value = body.rstrip(b"\0").partition(b"\0")
                if name == b"server_version":
                    facts["version"] = value.decode("utf-8", "replace")
            elif kind == b"Z":
                return facts
            elif kind == b"R":
                step = struct.unpack(">I", body[:4])[0]
                if step == 3:
                    self._send(b"p", password.encode() + b"\0")
                elif step == 5:
                    inner = hashlib.md5(password.encode() + user.encode(), usedforsecurity=False).hexdigest().encode()
                    outer = hashlib.md5(inner + body[4:8], usedforsecurity=False).hexdigest()
                    self._send(b"p", b"md5" + outer.encode() + b"\0")
                elif step == 10:
                    scram = _Scram(password)
                    first = scram.first()
                    self._send(b"p", b"SCRAM-SHA-256\0" + struct.pack(">I", len(first)) + first)
                elif step == 11 and scram is not None:
                    self._send(b"p", scram.final(body[4:]))
                elif step not in {0, 12}:
                    raise _Ended(f"it wants a way to sign in that is not known here ({step})")

    def _send(self, kind: bytes, body: bytes) -> None:
        self._connection.sendall(kind + struct.pack(">I", len(body) + 4) + body)

    def _receive(self) -> tuple[bytes, bytes]:
        head = self._exactly(5)
        length = struct.unpack(">I", head[1:])[0] - 4
        if not 0 <= length <= _LONGEST:
            raise _Ended("what answers there is not PostgreSQL")
        body = self._exactly(length)
        if head[:1] == b"E":
            fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}
            raise _Refused(fields.get(b"C", ""), fields.get(b"M", ""))
        return head[:1], body

    def _exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            self._arm()
            more = self._connection.recv(count - len(got))
            if not more:
                raise _Ended("the connection was closed")
            got += more
        return got

    def _arm(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)


class _Scram:
    """SCRAM-SHA-256, RFC 5802 and 7677."""

    def __init__(self, password: str) -> None:
        self._password = password.encode()
        self._nonce = base64.b64encode(os.urandom(18)).decode()
        self._bare = f"n=,r={self._nonce}"

    def first(self) -> bytes:
        """What the client begins with."""
        return f"n,,{self._bare}".encode()

    def final(self, challenge: bytes) -> bytes:
        """The proof that we know the password."""
        text = challenge.decode()
        parts = {piece[0]: piece[2:] for piece in text.split(",")}
        if not parts["r"].startswith(self._nonce):
            raise ValueError("a wrong nonce")
        salted = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(parts["s"]), int(parts["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = f"c=biws,r={parts['r']}"
        signed = ",".join((self._bare, text, without_proof)).encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(left ^ right for left, right in zip(key, signature, strict=True))
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()
