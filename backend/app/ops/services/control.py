"""``services up``, ``down`` and ``status``."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from app.ops.embedded.ports import answers
from app.ops.embedded.secrets import SecretsUnreadable, load_secrets
from app.ops.init.creation import ensure_env
from app.ops.init.env_file import read_env, write_env
from app.ops.services.dotenv_lines import HOST, elsewhere, our_lines
from app.ops.services.failure import ServicesFailure
from app.ops.services.places import Plan, ServicePlaces, read_plan, write_plan
from app.ops.services.reach import SETTING, Reach, find_reach, free_port
from app.ops.services.texts import text
from app.ops.up import control
from app.ops.up.failure import BROKEN
from app.ops.up.servers import TITLES
from app.ops.up.state import Process, RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.ops.embedded import Secrets
    from app.ops.init.env_file import EnvFile

_USUAL_PORTS: Final = (5432, 6379)
_START_SECONDS: Final = 90.0


def up(places: ServicePlaces, *, yes: bool) -> int:
    """Start both servers unless they run, and see to it that `.env` leads to them."""
    ensure_env(places.root)
    with _turn(places):
        file = read_env(places.dotenv)
        try:
            secrets = load_secrets(places.secrets)
        except SecretsUnreadable as error:
            raise ServicesFailure("secrets", path=error.path) from error
        _agree(elsewhere(file, secrets), yes=yes)
        reach = find_reach(os.environ.get(SETTING) or file[SETTING])
        plan = _running(places, reach) or _start(places, reach, file, secrets)
        _tell(places, plan, reach)
        _write_lines(places, plan, secrets)
    return 0


def down(places: ServicePlaces) -> int:
    """Stop them, or what a killed supervisor has left."""
    return control.down(places)


def status(places: ServicePlaces, *, as_json: bool) -> int:
    """Print what runs. The exit code is 0 when both answer everywhere, else 1."""
    state, plan = RunFolder(places.run).read(), read_plan(places.plan)
    alive = state is not None and state.alive
    servers = [_look(places, process, plan) for process in state.processes] if state and alive and plan else []
    well = len(servers) == len(TITLES) and all(server["answers"] for server in servers)
    if as_json:
        told = {
            "running": bool(alive),
            "ready": well,
            "pid": state.pid if state and alive else None,
            "started": state.started if state and alive else None,
            "data": str(places.data),
            "logs": str(places.logs),
            "servers": servers,
        }
        print(json.dumps(told, indent=2))
    elif not servers:
        print(text("none"))
    else:
        for server in servers:
            addresses = ", ".join(f"{address}:{server['port']}" for address in server["addresses"])
            print(f"{TITLES[server['name']]:<10}  {server['pid']:>7}  {addresses}  {_words(server)}")
        _tell_places(places)
    return 0 if well else BROKEN


def _words(server: dict[str, Any]) -> str:
    return text("state.ok") if server["answers"] else text("state.down")


def _look(places: ServicePlaces, process: Process, plan: Plan) -> dict[str, Any]:
    port = process.port or 0
    return {
        "name": process.name,
        "pid": process.pid,
        "port": port,
        "host": HOST,
        "addresses": list(plan.doors.listening),
        "answers": process.alive and all(answers(port, address) for address in plan.doors.listening),
        "log": str(places.logs / f"{process.name}.log"),
    }


# --- Starting ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _turn(places: ServicePlaces) -> Iterator[None]:
    """One `up` after the other: the second finds what the first has started."""
    places.folder.mkdir(parents=True, exist_ok=True)
    with (places.folder / "turn").open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _agree(others: list[str], *, yes: bool) -> None:
    if not others or yes:
        return
    print(text("foreign", where=", ".join(others)), file=sys.stderr)
    agreed = ""
    if sys.stdin.isatty():
        with contextlib.suppress(EOFError):
            agreed = input(text("foreign.ask"))
    if agreed.strip().lower() not in {"y", "yes", "是"}:
        raise ServicesFailure("foreign.kept")


def _running(places: ServicePlaces, reach: Reach) -> Plan | None:
    """The plan of those that run as they should; others are stopped."""
    run = RunFolder(places.run)
    state, plan = run.read(), read_plan(places.plan)
    if state is None or not state.alive or plan is None or not run.held():
        return None
    if plan.doors != reach.doors:
        print(text("rebind", addresses=", ".join(reach.doors.listening)), flush=True)
        down(places)
        return None
    _wait_ready(places)
    print(text("already", pid=state.pid))
    return plan


def _start(places: ServicePlaces, reach: Reach, file: EnvFile, secrets: Secrets) -> Plan:
    # Ports in `.env` are wishes, unless they belong to other servers.
    wishes = {} if elsewhere(file, secrets) else file.values()
    print(text("starting"), flush=True)
    for last in (False, False, True):
        plan = _plan(read_plan(places.plan), wishes, reach)
        write_plan(places.plan, plan)
        try:
            _launch(places)
        except ServicesFailure:
            # Somebody may have taken a port in the moment between the look and the start.
            if last or plan == _plan(plan, wishes, reach):
                raise
        else:
            break
    return plan


def _plan(before: Plan | None, wishes: dict[str, str], reach: Reach) -> Plan:
    remembered = (before.postgres_port, before.redis_port) if before is not None else (None, None)
    ports = [
        free_port([port for port in (last, _number(wishes, name), usual) if port is not None], reach.doors)
        for last, name, usual in zip(remembered, ("POSTGRES_PORT", "REDIS_PORT"), _USUAL_PORTS, strict=True)
    ]
    return Plan(ports[0], ports[1], reach.doors.addresses, reach.doors.networks)


def _launch(places: ServicePlaces) -> None:
    places.logs.mkdir(parents=True, exist_ok=True)
    log = places.logs / "services.log"
    with log.open("ab") as output:
        begin = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "app.ops.services.supervisor", str(places.root.resolve())],
            cwd=places.root,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the end of this terminal is none of its business
        )
    try:
        _wait_ready(places, process)
    except ServicesFailure as failure:
        if process.poll() is not None:
            failure.lines = _added(log, begin)
        raise
    process.returncode = 0  # it goes on without us


def _wait_ready(places: ServicePlaces, process: subprocess.Popen[bytes] | None = None) -> None:
    """Until both answer; ``process`` is the supervisor if it has just been started."""
    log = places.logs / "services.log"
    run = RunFolder(places.run)
    deadline = time.monotonic() + _START_SECONDS
    while True:
        state = run.read()
        alive = state is not None and state.alive and (process is None or state.pid == process.pid)
        if state is not None and alive and {one.name for one in state.processes if one.alive} == set(TITLES):
            return
        if not alive and (process is None or process.poll() is not None):
            raise ServicesFailure("not_started", exit_code=(process and process.returncode) or BROKEN, log=log)
        if time.monotonic() > deadline:
            raise ServicesFailure("slow", exit_code=BROKEN, seconds=round(_START_SECONDS), log=log)
        time.sleep(0.02)


def _added(log: Path, begin: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(begin)
        return file.read(16_000).decode("utf-8", "replace").splitlines()


def _number(values: dict[str, str], name: str) -> int | None:
    value = values.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and 0 < int(value) < 65536 else None


# --- Telling -------------------------------------------------------------------------------------------------------


def _tell(places: ServicePlaces, plan: Plan, reach: Reach) -> None:
    print(text("running"))
    for name, port in (("postgres", plan.postgres_port), ("redis", plan.redis_port)):
        print(f"  {TITLES[name]:<10}  {', '.join(f'{address}:{port}' for address in plan.doors.listening)}")
    print(text("inside"))
    _tell_places(places)
    print(text("stop_hint"))
    if reach.remark:
        print(reach.remark)


def _tell_places(places: ServicePlaces) -> None:
    print(text("data", data=places.data, logs=places.logs))


def _write_lines(places: ServicePlaces, plan: Plan, secrets: Secrets) -> None:
    file = read_env(places.dotenv)
    values = file.values()
    changes = {name: value for name, value in our_lines(plan, secrets).items() if values.get(name) != value}
    if not changes:
        print(text("wrote.none"))
        return
    write_env(places.dotenv, file.with_values(changes))
    print(text("wrote", names=", ".join(changes)))
    print(text("recreate"))
