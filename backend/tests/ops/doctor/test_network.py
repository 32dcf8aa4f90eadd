from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.ops.doctor.checks import network
from app.ops.embedded import free_port
from tests.ops.doctor.conftest import MakeSetup, codes, config, only
from tests.ops.doctor.fake_docker import FakeDocker


class Registry(BaseHTTPRequestHandler):
    code = 401

    def do_GET(self) -> None:
        assert self.path == "/v2/"
        self.send_response(self.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def registry() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_only_when_asked(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says("compose config", config(adminer={"image": "no-such-host.invalid/adminer:5"}))
    assert list(network.registries(make_setup("A=1\n"))) == []


def test_healthy(docker: FakeDocker, make_setup: MakeSetup, registry: str) -> None:
    docker.says("compose config", config(backend={"build": {"args": {"REGISTRY": f"{registry}/library"}}}))
    (found,) = network.registries(make_setup("A=1\n", network=True))
    assert registry in found.what.en
    assert codes([found]) == []


def test_too_many_requests(
    docker: FakeDocker, make_setup: MakeSetup, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "code", 429)
    docker.says("compose config", config(adminer={"image": f"{registry}/adminer:5"}))
    found = only(network.registries(make_setup("A=1\n", network=True)))
    assert found.code == "D40"
    assert "docker login" in str(found.cause)


def test_unreachable(docker: FakeDocker, make_setup: MakeSetup) -> None:
    docker.says("compose config", config(adminer={"image": f"127.0.0.1:{free_port()}/adminer:5"}))
    assert codes(network.registries(make_setup("A=1\n", network=True))) == ["WARN D40"]


@pytest.mark.parametrize("works", [True, False])
def test_mirror_of_the_hub(
    docker: FakeDocker, make_setup: MakeSetup, registry: str, monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    monkeypatch.setattr(network, "_HUB", f"http://127.0.0.1:{free_port()}")
    mirror = f"http://{registry}/" if works else f"http://127.0.0.1:{free_port()}"
    docker.says("info", {"RegistryConfig": {"Mirrors": [mirror]}})
    docker.says("compose config", config(mailcatcher={"image": "axllent/mailpit:v1"}))
    found = list(network.registries(make_setup("A=1\n", network=True)))
    assert codes(found) == ([] if works else ["WARN D40"])
    assert works or mirror in str(found[0].cause)


def test_proxy_of_the_shell_only(docker: FakeDocker, make_setup: MakeSetup) -> None:
    proxy = {"HTTPS_PROXY": "http://user:proxy-secret@127.0.0.1:7890"}
    found = only(network.proxies(make_setup(environment=proxy)))
    assert found.code == "D41"
    assert "proxy-secret" not in str(found)
    docker.says("info", {"HttpsProxy": "http://proxy.example:1"})
    assert codes(network.proxies(make_setup(environment=proxy))) == []


def test_proxy_that_means_the_container(docker: FakeDocker, make_setup: MakeSetup, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    settings = {"proxies": {"default": {"httpsProxy": "http://127.0.0.1:7890"}}}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(settings))
    found = only(network.proxies(make_setup()))
    assert found.command
    assert "host.docker.internal" in found.command.en
