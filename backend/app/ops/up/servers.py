"""The two servers of one ``up``: embedded ones, or those that the settings name."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from app.ops.embedded import FolderInUse, PostgresServer, RedisServer, ServerFailed
from app.ops.embedded.ports import LOOPBACK, answers
from app.ops.up.configuration import DATABASE, Configuration, Outside
from app.ops.up.failure import USAGE, UpFailure
from app.ops.up.port_owner import first_free, require_free
from app.ops.up.texts import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.ops.embedded import Secrets
    from app.ops.embedded.server import EmbeddedServer
    from app.ops.up.terminal import Terminal

TITLES: Final = {"postgres": "PostgreSQL", "redis": "Redis"}
# Not the usual ports: a server that the machine starts later finds its own still free.
_POSTGRES_PORT: Final = 15432
_REDIS_PORT: Final = 16379
_PATIENCE: Final = 10.0


class Servers:
    """Starts, checks and stops them; ``embedded`` are those that are ours, in the order in which they are stopped."""

    def __init__(
        self, configuration: Configuration, secrets: Secrets, terminal: Terminal, pause: Callable[[float], None]
    ) -> None:
        self._configuration = configuration
        self._secrets = secrets
        self._terminal = terminal
        self._pause = pause
        self.postgres: PostgresServer | None = None
        self.redis: RedisServer | None = None
        places = configuration.places
        if configuration.redis is None:
            self.redis = RedisServer(
                places.data / "redis",
                password=secrets.redis_password,
                port=_chosen(configuration.redis_port, "REDIS_PORT", _REDIS_PORT),
                log=places.logs / "redis.log",
                pause=pause,
            )
        if configuration.postgres is None:
            self.postgres = PostgresServer(
                places.data / "postgres",
                password=secrets.postgres_superuser_password,
                port=_chosen(configuration.postgres_port, "POSTGRES_PORT", _POSTGRES_PORT),
                log=places.logs / "postgres.log",
                pause=pause,
            )

    @property
    def embedded(self) -> list[EmbeddedServer]:
        """Redis first: what still writes to it is queued again, what is in PostgreSQL is the truth."""
        return [server for server in (self.redis, self.postgres) if server is not None]

    @property
    def outside(self) -> dict[str, str]:
        """Address of each server that is not ours."""
        named = {"postgres": self._configuration.postgres, "redis": self._configuration.redis}
        return {name: f"{server.host}:{server.port}" for name, server in named.items() if server is not None}

    def start(self, started: Callable[[], None]) -> None:
        """Start ours, wait for the others; ``started`` is called after each that was started."""
        configuration = self._configuration
        if self.postgres is not None:
            self.start_one(self.postgres)
            started()
            with told(self.postgres):
                self.postgres.create_database(DATABASE, DATABASE, self._secrets.postgres_password)
        elif configuration.postgres is not None:
            self._await("postgres", "POSTGRES_SERVER", configuration.postgres)
        if self.redis is not None:
            self.start_one(self.redis)
            started()
            if self.redis.set_aside is not None:
                self._terminal.say(text("set_aside", path=self.redis.set_aside))
        elif configuration.redis is not None:
            self._await("redis", "REDIS_HOST", configuration.redis)

    def start_one(self, server: EmbeddedServer) -> None:
        """Start one of ours, or start it again."""
        fresh = isinstance(server, PostgresServer) and not server.exists
        self._terminal.doing(text("state.create") if fresh else text("state.start", server=TITLES[server.name]))
        with told(server):
            server.start()

    def environment(self) -> dict[str, str]:
        """What reaches them, as settings."""
        configuration, secrets = self._configuration, self._secrets
        settings = {} if configuration.own_secret_key else {"SECRET_KEY": secrets.secret_key}
        if self.postgres is not None:
            settings |= postgres_settings(self.postgres.port, secrets)
        elif configuration.postgres is not None:
            settings |= {"POSTGRES_SERVER": configuration.postgres.host}
        if self.redis is not None:
            settings |= redis_settings(self.redis.port, secrets)
        elif configuration.redis is not None:
            settings |= {"REDIS_HOST": configuration.redis.host}
        return settings

    def _await(self, name: str, setting: str, server: Outside) -> None:
        where: dict[str, Any] = {"server": TITLES[name], "host": server.host, "port": server.port}
        self._terminal.say(text("outside", setting=setting, **where))
        self._terminal.doing(text("state.wait", **where))
        deadline = time.monotonic() + _PATIENCE
        while not answers(server.port, server.host):
            if time.monotonic() > deadline:
                raise UpFailure("outside.silent", exit_code=USAGE, setting=setting, **where)
            self._pause(0.2)


@contextlib.contextmanager
def told(server: EmbeddedServer) -> Iterator[None]:
    """What an embedded server raises, as something to tell a person."""
    try:
        yield
    except FolderInUse as error:
        raise UpFailure("folder_in_use", exit_code=USAGE, folder=server.folder) from error
    except ServerFailed as error:
        title = TITLES[server.name]
        raise UpFailure(
            "server_failed", lines=error.lines, server=title, reason=error.reason, log=server.log
        ) from error


def postgres_settings(port: int, secrets: Secrets) -> dict[str, str]:
    """The settings that reach the embedded PostgreSQL."""
    return {
        "POSTGRES_SERVER": LOOPBACK,
        "POSTGRES_PORT": str(port),
        "POSTGRES_DB": DATABASE,
        "POSTGRES_USER": DATABASE,
        "POSTGRES_PASSWORD": secrets.postgres_password,
    }


def redis_settings(port: int, secrets: Secrets) -> dict[str, str]:
    """The settings that reach the embedded Redis."""
    return {
        "REDIS_HOST": LOOPBACK,
        "REDIS_PORT": str(port),
        "REDIS_DB": "0",
        "REDIS_PASSWORD": secrets.redis_password,
    }


def _chosen(wanted: int | None, setting: str, usual: int) -> int:
    if wanted is None:
        return first_free(usual)
    require_free(wanted, setting)
    return wanted
