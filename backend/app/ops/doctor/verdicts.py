"""What an answer of PostgreSQL or Redis means, and what helps; used outside of containers and inside."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, Final

from app.ops.doctor.finding import Finding, Level, Words, same

_INSIDE_NAME: Final = "host.docker.internal"
_DOCKERS: Final = ipaddress.ip_network("172.16.0.0/12")


@dataclass(frozen=True)
class Server:
    """A server outside. ``setting`` is what its settings' names begin with."""

    name: str
    setting: str
    host: str
    port: int
    user: str = ""
    database: str = ""

    @property
    def host_key(self) -> str:
        """The setting that names its host."""
        return "POSTGRES_SERVER" if self.setting == "POSTGRES" else "REDIS_HOST"


def unreached(server: Server, found: dict[str, Any], *, mac: bool = False) -> Finding:
    """D30 and D36: nobody there."""
    code = "D30" if server.setting == "POSTGRES" else "D36"
    where = f"{server.host}:{server.port}"
    if found["state"] == "name":
        return Finding(
            code,
            Level.FAIL,
            Words(
                f"找不到 {server.name} 的主机 {server.host}", f"The host {server.host} of {server.name} is not known"
            ),
            Words("这个名字解析不出地址，可能拼错了。", "The name has no address; it may be misspelt."),
            Words(f"检查 .env 里的 {server.host_key}", f"Check {server.host_key} in .env"),
        )
    why = {
        "refused": Words(
            "那里没有程序在听这个端口：它没有启动，或者端口不同。",
            "No program listens on that port: it is not started, or has another port.",
        ),
        "timeout": Words(
            "没有任何回应：多半是防火墙，或者地址不对。",
            "There was no answer at all: a firewall, most likely, or a wrong address.",
        ),
    }.get(
        found["state"],
        Words(f"网络到不了那里：{found['message']}", f"The network does not lead there: {found['message']}"),
    )
    local = server.host in {_INSIDE_NAME, "localhost", "127.0.0.1"}
    if not local:
        command = Words(
            f"检查 .env 里的 {server.host_key} 和 {server.setting}_PORT",
            f"Check {server.host_key} and {server.setting}_PORT in .env",
        )
    elif mac:
        command = same(f"brew services start {'postgresql' if server.setting == 'POSTGRES' else 'redis'}")
    else:
        command = same("./aipic services up")
    return Finding(
        code,
        Level.FAIL,
        Words(f"{server.name} 在 {where} 没有应答", f"{server.name} does not answer at {where}"),
        why,
        command,
    )


def postgres_verdict(server: Server, found: dict[str, Any], *, in_container: bool = False) -> Finding:
    """D30 to D35 for whatever did answer."""
    where = f"{server.host}:{server.port}"
    message = str(found.get("message") or "")
    match found["state"]:
        case "ok":
            return Finding("D30", Level.OK, _reached("PostgreSQL", where, found, in_container))
        case "pg_hba":
            rule = f"host {server.database} {server.user} {_network(str(found.get('address') or ''))} scram-sha-256"
            return Finding(
                "D32",
                Level.FAIL,
                Words(
                    "PostgreSQL 听到了，但不允许从这个地址登录",
                    "PostgreSQL is reached, but this address may not sign in",
                ),
                Words(
                    f"它的 pg_hba.conf 里没有 {found.get('address') or '这个地址'} 的规则。"
                    "加上下面一行（SHOW hba_file; 会告诉你文件在哪），再执行 SELECT pg_reload_conf();",
                    f"Its pg_hba.conf has no rule for {found.get('address') or 'this address'}. "
                    "Add the line below (SHOW hba_file; says where), then run SELECT pg_reload_conf();",
                ),
                same(rule),
            )
        case "password":
            return Finding(
                "D33",
                Level.FAIL,
                Words(
                    f"PostgreSQL 的密码不对（用户 {server.user}）",
                    f"PostgreSQL refuses the password (user {server.user})",
                ),
                Words(
                    "连上了，但 POSTGRES_PASSWORD 和数据库里的不同。改 .env 不会改变数据库里的密码。",
                    "It is reached, but POSTGRES_PASSWORD is not the one that the database knows. "
                    "Editing .env does not change that one.",
                ),
                Words(
                    f"把 .env 改成正确的密码；或者在 psql 里：ALTER USER \"{server.user}\" PASSWORD '新密码';",
                    f"Put the right one in .env; or in psql: ALTER USER \"{server.user}\" PASSWORD 'the new one';",
                ),
            )
        case "role":
            return Finding(
                "D33",
                Level.FAIL,
                Words(f"PostgreSQL 不让用户 {server.user} 登录", f"PostgreSQL does not let the user {server.user} in"),
                Words(f"它说：{message}", f"It says: {message}"),
                same(f'createuser --pwprompt "{server.user}"'),
            )
        case "database":
            return Finding(
                "D34",
                Level.FAIL,
                Words(f"PostgreSQL 里没有数据库 {server.database}", f"PostgreSQL has no database {server.database}"),
                Words(
                    "登录成功了，但 POSTGRES_DB 写的数据库还没有建。",
                    "The sign-in worked, but the database that POSTGRES_DB names is not there.",
                ),
                same(f'createdb -h {_nearby(server.host)} -p {server.port} -U {server.user} "{server.database}"'),
            )
    cause = {
        "busy": Words(f"它现在不接受连接：{message}", f"It takes no connection now: {message}"),
        "other": Words(
            f"那里应答的不像 PostgreSQL：{message}", f"What answers there does not look like PostgreSQL: {message}"
        ),
    }.get(found["state"], Words(f"它说：{message}", f"It says: {message}"))
    return Finding(
        "D35",
        Level.FAIL,
        Words(f"PostgreSQL 在 {where} 不能用", f"PostgreSQL at {where} cannot be used"),
        cause,
        Words(
            "检查 .env 里的 POSTGRES_PORT；看 PostgreSQL 的日志", "Check POSTGRES_PORT in .env, and PostgreSQL's log"
        ),
    )


def redis_verdict(server: Server, found: dict[str, Any], *, in_container: bool = False) -> Finding:
    """D36 to D39 for whatever did answer."""
    where = f"{server.host}:{server.port}"
    message = str(found.get("message") or "")
    passwords = {
        "needs_password": Words(
            "它要密码，而 REDIS_PASSWORD 没有写。", "It wants a password, and REDIS_PASSWORD is empty."
        ),
        "password": Words("REDIS_PASSWORD 和它的 requirepass 不同。", "REDIS_PASSWORD differs from its requirepass."),
        "no_password": Words(
            "它没有设密码，而 .env 里写了 REDIS_PASSWORD。", "It has no password, but .env sets REDIS_PASSWORD."
        ),
    }
    state = found["state"]
    if state == "ok":
        return Finding("D36", Level.OK, _reached("Redis", where, found, in_container))
    if state in passwords:
        return Finding(
            "D38",
            Level.FAIL,
            Words("Redis 的密码不对", "Redis refuses the password"),
            passwords[state],
            Words(
                "在 .env 里清空 REDIS_PASSWORD，或者给 Redis 设一个密码"
                if state == "no_password"
                else "把 redis.conf 里 requirepass 的值写进 .env 的 REDIS_PASSWORD",
                "Empty REDIS_PASSWORD in .env, or give Redis a password"
                if state == "no_password"
                else "Write the value of requirepass in redis.conf to REDIS_PASSWORD in .env",
            ),
        )
    causes = {
        "protected": Words(
            "它处于保护模式：没有密码时只让本机连接。",
            "It is in protected mode: without a password it serves its own computer only.",
        ),
        "database": Words(
            f"没有 {server.database} 号库：{message}", f"It has no database {server.database}: {message}"
        ),
        "other": Words(f"那里应答的不像 Redis：{message}", f"What answers there does not look like Redis: {message}"),
    }
    commands = {
        "protected": Words(
            "给 Redis 设密码：redis.conf 里写 requirepass 密码",
            "Give Redis a password: requirepass PASSWORD in redis.conf",
        ),
        "database": Words("在 .env 里写 REDIS_DB=0", "Write REDIS_DB=0 in .env"),
        "other": Words("检查 .env 里的 REDIS_HOST 和 REDIS_PORT", "Check REDIS_HOST and REDIS_PORT in .env"),
    }
    return Finding(
        "D39",
        Level.FAIL,
        Words(f"Redis 在 {where} 不能用", f"Redis at {where} cannot be used"),
        causes.get(state, Words(f"它说：{message}", f"It says: {message}")),
        commands.get(state, Words("看 Redis 的日志", "Look at the log of Redis")),
    )


def _reached(name: str, where: str, found: dict[str, Any], in_container: bool) -> Words:
    version = f" {found['version']}" if found.get("version") else ""
    place = Words("（从容器里）", " (from a container)") if in_container else Words("", "")
    return Words(f"{name}{version}：{where} 能登录{place.zh}", f"{name}{version}: signed in at {where}{place.en}")


def _nearby(host: str) -> str:
    return "localhost" if host == _INSIDE_NAME else host


def _network(address: str) -> str:
    """The containers' networks around an address that the server named. Docker makes a new one for each project."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return str(_DOCKERS)
    if found in _DOCKERS:
        return str(_DOCKERS)
    return str(ipaddress.ip_network(f"{address}/{16 if found.version == 4 else 64}", strict=False))
