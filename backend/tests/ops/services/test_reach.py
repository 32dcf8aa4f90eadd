from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from app.ops.embedded import Doors
from app.ops.services import reach
from app.ops.services.failure import ServicesFailure
from app.ops.services.reach import find_reach


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIPIC_LANG", "en")


def docker_says(monkeypatch: pytest.MonkeyPatch, told: Any) -> None:
    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        if isinstance(told, Exception):
            raise told
        return subprocess.CompletedProcess(command, 0, told if isinstance(told, str) else json.dumps(told), "")

    monkeypatch.setattr(subprocess, "run", run)


def bridge(**config: str) -> list[dict[str, Any]]:
    return [{"IPAM": {"Config": [config]}}]


@pytest.mark.parametrize(
    ("told", "remark"),
    [
        (FileNotFoundError(), "There is no docker command"),
        (subprocess.TimeoutExpired("docker", 1), "Docker does not answer"),
        (subprocess.CalledProcessError(1, "docker"), "Docker does not answer"),
        ("no JSON", "set SERVICES_BIND"),
        ([], "set SERVICES_BIND"),
        (bridge(Subnet="198.51.100.0/24", Gateway="198.51.100.1"), "set SERVICES_BIND"),
    ],
)
def test_without_a_bridge_on_this_machine_only_loopback(
    monkeypatch: pytest.MonkeyPatch, told: Any, remark: str
) -> None:
    docker_says(monkeypatch, told)
    found = find_reach("", "linux")
    assert found.doors.listening == ("127.0.0.1",)
    assert remark in found.remark


@pytest.mark.parametrize("config", [{"Subnet": "127.0.0.0/24"}, {"Subnet": "127.0.0.0/24", "Gateway": "127.0.0.1"}])
def test_the_gateway_is_the_first_address_where_it_is_not_named(
    monkeypatch: pytest.MonkeyPatch, config: dict[str, str]
) -> None:
    docker_says(monkeypatch, bridge(**config))
    assert find_reach("", "linux").doors == Doors(
        ("127.0.0.1",), ("samenet", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/24")
    )


def test_macos_needs_no_more_than_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    docker_says(monkeypatch, AssertionError("not asked"))
    assert find_reach("", "darwin") == reach.Reach(Doors())


def test_the_setting_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    docker_says(monkeypatch, AssertionError("not asked"))
    assert find_reach("127.0.0.1", "linux").doors.listening == ("127.0.0.1",)
    assert find_reach("0.0.0.0, 127.0.0.1", "darwin").doors.listening == ("0.0.0.0",)
    for wrong in ("localhost", "198.51.100.1", "::1"):
        with pytest.raises(ServicesFailure, match="is wrong"):
            find_reach(wrong)
