"""PostgreSQL and Redis: connected to and signed in to, from this computer and from a container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.ops.doctor.checks.configuration import INSIDE_NAME, is_loopback
from app.ops.doctor.checks.from_container import probe_from_container
from app.ops.doctor.finding import Finding, Level, Words, ok
from app.ops.doctor.verdicts import Server, postgres_verdict, redis_verdict, unreached
from app.ops.doctor.wire import postgres as postgres_wire
from app.ops.doctor.wire import redis as redis_wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from app.ops.doctor.setup import Setup

_UNREACHED: Final = {"refused", "timeout", "unreachable", "name"}
_HERE: Final = "127.0.0.1"


def postgres(setup: Setup) -> Iterator[Finding]:
    """D30 to D35."""
    host, port = setup.setting("POSTGRES_SERVER"), _number(setup.setting("POSTGRES_PORT"), 5432)
    if not host:
        yield from _embedded(setup, "D30", "PostgreSQL")
        return
    server = Server(
        "PostgreSQL",
        "POSTGRES",
        host,
        port,
        setup.setting("POSTGRES_USER", "postgres"),
        setup.setting("POSTGRES_DB", "app"),
    )
    values = {
        "user": server.user,
        "password": setup.setting("POSTGRES_PASSWORD"),
        "database": server.database,
    }
    here, there = _both(setup, postgres_wire, host, port, values)
    yield from _judged(setup, server, here, there)


def redis(setup: Setup) -> Iterator[Finding]:
    """D36 to D39."""
    host, port = setup.setting("REDIS_HOST"), _number(setup.setting("REDIS_PORT"), 6379)
    if not host:
        yield from _embedded(setup, "D36", "Redis")
        return
    database = _number(setup.setting("REDIS_DB"), 0)
    server = Server("Redis", "REDIS", host, port, database=str(database))
    values = {"password": setup.setting("REDIS_PASSWORD"), "database": database}
    here, there = _both(setup, redis_wire, host, port, values)
    yield from _judged(setup, server, here, there)


def _number(text: str, default: int) -> int:
    return int(text) if text.isdigit() else default


def _embedded(setup: Setup, code: str, name: str) -> Iterator[Finding]:
    if not setup.rendered.asked:
        yield ok(
            code, "{name}：没有指定，./aipic up 用自带的", "{name}: none is named, ./aipic up brings its own", name=name
        )


def _both(
    setup: Setup, module: ModuleType, host: str, port: int, values: dict[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """From this computer, and from a container. A name that only containers know is not tried from here."""
    here = None
    if host not in setup.rendered.services:
        nearby = _HERE if host == INSIDE_NAME else host
        here = module.probe(host=nearby, port=port, **values)
    there = None
    if setup.rendered.config is not None and not is_loopback(host):
        there = probe_from_container(setup, module, {"host": host, "port": port, **values})
        if there is None and host == INSIDE_NAME:
            there = _from_the_bridge(setup, module, port, values)
    return here, there


def _from_the_bridge(setup: Setup, module: ModuleType, port: int, values: dict[str, Any]) -> dict[str, Any] | None:
    """Without an image: on Linux a container reaches this computer at the bridge's address, and so can we."""
    if setup.is_mac or "Docker Desktop" in str(setup.docker.info.get("OperatingSystem")):
        return None
    rows = setup.docker.ask("network", "inspect", "bridge").rows() if setup.docker.answers else []
    addresses = (rows[0].get("IPAM") or {}).get("Config") or [] if rows else []
    gateway = next((str(entry["Gateway"]) for entry in addresses if entry.get("Gateway")), "")
    found: dict[str, Any] | None = module.probe(host=gateway, port=port, **values) if gateway else None
    # Only whether it is reached says something: pg_hba sees another address than a container's.
    return found if found and found["state"] in _UNREACHED else None


def _judged(
    setup: Setup, server: Server, here: dict[str, Any] | None, there: dict[str, Any] | None
) -> Iterator[Finding]:
    verdict = postgres_verdict if server.setting == "POSTGRES" else redis_verdict
    if there is not None and there["state"] in _UNREACHED:
        if here is not None and here["state"] not in _UNREACHED:
            yield loopback_only(server, here)
            if here["state"] != "ok" and here["state"] != "pg_hba":
                yield verdict(server, here)
            return
        yield unreached(server, there, mac=setup.is_mac)
        return
    decisive = there or here
    if decisive is None:
        return
    if decisive["state"] in _UNREACHED:
        yield unreached(server, decisive, mac=setup.is_mac)
    else:
        yield verdict(server, decisive, in_container=there is not None)


def loopback_only(server: Server, here: dict[str, Any]) -> Finding:
    """D31 and D37: this computer gets there, a container does not."""
    is_postgres = server.setting == "POSTGRES"
    listens = here.get("listen")
    said = Words(f"（listen_addresses = {listens}）", f" (listen_addresses = {listens})") if listens else Words("", "")
    command = (
        Words(
            "psql 里执行 ALTER SYSTEM SET listen_addresses = '*'; 然后重启 PostgreSQL",
            "In psql: ALTER SYSTEM SET listen_addresses = '*'; then restart PostgreSQL",
        )
        if is_postgres
        else Words(
            "在 redis.conf 里写 bind * 和 requirepass 密码，然后重启 Redis",
            "In redis.conf write bind * and requirepass PASSWORD, then restart Redis",
        )
    )
    return Finding(
        "D31" if is_postgres else "D37",
        Level.FAIL,
        Words(
            f"{server.name} 只对这台电脑自己开放，容器连不上",
            f"{server.name} listens to this computer only; containers cannot reach it",
        ),
        Words(
            f"从这台电脑连端口 {server.port} 可以，从容器连 {server.host}:{server.port} 被拒绝{said.zh}。"
            "也可以改用项目自带的：./aipic services up。",
            f"Port {server.port} answers here, but {server.host}:{server.port} does not answer a container{said.en}. "
            "Or use the project's own: ./aipic services up.",
        ),
        command,
    )
