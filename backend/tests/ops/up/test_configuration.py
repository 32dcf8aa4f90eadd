from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from app.ops.up import configuration
from app.ops.up.configuration import Outside, load_configuration
from app.ops.up.failure import UpFailure
from app.ops.up.texts import _TEXTS, english

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = (
    *("POSTGRES_SERVER", "POSTGRES_PORT", "REDIS_HOST", "REDIS_PORT", "BACKEND_PORT", "BACKEND_WORKERS"),
    *("METRICS_PORT", "SECRET_KEY", "WORKER_GRACE_SECONDS"),
)


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


def test_without_any_setting_the_servers_are_embedded(tmp_path: Path) -> None:
    read = load_configuration(tmp_path)
    assert (read.postgres, read.redis, read.postgres_port, read.redis_port) == (None, None, None, None)
    assert (read.backend_port, read.metrics_port, read.grace) == (8000, None, 25)
    assert read.workers == 1
    assert not read.own_secret_key


def test_the_environment_comes_before_the_file_and_empty_is_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(
        "POSTGRES_SERVER=db.example\nPOSTGRES_PORT=6000\nREDIS_HOST=\nBACKEND_PORT=8100\nSECRET_KEY='a b'\n# X\n"
    )
    monkeypatch.setenv("BACKEND_PORT", "8200")
    read = load_configuration(tmp_path)
    assert read.postgres == Outside("db.example", 6000)
    assert read.redis is None
    assert read.backend_port == 8200
    assert read.own_secret_key


def test_a_copy_of_the_example_wishes_for_no_ports(tmp_path: Path) -> None:
    example = configuration.ROOT / ".env.example"
    (tmp_path / ".env").write_text(example.read_text("utf-8"), "utf-8")
    without = load_configuration(tmp_path / "empty")
    assert load_configuration(tmp_path) == dataclasses.replace(without, places=configuration.Places(tmp_path))


@pytest.mark.parametrize(("inside", "host"), [(False, "127.0.0.1"), (True, "host.docker.internal")])
def test_docker_s_name_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool, host: str
) -> None:
    monkeypatch.setattr(configuration, "in_container", lambda: inside)
    monkeypatch.setenv("POSTGRES_SERVER", "host.docker.internal")
    assert load_configuration(tmp_path).postgres == Outside(host, 5432)


@pytest.mark.parametrize(
    ("name", "value"), [("BACKEND_PORT", "0"), ("BACKEND_WORKERS", "65"), ("WORKER_GRACE_SECONDS", "x")]
)
def test_wrong_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UpFailure, match=f"{name}={value}") as failure:
        load_configuration(tmp_path)
    assert failure.value.exit_code == 2


class TestLanguage:
    @pytest.mark.parametrize(
        ("environment", "expected"),
        [
            ({}, False),
            ({"LANG": "C.UTF-8"}, False),
            ({"LANG": "en_GB.UTF-8"}, True),
            ({"LANG": "en_GB.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, False),
            ({"LANG": "zh_CN", "AIPIC_LANG": "en"}, True),
            ({"LC_MESSAGES": "de_DE", "LANG": "zh_CN"}, True),
        ],
    )
    def test_the_first_variable_that_is_set_decides(
        self, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: bool
    ) -> None:
        for variable in ("AIPIC_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(variable, raising=False)
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        assert english() is expected

    def test_both_languages_name_the_same_things(self) -> None:
        import string

        for key, languages in _TEXTS.items():
            names = [{field for _, field, _, _ in string.Formatter().parse(one) if field} for one in languages]
            assert names[0] == names[1], key
