"""The process in the background: ``python -m app.ops.services.supervisor ROOT``, which ``services up`` starts.

It says what happens on stdout, which is ``services.log``; if it is killed, its servers end with it.
"""

from __future__ import annotations

import dataclasses
import io
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.ops.embedded import PostgresServer, RedisServer, ServerFailed, load_secrets
from app.ops.embedded.processes import identity
from app.ops.services.places import Plan, ServicePlaces, read_plan
from app.ops.services.texts import text
from app.ops.up.child import how_it_ended
from app.ops.up.configuration import DATABASE
from app.ops.up.deaths import Deaths
from app.ops.up.failure import BROKEN, USAGE, Interrupted, UpFailure
from app.ops.up.guard import start_guard
from app.ops.up.log_file import shorten
from app.ops.up.servers import TITLES, told
from app.ops.up.signals import Signals
from app.ops.up.state import Process, RunFolder, end_leftovers, new_state

if TYPE_CHECKING:
    import subprocess

    from app.ops.embedded.server import EmbeddedServer

_LOOK_AT_LOGS: Final = 60.0
_LATER: Final = 15.0
"""Nobody watches a background process, so it never gives up: this is between two tries when all else has failed."""


class Supervisor:
    """Holds the two servers; ``run`` returns the exit code."""

    def __init__(self, places: ServicePlaces, plan: Plan) -> None:
        self._places = places
        self._plan = plan
        self._run = RunFolder(places.run)
        self._signals = Signals()
        self._deaths = Deaths()
        self._servers: list[EmbeddedServer] = []
        self._state = new_state("")
        self._guard: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Start both, start again what dies, stop them when the end is asked for."""
        if not self._run.acquire():
            _say(text("supervisor.already"))
            return USAGE
        code = 0
        with self._signals:
            try:
                self._start()
                self._watch()
            except Interrupted:
                pass
            except UpFailure as failure:
                _say("\n".join([failure.sentence, *failure.lines]))
                code = failure.exit_code
            finally:
                self._signals.stopping()
                self._stop()
        return code

    def _start(self) -> None:
        leftover = self._run.read()
        if leftover is not None and (names := end_leftovers(leftover, self._signals.pause)):
            _say(text("supervisor.left", names=", ".join(names)))
        # People's photos lie here. Only Linux has a way for root's servers to work behind a closed door.
        self._places.data.chmod(0o700 if sys.platform == "linux" or os.geteuid() else 0o711)
        secrets = load_secrets(self._places.secrets)
        self._note()
        self._guard = start_guard(self._places.run)
        postgres = PostgresServer(
            self._places.data / "postgres",
            password=secrets.postgres_superuser_password,
            port=self._plan.postgres_port,
            log=self._places.logs / "postgres.log",
            pause=self._signals.pause,
            doors=self._plan.doors,
        )
        redis = RedisServer(
            self._places.data / "redis",
            password=secrets.redis_password,
            port=self._plan.redis_port,
            log=self._places.logs / "redis.log",
            pause=self._signals.pause,
            doors=self._plan.doors,
        )
        for server in (postgres, redis):
            # First in the list is first to stop: what is in PostgreSQL is the truth, so it is the last.
            self._servers.insert(0, server)
            with told(server):
                server.start()
                if server is postgres:
                    postgres.create_database(DATABASE, DATABASE, secrets.postgres_password)
        self._note()
        _say(text("supervisor.up", addresses=", ".join(self._plan.doors.listening)))

    def _watch(self) -> None:
        look_at_logs = time.monotonic()
        while True:
            for server in reversed(self._servers):
                if server.exit_code is not None:
                    self._start_again(server)
            if time.monotonic() > look_at_logs:
                look_at_logs = time.monotonic() + _LOOK_AT_LOGS
                for log in (*(server.log for server in self._servers), self._places.logs / "services.log"):
                    shorten(log)
            if self._guard is not None and self._guard.poll() is not None:
                self._guard = start_guard(self._places.run)
            self._signals.pause(1.0)

    def _start_again(self, server: EmbeddedServer) -> None:
        name = TITLES[server.name]
        wait = self._deaths.count(server.name) or _LATER
        _say("\n".join([text("supervisor.died", name=name, how=how_it_ended(server.exit_code), seconds=wait)]))
        _say("\n".join(server.last_lines(8)))
        self._signals.sleep(wait)
        try:
            server.start()
        except ServerFailed as failed:  # its next turn comes with the next round
            _say(str(failed))
            return
        self._note()
        _say(text("supervisor.again", name=name))

    def _stop(self) -> None:
        for server in self._servers:
            server.stop()
        # The state goes before the guard hears of the end, and the lock only when nobody is left.
        self._run.forget()
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()
        _say(text("supervisor.down"))
        self._run.release()

    def _note(self) -> None:
        """Write down who runs, for other terminals and for the guard."""
        processes = [
            Process(server.name, pid, identity(pid) or "", int(server.stop_signal), server.port)
            for server in self._servers
            if (pid := server.pid) is not None
        ]
        self._state = dataclasses.replace(self._state, processes=processes)
        self._run.write(self._state)


def _say(sentence: str) -> None:
    if sentence:
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {sentence}", flush=True)


def main(root: Path) -> int:
    """Watch over the servers of the project in ``root``, as its plan says."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the terminal may go
    places = ServicePlaces(root)
    plan = read_plan(places.plan)
    if plan is None:
        return BROKEN
    return Supervisor(places, plan).run()


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main(Path(sys.argv[1])))
