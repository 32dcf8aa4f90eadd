"""Settings, PostgreSQL, Redis, storage, mail and engine, each used for real."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Final

from app.ops.doctor.finding import Finding, Level, Words, ok, same
from app.ops.doctor.verdicts import Server, postgres_verdict, redis_verdict, unreached
from app.ops.doctor.wire import postgres as postgres_wire
from app.ops.doctor.wire import redis as redis_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from app.core.settings import Settings
    from app.ops.doctor.inside.place import Inside

_UNREACHED: Final = {"refused", "timeout", "unreachable", "name"}
_LIMIT_SECONDS: Final = 15.0


def settings(inside: Inside) -> Iterator[Finding]:
    """D50: does the program accept its settings."""
    _, faults = inside.loaded
    if not faults:
        yield ok("D50", "设置都有效", "The settings are valid")
    for name, message in faults:
        what = (
            Words(f"设置 {name} 不对", f"The setting {name} is wrong")
            if name
            else Words("设置不对", "The settings are wrong")
        )
        yield Finding(
            "D50",
            Level.FAIL,
            what,
            same(message),
            Words("改 .env，然后：docker compose up -d", "Edit .env, then: docker compose up -d"),
        )


def database(inside: Inside) -> Iterator[Finding]:
    """D30 to D35, and D51: signed in, and its tables those of this version."""
    settings = inside.settings
    if settings is None:
        return
    server = Server(
        "PostgreSQL",
        "POSTGRES",
        settings.POSTGRES_SERVER,
        settings.POSTGRES_PORT,
        settings.POSTGRES_USER,
        settings.POSTGRES_DB,
    )
    found = postgres_wire.probe(
        server.host,
        server.port,
        user=server.user,
        password=settings.POSTGRES_PASSWORD.get_secret_value(),
        database=server.database,
    )
    if found["state"] in _UNREACHED:
        yield unreached(server, found)
        return
    yield postgres_verdict(server, found)
    if found["state"] == "ok":
        yield _migrations(settings)


def _migrations(settings: Settings) -> Finding:
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    from app.core.settings import ROOT  # noqa: PLC0415

    home = next(place for place in (ROOT / "backend", ROOT / "app") if (place / "alembic.ini").is_file())
    head = ScriptDirectory.from_config(Config(str(home / "alembic.ini"))).get_current_head()
    now = asyncio.run(_revision(settings))
    if now == head:
        return ok("D51", "数据库结构是最新的", "The database has this version's tables")
    return Finding(
        "D51",
        Level.FAIL,
        Words("数据库结构和程序版本不一致", "The database does not have this version's tables"),
        Words(f"数据库在版本 {now}，程序要 {head}。", f"The database is at {now}, the program wants {head}.")
        if now
        else Words("数据库里还没有表。", "The database has no tables yet."),
        same("docker compose run --rm prestart"),
    )


async def _revision(settings: Settings) -> str | None:
    from sqlalchemy import text  # noqa: PLC0415
    from sqlalchemy.exc import ProgrammingError  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    engine = create_async_engine(settings.database_url)
    try:
        async with asyncio.timeout(_LIMIT_SECONDS), engine.connect() as connection:
            found: str | None = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
            return found
    except ProgrammingError:  # there is no such table yet
        return None
    finally:
        await engine.dispose()


def redis(inside: Inside) -> Iterator[Finding]:
    """D36 to D39: signed in, and something written and read."""
    settings = inside.settings
    if settings is None:
        return
    server = Server("Redis", "REDIS", settings.REDIS_HOST, settings.REDIS_PORT, database=str(settings.REDIS_DB))
    found = redis_wire.probe(
        server.host, server.port, password=settings.REDIS_PASSWORD.get_secret_value(), database=settings.REDIS_DB
    )
    if found["state"] in _UNREACHED:
        yield unreached(server, found)
        return
    if found["state"] == "ok" and (reason := asyncio.run(_write_to_redis(settings))):
        found = {"state": "failed", "message": reason}
    yield redis_verdict(server, found)


async def _write_to_redis(settings: Settings) -> str:
    from redis.exceptions import RedisError  # noqa: PLC0415

    from app.core.redis import connect_redis  # noqa: PLC0415

    client = connect_redis(settings)
    key = f"{settings.REDIS_PREFIX}:doctor:{os.getpid()}"
    try:
        async with asyncio.timeout(_LIMIT_SECONDS):
            await client.set(key, "1", ex=10)
            read = await client.getdel(key)
            return "" if read else "what was written could not be read"
    except (RedisError, OSError, TimeoutError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        await client.aclose()


def storage(inside: Inside) -> Iterator[Finding]:
    """D52: a file written, read and deleted."""
    settings = inside.settings
    if settings is None:
        return
    reason = asyncio.run(_use_storage(settings))
    is_local = settings.STORAGE_BACKEND == "local"
    where = str(settings.MEDIA_ROOT) if is_local else f"{settings.S3_ENDPOINT} {settings.S3_BUCKET}"
    if reason is None:
        yield ok("D52", "文件能写、能读、能删：{where}", "Files can be written, read and deleted: {where}", where=where)
        return
    if is_local:
        path = settings.MEDIA_ROOT
        owner = _owner(path)
        cause = Words(
            f"{reason}。文件夹属于用户 {owner}，程序是用户 {os.geteuid()}。",
            f"{reason}. The folder belongs to user {owner}, the program is user {os.geteuid()}.",
        )
        command = same(
            "docker compose run --rm --user root --cap-add CHOWN --cap-add DAC_OVERRIDE backend "
            f"chown -R {os.geteuid()} {path}"
        )
    else:
        cause = same(reason)
        command = Words("检查 .env 里的 S3_ 设置", "Check the S3_ settings in .env")
    yield Finding("D52", Level.FAIL, Words(f"文件存不进去：{where}", f"No file can be stored: {where}"), cause, command)


def _owner(path: Path) -> str:
    try:
        return str(path.stat().st_uid)
    except OSError:
        return "?"


async def _use_storage(settings: Settings) -> str | None:
    from app.media.exceptions import StorageUnavailable  # noqa: PLC0415
    from app.media.storage import Storage  # noqa: PLC0415

    try:
        opened = Storage.from_settings(settings)
        try:
            await opened.check()
        finally:
            await opened.close()
    except StorageUnavailable as error:
        root = error.__cause__ or error
        return f"{type(root).__name__}: {str(root).splitlines()[0][:200] if str(root) else ''}".rstrip(": ")
    except ValueError as error:  # names the setting
        return str(error)
    return None


def mail(inside: Inside) -> Iterator[Finding]:
    """D53: the mail server greeted, TLS agreed on, signed in; nothing is sent."""
    settings = inside.settings
    if settings is None:
        return
    where = f"{settings.SMTP_HOST}:{settings.SMTP_PORT}"
    if not settings.SMTP_HOST:
        if settings.ENVIRONMENT == "local":
            yield ok(
                "D53", "没有邮件服务器：验证码写在 worker 的日志里", "No mail server: codes appear in the worker's log"
            )
        else:
            yield Finding(
                "D53",
                Level.WARN,
                Words("没有设置邮件服务器", "No mail server is set"),
                Words("用邮箱登录的人收不到验证码。", "Whoever signs in by mail gets no code."),
                Words(
                    "在 .env 里写 SMTP_HOST、SMTP_USER、SMTP_PASSWORD",
                    "Write SMTP_HOST, SMTP_USER and SMTP_PASSWORD in .env",
                ),
            )
        return
    reason = asyncio.run(_greet(settings))
    if reason is None:
        yield ok("D53", "邮件服务器 {where} 接受登录", "The mail server {where} lets us in", where=where)
        return
    yield Finding(
        "D53",
        Level.FAIL,
        Words(f"邮件服务器 {where} 用不了", f"The mail server {where} cannot be used"),
        reason,
        Words(
            "检查 .env 里的 SMTP_ 设置（465 端口要 SMTP_SSL=true）",
            "Check the SMTP_ settings in .env (port 465 needs SMTP_SSL=true)",
        ),
    )


async def _greet(settings: Settings) -> Words | None:
    from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException  # noqa: PLC0415

    client = SMTP(
        hostname=settings.SMTP_HOST,
        port=settings.SMTP_PORT,
        username=settings.SMTP_USER or None,
        password=settings.SMTP_PASSWORD.get_secret_value() or None,
        timeout=8,
        use_tls=settings.SMTP_SSL,
        start_tls=settings.SMTP_TLS and not settings.SMTP_SSL,
    )
    try:
        async with asyncio.timeout(_LIMIT_SECONDS):
            await client.connect()
            await client.ehlo()
            await client.quit()
    except SMTPAuthenticationError as error:
        return Words(f"用户名或密码不对（{error.code}）。", f"It refuses user or password ({error.code}).")
    except (SMTPException, OSError, TimeoutError, ValueError) as error:
        said = str(error).splitlines()[0][:200] if str(error) else ""
        return same(f"{type(error).__name__}: {said}".rstrip(": "))
    finally:
        client.close()
    return None


def engine(inside: Inside) -> Iterator[Finding]:
    """D54: the engine's own process started, its templates listed, a small picture looked at."""
    settings = inside.settings
    if settings is None:
        return
    from app.ops.doctor.inside.tiny_picture import use_engine  # noqa: PLC0415

    count, reason = asyncio.run(use_engine(settings))
    if reason is None:
        yield ok("D54", "渲染引擎能用，{count} 个模板", "The engine works, {count} templates", count=count)
        return
    yield Finding(
        "D54",
        Level.FAIL,
        Words("渲染引擎起不来", "The engine does not start"),
        reason,
        same("docker compose build --no-cache backend && docker compose up -d")
        if settings.ENGINE == "local"
        else Words("在 .env 里写 ENGINE=local", "Write ENGINE=local in .env"),
    )


INSIDE_CHECKS: Final[Sequence[Callable[[Any], Iterator[Finding]]]] = (settings, database, redis, storage, mail, engine)
