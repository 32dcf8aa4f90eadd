"""As on a server: Traefik with HTTPS in front, a certificate of the test's own, and an update under load."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.docker.customer import Customer
from tests.docker.stack import Stack, until

DOMAIN = "stickers.test"
TRAEFIK = ("-f", "docker-compose.traefik.yml", "-f", "certificate.yml")
BASE = ("-p", "ai-pic-test-public", "-f", "docker-compose.yml")
CERTIFICATE = """
services:
  traefik:
    command: !override
{command}
      - --providers.file.filename=/own/dynamic.yml
    volumes:
      - ./own:/own:ro
"""
DYNAMIC = """
tls:
  stores: {default: {defaultCertificate: {certFile: /own/cert.pem, keyFile: /own/key.pem}}}
"""


class Server:
    """The stack behind its public entrance."""

    def __init__(self, stack: Stack, env: dict[str, str]) -> None:
        self.stack = stack
        self.env = env
        self.verify = ssl.create_default_context(cafile=str(stack.folder / "own" / "cert.pem"))
        self.https = stack.ports["HTTPS_PORT"]

    def client(self, host: str) -> httpx.Client:
        """Someone who asks for a name of the domain, and checks the certificate."""
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.https}",
            headers={"Host": host},
            verify=self.verify,
            timeout=20,
            transport=_Named(host, self.verify),
        )


class _Named(httpx.HTTPTransport):
    """Sends the host's name in TLS too, though it is not in any DNS."""

    def __init__(self, host: str, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify)
        self._host = host

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = self._host
        request.headers["Host"] = self._host
        return super().handle_request(request)


@pytest.fixture(scope="module")
def server(stack: Stack) -> Iterator[Server]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    own = stack.folder / "own"
    own.mkdir()
    names = ",".join(f"DNS:{name}.{DOMAIN}" for name in ("api", "adminer", "traefik"))
    stack.run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={DOMAIN}"),
        *("-addext", f"subjectAltName={names}", "-keyout", str(own / "key.pem"), "-out", str(own / "cert.pem")),
    )
    (own / "dynamic.yml").write_text(DYNAMIC)
    password = stack.run("openssl", "passwd", "-apr1", "a-password").stdout.strip()
    env = {
        "DOMAIN": DOMAIN,
        "EMAIL": f"somebody@{DOMAIN}",
        "DASHBOARD_USERS": f"admin:{password}",
        "ENVIRONMENT": "production",
        "STACK_NAME": "ai-pic-public",
        "COMPOSE_PROJECT_NAME": "",
        "BACKEND_WORKERS": "2",
    }
    rendered = stack.run(
        *("docker", "compose", "-p", "entrance", "-f", "docker-compose.traefik.yml", "config", "--format", "json"),
        env=env,
    ).stdout
    command = httpx.Response(200, content=rendered).json()["services"]["traefik"]["command"]
    kept = "\n".join(f"      - '{part}'" for part in command)
    (stack.folder / "certificate.yml").write_text(CERTIFICATE.format(command=kept))
    found = Server(stack, env)
    entrance = ("-p", "ai-pic-test-entrance", *TRAEFIK)
    try:
        # Both stacks have one database and one queue, but each its own files: only one may work at a time.
        stack.compose("stop", "backend", "worker")
        stack.compose(*entrance, "up", "--detach", "--wait", env=env)
        stack.compose(*BASE, "up", "--detach", "--wait", env=env, timeout=180)
        with found.client(f"api.{DOMAIN}") as client:
            until(lambda: client.get("/api/v1/utils/health-check/").text == "true", 30)
        yield found
    finally:
        print(stack.compose(*entrance, "logs", "--tail", "40", env=env, check=False).stdout[-3000:])
        stack.compose(*BASE, "down", "--volumes", "--timeout", "5", env=env, check=False)
        stack.compose(*entrance, "down", "--volumes", "--timeout", "5", env=env, check=False)
        stack.compose("up", "--detach", "--wait")


def test_plain_http_is_sent_on(server: Server) -> None:
    for host in (f"api.{DOMAIN}", f"adminer.{DOMAIN}", f"traefik.{DOMAIN}"):
        answer = httpx.get(f"http://127.0.0.1:{server.stack.ports['HTTP_PORT']}/x", headers={"Host": host})
        assert answer.status_code in (301, 308)
        assert answer.headers["location"].startswith(f"https://{host}")


def test_the_dashboard_wants_its_password(server: Server) -> None:
    with server.client(f"traefik.{DOMAIN}") as client:
        assert client.get("/dashboard/").status_code == 401
        assert client.get("/dashboard/", auth=("admin", "another")).status_code == 401
        assert client.get("/dashboard/", auth=("admin", "a-password")).status_code == 200


def test_links_name_the_public_address(server: Server) -> None:
    with (
        server.client(f"api.{DOMAIN}") as client,
        Customer(str(client.base_url), transport=client._transport) as customer,
    ):
        customer.upload()
        (task,) = customer.finished([customer.order()], 60)
        assert task["status"] == "completed"
        assert task["result"]["webp_url"].startswith(f"https://api.{DOMAIN}/")


def test_an_update_fails_no_request(server: Server) -> None:
    stack = server.stack
    stack.run("docker", "tag", "backend:latest", "backend:next")
    stop = threading.Event()
    answers: list[object] = []

    def ask() -> None:
        with server.client(f"api.{DOMAIN}") as client:
            token = client.post("/api/v1/auth/login", json={"device_id": f"{threading.get_ident():032}"}).json()
            headers = {"Authorization": f"Bearer {token['data']['access_token']}"}
            while not stop.is_set():
                try:
                    answers.append(client.get("/api/v1/user/profile", headers=headers).status_code)
                    nickname = {"nickname": f"update {len(answers)}"}
                    answers.append(client.put("/api/v1/user/profile", headers=headers, json=nickname).status_code)
                except httpx.HTTPError as error:
                    answers.append(repr(error))
                time.sleep(0.01)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)
        before = len(answers)
        env = server.env | {"TAG": "next", "COMPOSE_PROJECT_NAME": "ai-pic-test-public"}
        started = time.monotonic()
        done = stack.run("scripts/deploy.sh", env=env, timeout=240)
        stack.timings["rolling update"] = time.monotonic() - started
        time.sleep(1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(answers) - before > 200
    assert set(answers) == {200}, [answer for answer in answers if answer != 200][:5]
    (container,) = stack.compose(*BASE, "ps", "--quiet", "backend", env=server.env).stdout.split()
    assert stack.inspect(container)["Config"]["Image"] == "backend:next"
    assert "1 backend, 1 worker" in done.stdout


def test_a_version_that_does_not_come_up_leaves_the_old_one(server: Server, tmp_path: Path) -> None:
    stack = server.stack
    (tmp_path / "Dockerfile").write_text('FROM backend:latest\nCMD ["python", "-c", "raise SystemExit(3)"]\n')
    stack.run("docker", "build", "--quiet", "--tag", "backend:broken", str(tmp_path))
    before = stack.compose(*BASE, "ps", "--quiet", "backend", env=server.env).stdout
    env = server.env | {"TAG": "broken", "COMPOSE_PROJECT_NAME": "ai-pic-test-public"}
    done = stack.run("scripts/deploy.sh", env=env, check=False, timeout=240)
    assert done.returncode == 1
    assert "the old one goes on" in done.stdout
    assert stack.compose(*BASE, "ps", "--quiet", "backend", env=server.env).stdout == before
    with server.client(f"api.{DOMAIN}") as client:
        assert client.get("/api/v1/utils/health-check/").text == "true"
    subprocess.run(["docker", "image", "rm", "backend:broken"], capture_output=True, check=False)
