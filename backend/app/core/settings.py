"""Settings, read once from the environment and the `.env` beside the launcher.

The names that operators know stay flat. In staging and production the program refuses to start on placeholder or
short secrets, and names each of them.
"""

from __future__ import annotations

import os
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import quote

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT: Final = Path(__file__).parents[3]
"""Where `.env` and `.data` lie; in the image this is the root folder, which holds neither."""

_PLACEHOLDERS: Final = (
    "changethis",
    "changeme",
    "change-me",
    "secret",
    "password",
    "postgres",
    "example",
    "placeholder",
)
_SHORTEST_SECRET: Final = 32
_SHORTEST_PASSWORD: Final = 8

Network = IPv4Network | IPv6Network


def _split(value: Any) -> Any:
    """Accept ``a,b`` as well as a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _networks(value: Any) -> Any:
    return [ip_network(part, strict=False) if isinstance(part, str) else part for part in _split(value)]


def _reachable(host: Any) -> Any:
    """``host.docker.internal`` is this very machine, unless we are inside a container, where it resolves."""
    if host == "host.docker.internal" and not Path("/.dockerenv").exists():
        return "127.0.0.1"
    return host


Texts = Annotated[list[str], NoDecode, BeforeValidator(_split)]
Host = Annotated[str, BeforeValidator(_reachable)]


class Settings(BaseSettings):
    """Every setting of the service; `.env.example` explains each one to operators."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    ENVIRONMENT: Literal["local", "staging", "production"] = "local"
    PROJECT_NAME: str = "AI-PIC"
    DOMAIN: str = "localhost"
    PUBLIC_URL: str = ""
    BACKEND_PORT: int = Field(default=8000, ge=1, le=65535)
    METRICS_PORT: int = Field(default=9100, ge=0, le=65535)
    METRICS_HOST: str = "127.0.0.1"
    DRAIN_FILE: Path | None = None
    BACKEND_CORS_ORIGINS: Texts = Field(default_factory=list)
    TRUSTED_PROXIES: Annotated[list[Network], NoDecode, BeforeValidator(_networks)] = Field(default_factory=list)
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    LOG_FORMAT: Literal["auto", "json", "console"] = "auto"
    SENTRY_DSN: SecretStr = SecretStr("")

    SECRET_KEY: SecretStr = SecretStr("")
    ACCESS_TOKEN_DAYS: int = Field(default=30, ge=1, le=365)

    POSTGRES_SERVER: Host = "127.0.0.1"
    POSTGRES_PORT: int = Field(default=5432, ge=1, le=65535)
    POSTGRES_DB: str = "app"
    POSTGRES_USER: str = "postgres"
    POSTGRES_PASSWORD: SecretStr = SecretStr("")
    DATABASE_POOL_SIZE: int = Field(default=10, ge=2, le=200)

    REDIS_HOST: Host = "127.0.0.1"
    REDIS_PORT: int = Field(default=6379, ge=1, le=65535)
    REDIS_DB: int = Field(default=0, ge=0, le=1000)
    REDIS_PASSWORD: SecretStr = SecretStr("")
    REDIS_PREFIX: str = Field(default="aipic", pattern=r"^[a-z0-9_-]{1,32}$")

    STORAGE_BACKEND: Literal["local", "s3"] = "local"
    MEDIA_ROOT: Path = ROOT / ".data" / "media"
    S3_ENDPOINT: str = ""
    S3_PUBLIC_ENDPOINT: str = ""
    S3_BUCKET: str = ""
    S3_REGION: str = "us-east-1"
    S3_ACCESS_KEY_ID: SecretStr = SecretStr("")
    S3_SECRET_ACCESS_KEY: SecretStr = SecretStr("")
    S3_VIRTUAL_HOSTED: bool = False
    PHOTO_RETENTION_DAYS: int = Field(default=30, ge=1, le=3650)
    LINK_HOURS: int = Field(default=24, ge=1, le=168)

    SMTP_HOST: Annotated[str, BeforeValidator(_reachable)] = ""
    SMTP_PORT: int = Field(default=587, ge=1, le=65535)
    SMTP_USER: str = ""
    SMTP_PASSWORD: SecretStr = SecretStr("")
    SMTP_TLS: bool = True
    SMTP_SSL: bool = False
    EMAILS_FROM_EMAIL: str = ""
    EMAILS_FROM_NAME: str = ""

    WELCOME_POINTS: int = Field(default=100, ge=0, le=1_000_000)
    EMOJI_COST: int = Field(default=10, ge=0, le=1_000_000)
    EMOJI_FORMATS: Texts = Field(default_factory=lambda: ["mp4", "gif", "webp"])
    EMOJI_SIZE: int = Field(default=512, ge=128, le=1024)
    EMOJI_MAX_ACTIVE: int = Field(default=20, ge=1, le=10_000)
    EMOJI_ATTEMPTS: int = Field(default=3, ge=1, le=20)
    EMOJI_DEADLINE_SECONDS: int = Field(default=900, ge=10, le=86_400)
    ENGINE: str = "local"
    ENGINE_MEMORY_MB: int = Field(default=1024, ge=256, le=65_536)
    RENDER_TIMEOUT_SECONDS: int = Field(default=120, ge=1, le=3600)

    WORKER_RENDERS: int = Field(default=0, ge=0, le=256)
    WORKER_INTERACTIVE: int = Field(default=100, ge=1, le=1000)
    WORKER_GRACE_SECONDS: int = Field(default=25, ge=1, le=600)
    WORKER_METRICS_PORT: int = Field(default=0, ge=0, le=65535)
    WORKER_PULSE_FILE: Path | None = None
    LEASE_SECONDS: float = Field(default=12.0, ge=1, le=600)
    SWEEP_SECONDS: float = Field(default=2.0, ge=0.1, le=60)

    RATE_SIGN_IN: str = "20/minute"
    RATE_CODE_ADDRESS: str = "20/hour"
    RATE_CODE_MAIL: str = "5/hour"
    RATE_UPLOAD: str = "60/minute"
    RATE_CREATE: str = "120/minute"

    @cached_property
    def database_url(self) -> str:
        """The address for SQLAlchemy's asyncpg driver; holds the password, so it is never printed."""
        password = quote(self.POSTGRES_PASSWORD.get_secret_value(), safe="")
        return (
            f"postgresql+asyncpg://{quote(self.POSTGRES_USER, safe='')}:{password}"
            f"@{self.POSTGRES_SERVER}:{self.POSTGRES_PORT}/{quote(self.POSTGRES_DB, safe='')}"
        )

    @cached_property
    def redis_url(self) -> str:
        """The address of Redis; holds the password, so it is never printed."""
        password = self.REDIS_PASSWORD.get_secret_value()
        login = f":{quote(password, safe='')}@" if password else ""
        return f"redis://{login}{self.REDIS_HOST}:{self.REDIS_PORT}/{self.REDIS_DB}"

    @cached_property
    def json_logs(self) -> bool:
        """Machines read the logs outside of local work."""
        return self.LOG_FORMAT == "json" or (self.LOG_FORMAT == "auto" and self.ENVIRONMENT != "local")

    @model_validator(mode="after")
    def _refuse_weak_secrets(self) -> Self:
        weak = list(self._weak_secrets())
        if weak and self.ENVIRONMENT != "local":
            raise ValueError(
                f"ENVIRONMENT={self.ENVIRONMENT} 不接受占位或过短的密钥 / "
                f"refuses placeholder or short secrets: {', '.join(weak)}"
            )
        if not self.SECRET_KEY.get_secret_value():
            raise ValueError(
                "SECRET_KEY 没有设置，请运行 ./aipic up 或在 .env 里填写 / SECRET_KEY is not set: fill it in .env"
            )
        return self

    def _weak_secrets(self) -> list[str]:
        weak = []
        for name, shortest in (("SECRET_KEY", _SHORTEST_SECRET), ("POSTGRES_PASSWORD", _SHORTEST_PASSWORD)):
            value: str = getattr(self, name).get_secret_value()
            plain = value.casefold()
            if len(value) < shortest or any(plain.startswith(word) for word in _PLACEHOLDERS):
                weak.append(name)
        redis = self.REDIS_PASSWORD.get_secret_value().casefold()
        if redis and any(redis.startswith(word) for word in _PLACEHOLDERS):
            weak.append("REDIS_PASSWORD")
        return weak


def load_settings() -> Settings:
    """Read the settings; AIPIC_ENV_FILE names another file than the root's `.env`.

    Raises pydantic's ValidationError, which names each wrong setting, never its value.
    """
    return Settings(_env_file=os.environ.get("AIPIC_ENV_FILE", ROOT / ".env"))
