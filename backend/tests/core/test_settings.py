"""Settings: placeholders refused, secrets never shown, and the example file complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from app.core.settings import ROOT, Settings, load_settings

GOOD = {
    "SECRET_KEY": "b1946ac92492d2347c6235b4d2611184b1946ac9",
    "POSTGRES_PASSWORD": "long-enough-and-random",
}


def made(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SECRET_KEY": "changethis"}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "b1946ac9"}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "changethis-but-made-longer-than-32-characters"}, ["SECRET_KEY"]),
        ({"POSTGRES_PASSWORD": "changethis"}, ["POSTGRES_PASSWORD"]),
        ({"POSTGRES_PASSWORD": ""}, ["POSTGRES_PASSWORD"]),
        ({"SECRET_KEY": "", "POSTGRES_PASSWORD": "x"}, ["SECRET_KEY", "POSTGRES_PASSWORD"]),
        ({"REDIS_PASSWORD": "changethis"}, ["REDIS_PASSWORD"]),
    ],
)
def test_fault_28_placeholder_secrets_are_refused_by_name(
    environment: str, changes: dict[str, str], named: list[str]
) -> None:
    with pytest.raises(ValidationError) as refusal:
        made(ENVIRONMENT=environment, **(GOOD | changes))
    message = str(refusal.value)
    for name in named:
        assert name in message
    for value in (GOOD | changes).values():
        assert not value or value not in message


def test_good_secrets_are_taken() -> None:
    assert made(ENVIRONMENT="production", **GOOD).ENVIRONMENT == "production"


def test_a_secret_key_is_needed_even_locally() -> None:
    with pytest.raises(ValidationError, match="SECRET_KEY"):
        made()


def test_secrets_are_not_printed() -> None:
    shown = repr(made(**GOOD, SMTP_PASSWORD="mail-password", SENTRY_DSN="https://key@sentry.example/1"))
    for value in (*GOOD.values(), "mail-password", "key@sentry"):
        assert value not in shown


def test_addresses_are_escaped() -> None:
    settings = made(**(GOOD | {"POSTGRES_PASSWORD": "p@ss/w:rd#1"}), REDIS_PASSWORD="r@dis/1")
    assert "p%40ss%2Fw%3Ard%231@" in settings.database_url
    assert settings.redis_url.startswith("redis://:r%40dis%2F1@")


def test_the_host_of_containers_is_this_machine_outside_of_one() -> None:
    settings = made(**GOOD, POSTGRES_SERVER="host.docker.internal", REDIS_HOST="host.docker.internal")
    expected = "host.docker.internal" if Path("/.dockerenv").exists() else "127.0.0.1"
    assert settings.POSTGRES_SERVER == settings.REDIS_HOST == expected


def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKEND_CORS_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8,::1")
    settings = made(**GOOD)
    assert settings.BACKEND_CORS_ORIGINS == ["https://a.example", "https://b.example"]
    assert [str(network) for network in settings.TRUSTED_PROXIES] == ["10.0.0.0/8", "::1/128"]


def test_another_file_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings"
    file.write_text(f"SECRET_KEY={GOOD['SECRET_KEY']}\nEMOJI_COST=3\n")
    monkeypatch.setenv("AIPIC_ENV_FILE", str(file))
    assert load_settings().EMOJI_COST == 3


class TestExample:
    content = (ROOT / ".env.example").read_text("utf-8")
    values: ClassVar = dict(re.findall(r"^#?([A-Z0-9_]+)=(.*)$", content, re.MULTILINE))
    COMPOSE = frozenset(
        name
        for file in ROOT.glob("docker-compose*.yml")
        for name in re.findall(r"(?<!\$)\$\{(\w+)", file.read_text("utf-8"))
    )
    # Read by Compose, by the launcher, and by the server before it has settings.
    OTHERS = COMPOSE - set(Settings.model_fields) | {
        *("COMPOSE_PROJECT_NAME", "BACKEND_WORKERS", "PRESTART_WAIT_SECONDS", "SERVICES_BIND")
    }

    def test_has_every_setting(self) -> None:
        assert set(Settings.model_fields) - set(self.values) == set()

    def test_has_no_other_setting(self) -> None:
        assert set(self.values) - set(Settings.model_fields) == self.OTHERS

    @pytest.mark.parametrize("name", sorted(set(values) & set(Settings.model_fields)))
    def test_shows_the_default(self, name: str) -> None:
        default = Settings.model_fields[name].get_default(call_default_factory=True)
        if f"#{name}=" in self.content:
            return  # a suggestion, not the default
        shown = self.values[name]
        if hasattr(default, "get_secret_value"):
            default = default.get_secret_value()
        if isinstance(default, list):
            default = ",".join(default)
        if isinstance(default, bool):
            default = str(default).lower()
        if isinstance(default, float):
            assert float(shown) == default
        else:
            assert shown == str(default)
