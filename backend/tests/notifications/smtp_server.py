"""An SMTP server for the tests: it speaks the protocol over a real socket, keeps what arrives, and fails on demand."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import email.policy
import ssl
from collections import defaultdict, deque
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

DROP = "drop the connection"
SILENCE = "say nothing"


@dataclass
class Received:
    """A mail as it came over the wire."""

    sender: str
    recipients: list[str]
    data: bytes
    user: str | None
    encrypted: bool

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.data, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        content: str = part.get_content()
        return content.replace("\r\n", "\n")


class SmtpServer:
    """``script`` holds, by verb (or GREETING, BODY), the answers to give instead of the usual ones, in order."""

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, tls_from_start: bool = False, login: tuple[str, str] | None = None
    ) -> None:
        self.tls = tls
        self.tls_from_start = tls_from_start
        self.login = login
        self.script: dict[str, deque[str]] = defaultdict(deque)
        self.mails: list[Received] = []
        self.greetings: list[str] = []
        self.connections = 0
        self._arrived = asyncio.Event()
        self._open: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> SmtpServer:
        context = self.tls if self.tls_from_start else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def wait_for_mail(self, count: int = 1, timeout: float = 15) -> Received:
        """The mail number ``count``, as soon as it is there."""
        async with asyncio.timeout(timeout):
            while len(self.mails) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.mails[count - 1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await _Dialogue(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.transport.abort()

    def keep(self, mail: Received) -> None:
        self.mails.append(mail)
        self._arrived.set()


@dataclass
class _Dialogue:
    server: SmtpServer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    user: str | None = None
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    encrypted: bool = False

    async def run(self) -> None:
        self.encrypted = self.server.tls_from_start
        await self.answer("GREETING", "220 test.invalid ESMTP")
        while line := await self.reader.readline():
            text = line.decode("ascii").rstrip("\r\n")
            verb, _, rest = text.partition(" ")
            verb = verb.upper()
            handle = getattr(self, f"do_{verb.lower()}", None)
            if handle is None:
                await self.answer(verb, "502 5.5.2 unknown command")
            elif await handle(rest) is False:
                return

    async def answer(self, verb: str, usual: str) -> bool:
        """Say the usual, or what the script wants; True when it was the usual."""
        scripted = self.server.script[verb]
        reply = scripted.popleft() if scripted else usual
        if reply == DROP:
            raise ConnectionResetError
        if reply == SILENCE:
            await asyncio.sleep(3600)
        self.writer.write(reply.encode() + b"\r\n")
        await self.writer.drain()
        return reply is usual

    async def do_ehlo(self, name: str) -> None:
        self.server.greetings.append(name)
        offers = ["test.invalid", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self.server.tls is not None and not self.encrypted:
            offers.append("STARTTLS")
        if self.server.login is not None:
            offers.append("AUTH PLAIN LOGIN")
        await self.answer("EHLO", "\r\n".join(f"250-{offer}" for offer in offers[:-1]) + f"\r\n250 {offers[-1]}")

    async def do_starttls(self, _: str) -> bool | None:
        if self.server.tls is None:
            await self.answer("STARTTLS", "454 4.7.0 not here")
            return None
        if await self.answer("STARTTLS", "220 2.0.0 go ahead"):
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                await self.writer.start_tls(self.server.tls)
                self.encrypted = True
                return None
            return False
        return None

    async def do_auth(self, rest: str) -> None:
        method, _, initial = rest.partition(" ")
        if method.upper() == "PLAIN":
            _, user, password = base64.b64decode(initial).decode().split("\0")
        else:
            if not initial:
                await self.answer("AUTH-USER", "334 VXNlcm5hbWU6")
                initial = (await self.reader.readline()).decode()
            user = base64.b64decode(initial).decode()
            await self.answer("AUTH-PASSWORD", "334 UGFzc3dvcmQ6")
            password = base64.b64decode(await self.reader.readline()).decode()
        if (user, password) != self.server.login:
            await self.answer("AUTH", f"535 5.7.8 wrong password for {user}")
        elif await self.answer("AUTH", "235 2.7.0 welcome"):
            self.user = user

    async def do_mail(self, rest: str) -> None:
        if self.server.login is not None and self.user is None:
            await self.answer("MAIL", "530 5.7.0 log in first")
        elif await self.answer("MAIL", "250 2.1.0 ok"):
            self.sender, self.recipients = _address(rest), []

    async def do_rcpt(self, rest: str) -> None:
        if await self.answer("RCPT", "250 2.1.5 ok"):
            self.recipients.append(_address(rest))

    async def do_data(self, _: str) -> None:
        if not await self.answer("DATA", "354 go ahead"):
            return
        raw = await self.reader.readuntil(b"\r\n.\r\n")
        data = raw[:-3].replace(b"\r\n..", b"\r\n.")
        mail = Received(self.sender, self.recipients, data, self.user, self.encrypted)
        if await self.answer("BODY", "250 2.0.0 taken"):
            self.server.keep(mail)

    async def do_rset(self, _: str) -> None:
        await self.answer("RSET", "250 2.0.0 ok")

    async def do_quit(self, _: str) -> bool:
        await self.answer("QUIT", "221 2.0.0 bye")
        return False


def _address(rest: str) -> str:
    return rest[rest.index("<") + 1 : rest.index(">")]
