"""Signs in to a PostgreSQL as the program would, without its driver, which is not installed yet."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import ssl
import struct
from typing import TYPE_CHECKING, Final

from app.ops.init.refusal import Refused, connected, receive

if TYPE_CHECKING:
    import socket

_TLS_REQUEST: Final = struct.pack("!II", 8, 80877103)
_VERSION: Final = 3 << 16
_LONGEST: Final = 1_000_000
_REASONS: Final = {"28P01": "password", "3D000": "database", "28000": "hba"}
_MOST_ROUNDS: Final = 1_000_000


def try_postgres(host: str, port: int, user: str, password: str, database: str) -> None:
    """Raise ``Refused`` unless the server lets this user into this database."""
    with connected("PostgreSQL", host, port) as plain:
        plain.sendall(_TLS_REQUEST)
        answer = receive(plain, 1)
        if answer == b"S":
            # As the driver does: encrypted where the server can, whoever has signed its certificate.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(plain, server_hostname=host) as encrypted:
                _sign_in(encrypted, user, password, database, {"host": host, "port": port})
        elif answer == b"N":
            _sign_in(plain, user, password, database, {"host": host, "port": port})
        else:
            raise ValueError


def _sign_in(connection: socket.socket, user: str, password: str, database: str, where: dict[str, object]) -> None:
    words = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database))
    connection.sendall(struct.pack("!II", len(words) + 9, _VERSION) + words + b"\0")
    scram = _Scram(password)
    while True:
        kind, length = struct.unpack("!cI", receive(connection, 5))
        if not 4 <= length < _LONGEST:
            raise ValueError
        body = receive(connection, length - 4)
        if kind == b"Z":
            connection.sendall(b"X" + struct.pack("!I", 4))
            return
        if kind == b"E":
            fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}
            raise Refused(_REASONS.get(fields.get(b"C", ""), "said"), detail=fields.get(b"M", "?"), **where)
        if kind == b"R":
            reply = _reply(struct.unpack("!I", body[:4])[0], body[4:], user, password, scram)
            if reply is not None:
                connection.sendall(b"p" + struct.pack("!I", len(reply) + 4) + reply)


def _reply(wanted: int, content: bytes, user: str, password: str, scram: _Scram) -> bytes | None:
    match wanted:
        case 0 | 12:  # signed in, or the server's own proof, which the driver checks when it matters
            return None
        case 3:
            return password.encode() + b"\0"
        case 5:
            inner = hashlib.md5(password.encode() + user.encode()).hexdigest().encode()
            return b"md5" + hashlib.md5(inner + content[:4]).hexdigest().encode() + b"\0"
        case 10:
            if b"SCRAM-SHA-256" not in content.split(b"\0"):
                raise ValueError
            first = scram.first()
            return b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first
        case 11:
            return scram.last(content.decode())
        case _:
            raise ValueError


class _Scram:
    """The client's half of RFC 5802, for one sign-in."""

    def __init__(self, password: str) -> None:
        self._password = password.encode()
        self._begin = f"n=,r={secrets.token_urlsafe(18)}"

    def first(self) -> bytes:
        return f"n,,{self._begin}".encode()

    def last(self, challenge: str) -> bytes:
        told = dict(part.split("=", 1) for part in challenge.split(","))
        rounds = int(told["i"]) if "i" in told else 0
        if not 0 < rounds <= _MOST_ROUNDS or "r" not in told or "s" not in told:
            raise ValueError
        salted = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(told["s"]), rounds)
        key = hmac.digest(salted, b"Client Key", "sha256")
        end = f"c=biws,r={told['r']}"
        signed = f"{self._begin},{challenge},{end}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        return f"{end},p={base64.b64encode(proof).decode()}".encode()
