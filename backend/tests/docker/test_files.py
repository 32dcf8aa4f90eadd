"""What Compose makes of the three files, and what it says of a setting that is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docker.stack import Stack

BASE = ("-f", "docker-compose.yml")
PROGRAM = ("prestart", "backend", "worker")


def test_all_of_them_are_valid(project: Stack) -> None:
    project.compose("config", "--quiet")
    project.compose(*BASE, "config", "--quiet")
    public = {"EMAIL": "somebody@example.com", "DASHBOARD_USERS": "admin:$2y$05$abc"}
    project.compose("-f", "docker-compose.traefik.yml", "config", "--quiet", env=public)


def test_locally_every_port_is_open_to_this_computer_only(project: Stack) -> None:
    services = project.rendered()["services"]
    assert set(services) == {*PROGRAM, "adminer", "proxy", "mailcatcher"}
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 6
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    local = {name: value for name, value in project.ports.items() if name not in ("HTTP_PORT", "HTTPS_PORT")}
    assert {int(port["published"]) for port in ports} == set(local.values())


def test_on_a_server_nothing_but_the_proxy_is_open(project: Stack) -> None:
    rendered = project.rendered(*BASE)
    assert set(rendered["services"]) == {*PROGRAM, "adminer"}
    assert not any(service.get("ports") for service in rendered["services"].values())
    assert rendered["networks"]["traefik-public"]["external"] is True


@pytest.mark.parametrize("name", PROGRAM)
def test_the_program_has_no_rights_that_it_does_not_need(project: Stack, name: str) -> None:
    service = project.rendered(*BASE)["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert int(service["deploy"]["resources"]["limits"]["memory"]) >= 2**30
    assert service["logging"]["options"]["max-size"] == "10m"
    assert service["extra_hosts"] == ["host.docker.internal=host-gateway"]


def test_backend_and_worker_wait_for_prestart(project: Stack) -> None:
    services = project.rendered(*BASE)["services"]
    for name in ("backend", "worker"):
        assert services[name]["depends_on"]["prestart"]["condition"] == "service_completed_successfully"


def test_the_worker_may_take_longer_to_stop_than_its_grace(project: Stack) -> None:
    grace = project.rendered(*BASE)["services"]["worker"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) >= 25 + 5


def test_the_project_s_name_is_fixed(project: Stack) -> None:
    rendered = project.run("docker", "compose", "config", "--format", "json", env={"COMPOSE_PROJECT_NAME": ""}).stdout
    assert '"name": "ai-pic"' in rendered or '"name": "ai-pic-test"' in rendered
    assert project.rendered()["name"] == "ai-pic-test"
    assert "\nname: ai-pic\n" in (Path(project.folder) / "docker-compose.yml").read_text("utf-8")


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_SERVER", "POSTGRES_PASSWORD", "REDIS_HOST", "DOMAIN"])
def test_a_missing_setting_is_named(project: Stack, name: str) -> None:
    lines = (project.folder / ".env").read_bytes().splitlines(keepends=True)
    with project.env_file(b"".join(line for line in lines if not line.startswith(name.encode() + b"="))):
        done = project.compose("config", "--quiet", check=False)
    assert done.returncode != 0
    assert name in done.stderr
    assert ".env" in done.stderr
