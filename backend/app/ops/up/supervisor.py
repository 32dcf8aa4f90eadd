"""One ``up`` from its first check to its orderly end."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from app.ops.embedded.ports import LOOPBACK
from app.ops.embedded.processes import identity
from app.ops.embedded.secrets import SecretsUnreadable, load_secrets
from app.ops.up.child import Child, how_it_ended
from app.ops.up.configuration import Configuration, child_environment
from app.ops.up.deaths import Deaths
from app.ops.up.failure import BROKEN, USAGE, Interrupted, UpFailure
from app.ops.up.guard import start_guard
from app.ops.up.log_file import shorten
from app.ops.up.port_owner import first_free, require_free
from app.ops.up.preparation import Preparation
from app.ops.up.readiness import ReadinessWatch
from app.ops.up.servers import TITLES, Servers
from app.ops.up.signals import Signals
from app.ops.up.state import Process, RunFolder, end_leftovers, new_state
from app.ops.up.terminal import Terminal, standard_terminal
from app.ops.up.texts import text

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from app.ops.embedded.server import EmbeddedServer

_BACKEND_GRACE: Final = 10.0
_WORKER_MARGIN: Final = 5.0
_METRICS_PORT: Final = 9100
_SLOW: Final = 60.0
_LOOK_AT_LOGS: Final = 60.0


class _Hurry(Exception):
    """The end was asked for once more."""


class Supervisor:
    """Everything that one ``up`` holds. ``run`` returns the exit code."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._places = configuration.places
        self._run = RunFolder(self._places.run)
        self._url = f"http://{LOOPBACK}:{configuration.backend_port}"
        self._state = new_state(self._url)
        self._signals = Signals()
        self._terminal: Terminal
        self._servers: Servers | None = None
        self._children: list[Child] = []
        self._deaths = Deaths()
        self._guard: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}
        self._begun = time.monotonic()

    def run(self) -> int:
        """Start everything, watch over it until the end is asked for or something gives up, stop everything."""
        self._places.data.mkdir(parents=True, exist_ok=True)
        # People's photos lie here. Only Linux has a way for root's servers to work behind a closed door.
        self._places.data.chmod(0o700 if sys.platform == "linux" or os.geteuid() else 0o711)
        if not self._run.acquire():
            state = self._run.read()
            raise UpFailure("already", exit_code=USAGE, pid=state.pid if state else "?")
        self._terminal = standard_terminal(self._places.logs / "up.log")
        code = 0
        with self._signals:
            try:
                self._start()
                self._watch()
            except Interrupted:
                pass
            except UpFailure as failure:
                code = failure.exit_code
                self._tell(failure.sentence, failure.lines)
            finally:
                self._signals.stopping()
                self._stop()
                self._terminal.close()
        return code

    # --- Starting --------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        configuration = self._configuration
        leftover = self._run.read()
        if leftover is not None and (names := end_leftovers(leftover, self._signals.pause)):
            self._terminal.say(text("leftover", names=", ".join(names)))
        require_free(configuration.backend_port, "BACKEND_PORT")
        more = self._metrics_setting()
        try:
            secrets = load_secrets(self._places.secrets)
        except SecretsUnreadable as error:
            raise UpFailure("secrets", exit_code=USAGE, path=error.path) from error
        self._servers = Servers(configuration, secrets, self._terminal, self._signals.pause)
        self._state = dataclasses.replace(self._state, outside=self._servers.outside)
        self._note()
        self._guard = start_guard(self._places.run)
        self._servers.start(self._note)
        more |= {"BACKEND_PORT": str(configuration.backend_port), **self._servers.environment()}
        self._environment = child_environment(configuration, more)
        preparation = Preparation(self._places, self._servers.postgres)
        if preparation.needed():
            preparation.forget()
            self._prepare("state.migrate", "alembic", "upgrade", "head")
            self._prepare("state.seed", "app.initial_data")
            preparation.succeeded()
        self._terminal.doing(text("state.service"))
        for child in (self._backend(), self._worker()):
            self._children.append(child)
            child.start(self._environment)
            self._note()
        self._await_ready()

    def _metrics_setting(self) -> dict[str, str]:
        wanted = self._configuration.metrics_port
        if wanted is None:  # the usual port is also that of every machine's own exporter
            return {"METRICS_PORT": str(first_free(_METRICS_PORT))}
        if wanted:
            require_free(wanted, "METRICS_PORT")
        return {}

    def _prepare(self, what: str, *module: str) -> None:
        self._terminal.doing(text(what))
        child = self._child("prepare", "-m", *module)
        try:
            child.start(self._environment)
            while child.exit_code is None:
                self._signals.pause(0.5)
            code, lines = child.exit_code, child.last_lines()
        finally:
            child.stop(grace=2.0)
        if code != 0:
            raise UpFailure("prepare_failed", lines=lines, what=text(what), how=how_it_ended(code), log=child.log)

    def _backend(self) -> Child:
        return self._child(
            "backend",
            *("-m", "app.serve", "--host", LOOPBACK, "--port", str(self._configuration.backend_port)),
            *("--workers", str(self._configuration.workers)),
        )

    def _worker(self) -> Child:
        return self._child("worker", "worker/emoji_worker.py")

    def _child(self, name: str, *arguments: str) -> Child:
        return Child(
            name,
            [sys.executable, *arguments],
            cwd=self._places.backend,
            log=self._places.logs / f"{name}.log",
            show=self._terminal.line,
        )

    def _await_ready(self) -> None:
        watch = ReadinessWatch(self._configuration.backend_port)
        slow_after = time.monotonic() + _SLOW
        try:
            while not watch.latest.ready:
                components = watch.latest.describe()
                self._terminal.doing(text("state.ready", components=components))
                if time.monotonic() > slow_after:
                    self._terminal.say(text("slow", seconds=round(_SLOW), components=components))
                    slow_after += _SLOW
                self._look_after()
                self._signals.pause(0.05)
        finally:
            watch.close()
        self._terminal.doing("")
        self._terminal.say("")
        self._terminal.say(text("ready", seconds=time.monotonic() - self._begun), strong=True)
        shown = self._url.replace(LOOPBACK, "localhost")
        for name, path in (("page", "/"), ("docs", "/docs"), ("health", "/api/v1/utils/health-check/")):
            self._terminal.say(f"  {text(f'url.{name}')}  {shown}{path}")
        self._terminal.say("")

    # --- Watching --------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        look_at_logs = time.monotonic()
        while True:
            self._look_after()
            if time.monotonic() > look_at_logs:
                look_at_logs = time.monotonic() + _LOOK_AT_LOGS
                for server in self._embedded():
                    shorten(server.log)
            self._signals.pause(1.0)

    def _look_after(self) -> None:
        """Start again what has died; raises when something dies again and again."""
        assert self._servers is not None
        for server in reversed(self._servers.embedded):
            if server.exit_code is not None:
                self._died(TITLES[server.name], server.exit_code, server.last_lines(8), server.log)
                self._servers.start_one(server)
                self._terminal.doing("")
                self._note()
        for child in self._children:
            if child.exit_code is not None:
                self._died(child.name, child.exit_code, child.last_lines(), child.log)
                child.stop(grace=0.0)  # what it has left in its session would keep its port
                child.start(self._environment)
                self._note()
        if self._guard is not None and self._guard.poll() is not None:
            self._guard = start_guard(self._places.run)

    def _died(self, name: str, code: int, lines: list[str], log: Path) -> None:
        again = self._deaths.count(name)
        sentence = text("ended", name=name, how=how_it_ended(code))
        if again is None:
            self._tell(sentence, lines)
            raise UpFailure("gave_up", exit_code=BROKEN, name=name, count=self._deaths.MOST, log=log)
        self._tell(text("ended.again", sentence=sentence, seconds=again), lines)
        self._signals.sleep(again)

    def _tell(self, sentence: str, lines: list[str]) -> None:
        self._terminal.doing("")
        self._terminal.say(sentence, strong=True)
        if lines:
            self._terminal.say("\n".join(["  " + text("last_lines"), *(f"    {line}" for line in lines)]))

    def _embedded(self) -> list[EmbeddedServer]:
        return self._servers.embedded if self._servers is not None else []

    # --- Stopping --------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        asked = self._signals.requests
        for child in self._children:
            if child.started:
                waits = child.name == "worker"
                seconds = self._configuration.grace
                self._terminal.doing(
                    text("state.grace", seconds=seconds) if waits else text("state.stop", name=child.name)
                )
                grace = seconds + _WORKER_MARGIN if waits else _BACKEND_GRACE
                with contextlib.suppress(_Hurry):
                    child.stop(grace, self._patience(asked))
                child.stop(0.0)
        for server in self._embedded():
            self._terminal.doing(text("state.stop", name=TITLES[server.name]))
            server.stop()
        # The state goes before the guard hears of the end, and the lock only when nobody is left.
        self._run.forget()
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()
        self._run.release()
        self._terminal.doing("")
        self._terminal.say(text("stopped"))

    def _patience(self, asked: int) -> Callable[[float], None]:
        """A pause that ends the patience when the end is asked for once more."""

        def pause(seconds: float) -> None:
            self._signals.pause(seconds)
            if self._signals.requests > asked:
                raise _Hurry

        return pause

    # --- What is noted ---------------------------------------------------------------------------------------------

    def _note(self) -> None:
        """Write down who runs, for other terminals and for the guard."""
        processes = [
            Process(child.name, child.pid, child.identity, int(signal.SIGTERM), self._port_of(child.name))
            for child in self._children
            if child.started
        ]
        processes += [
            Process(server.name, pid, identity(pid) or "", int(server.stop_signal), server.port)
            for server in self._embedded()
            if (pid := server.pid) is not None
        ]
        self._state = dataclasses.replace(self._state, processes=processes)
        self._run.write(self._state)

    def _port_of(self, name: str) -> int | None:
        return self._configuration.backend_port if name == "backend" else None
