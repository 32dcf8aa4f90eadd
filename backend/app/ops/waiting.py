"""Wait until PostgreSQL and Redis answer: `python -m app.ops.waiting`, prestart's first step.

Each is really signed in to. What can get better by itself (a server that is still starting) is tried again, visibly and
for a bounded time; what cannot (a wrong password, a missing database) ends it at once. Either way the message names
host, port and the likely cause, in both languages.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg  # type: ignore[import-untyped]
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from app.core.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.core.settings import Settings

_PATIENCE_SECONDS: Final = 60.0
_ATTEMPT_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 2.0
_OUTSIDE: Final = "./aipic doctor"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a server did not let us in."""

    zh: str
    en: str
    passing: bool


async def try_postgres(settings: Settings) -> Trouble | None:
    """Sign in to PostgreSQL once and ask it something."""
    try:
        connection = await asyncpg.connect(
            host=settings.POSTGRES_SERVER,
            port=settings.POSTGRES_PORT,
            user=settings.POSTGRES_USER,
            password=settings.POSTGRES_PASSWORD.get_secret_value(),
            database=settings.POSTGRES_DB,
            timeout=_ATTEMPT_SECONDS,
        )
        try:
            await connection.execute("SELECT 1")
        finally:
            connection.terminate()  # a goodbye that takes its time is no trouble of ours
    except asyncpg.InvalidPasswordError:
        return Trouble(
            f"用户 {settings.POSTGRES_USER} 的密码不对；检查 .env 里的 POSTGRES_PASSWORD",
            f"the password of the user {settings.POSTGRES_USER} is wrong; check POSTGRES_PASSWORD in .env",
            passing=False,
        )
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        return Trouble(
            f"服务器不允许从这里登录（pg_hba.conf 里没有容器的网段）：{error}",
            f"the server does not let anybody in from here (pg_hba.conf lacks the containers' network): {error}",
            passing=False,
        )
    except asyncpg.InvalidCatalogNameError:
        return Trouble(
            f"没有名为 {settings.POSTGRES_DB} 的数据库；创建：createdb {settings.POSTGRES_DB}",
            f"there is no database {settings.POSTGRES_DB}; make it: createdb {settings.POSTGRES_DB}",
            passing=False,
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return Trouble(f"服务器还没有准备好：{error}", f"the server is not ready: {error}", passing=True)
    except (OSError, TimeoutError) as error:
        return _unreachable(settings.POSTGRES_SERVER, error)
    return None


async def try_redis(settings: Settings) -> Trouble | None:
    """Sign in to Redis once and write something."""
    password = settings.REDIS_PASSWORD.get_secret_value()
    redis = Redis(
        host=settings.REDIS_HOST,
        port=settings.REDIS_PORT,
        db=settings.REDIS_DB,
        password=password or None,
        socket_connect_timeout=_ATTEMPT_SECONDS,
        socket_timeout=_ATTEMPT_SECONDS,
    )
    try:
        await redis.set(f"{settings.REDIS_PREFIX}:prestart", "1", ex=60)
    except (AuthenticationError, NoPermissionError) as error:
        wanted = "需要密码" if not password else "密码不对"
        return Trouble(
            f"{wanted}；检查 .env 里的 REDIS_PASSWORD（{error}）",
            f"{'a password is wanted' if not password else 'the password is wrong'};"
            f" check REDIS_PASSWORD in .env ({error})",
            passing=False,
        )
    except ResponseError as error:
        # Its data is still being read, or its disk is full: both may pass.
        return Trouble(f"服务器还没有准备好：{error}", f"the server is not ready: {error}", passing=True)
    except (RedisError, OSError, TimeoutError) as error:
        return _unreachable(settings.REDIS_HOST, error)
    finally:
        await redis.aclose()
    return None


def _unreachable(host: str, error: Exception) -> Trouble:
    inside = Path("/.dockerenv").exists()
    chain: BaseException | None = error
    while chain is not None and not isinstance(chain, socket.gaierror):
        chain = chain.__cause__ or chain.__context__
    if chain is not None:
        return Trouble(f"主机名 {host} 找不到", f"the host name {host} is not known", passing=True)
    if inside and host in ("localhost", "127.0.0.1", "::1"):
        return Trouble(
            f"在容器里，{host} 是容器自己；本机上的服务器写 host.docker.internal",
            f"inside a container {host} is the container itself; for a server on this computer write"
            " host.docker.internal",
            passing=False,
        )
    if isinstance(error, TimeoutError) or "timed out" in str(error).casefold():
        return Trouble(
            f"没有回应（超过 {_ATTEMPT_SECONDS:g} 秒）；可能是防火墙",
            f"no answer within {_ATTEMPT_SECONDS:g} s; a firewall, perhaps",
            passing=True,
        )
    return Trouble(
        "那里没有服务器在监听：没有启动，或只监听本机地址（listen_addresses / bind）",
        "nothing listens there: it is not started, or listens on loopback only (listen_addresses / bind)",
        passing=True,
    )


async def wait_for(
    title: str, where: str, attempt: Callable[[], Awaitable[Trouble | None]], patience: float = _PATIENCE_SECONDS
) -> bool:
    """Try until it works, and tell each failure on the standard error; False when it will not, or not in time."""
    started = time.monotonic()
    tries = 0
    while True:
        tries += 1
        trouble = await attempt()
        waited = time.monotonic() - started
        if trouble is None:
            _tell(f"{title} {where}：可以使用 / ready")
            return True
        left = patience - waited
        if not trouble.passing or left <= 0:
            _tell(
                f"{title} {where}：连不上，放弃（{waited:.0f} 秒）/ giving up after {waited:.0f} s",
                f"  原因：{trouble.zh}",
                f"  Cause: {trouble.en}",
                f"  帮助 / Help: {_OUTSIDE}",
            )
            return False
        _tell(f"{title} {where}：第 {tries} 次：{trouble.zh} / attempt {tries}: {trouble.en} ({left:.0f} s left)")
        await asyncio.sleep(min(_PAUSE_SECONDS, left))


async def wait_for_servers(settings: Settings, patience: float = _PATIENCE_SECONDS) -> bool:
    """Both at once; whether both answered."""
    postgres = f"{settings.POSTGRES_SERVER}:{settings.POSTGRES_PORT}/{settings.POSTGRES_DB}"
    redis = f"{settings.REDIS_HOST}:{settings.REDIS_PORT}/{settings.REDIS_DB}"
    answers = await asyncio.gather(
        wait_for("PostgreSQL", postgres, lambda: try_postgres(settings), patience),
        wait_for("Redis", redis, lambda: try_redis(settings), patience),
    )
    return all(answers)


def _tell(*lines: str) -> None:
    for line in lines:
        print(f"[prestart] {line}", file=sys.stderr, flush=True)


def main() -> int:
    """0 when both answered; PRESTART_WAIT_SECONDS bounds the waiting."""
    patience = float(os.environ.get("PRESTART_WAIT_SECONDS") or _PATIENCE_SECONDS)
    return 0 if asyncio.run(wait_for_servers(load_settings(), patience)) else 1


if __name__ == "__main__":
    sys.exit(main())
