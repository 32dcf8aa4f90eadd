"""The running stack: the way from a photo to a sticker, mails, the database's page, the proxy, many workers."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.docker.customer import PHOTO, Customer
from tests.docker.stack import Stack, until


def test_the_health_check_says_true(stack: Stack) -> None:
    assert stack.first_answer == "true"  # in the moment in which `up -d` came back, as the README shows it
    assert stack.run("curl", "--silent", f"{stack.url}/api/v1/utils/health-check/").stdout == "true"


def test_everything_is_healthy(stack: Stack) -> None:
    for service in ("backend", "worker"):
        (container,) = stack.containers(service)
        assert stack.inspect(container)["State"]["Health"]["Status"] == "healthy"
    names = stack.compose("ps", "--all", "--format", "{{.Name}} {{.State}}").stdout.splitlines()
    assert "ai-pic-test-backend-1 running" in names
    assert "ai-pic-test-prestart-1 exited" in names
    ready = httpx.get(f"{stack.url}/api/v1/utils/ready").json()["data"]
    assert ready["status"] == "ok", ready


def test_a_sticker_is_made(stack: Stack, tmp_path: Path) -> None:
    target = tmp_path / "wink.webp"
    home = {"HOME": str(tmp_path)}
    stack.timed("make", "./aipic", "make", "--server", stack.url, str(PHOTO), "-t", "wink", "-o", str(target), env=home)
    assert target.read_bytes()[8:12] == b"WEBP"


def test_a_mail_is_caught(stack: Stack) -> None:
    address = "somebody@example.com"
    answer = httpx.post(f"{stack.url}/api/v1/auth/email/code", json={"email": address})
    assert answer.status_code == 202, answer.text
    catcher = f"http://localhost:{stack.ports['MAILCATCHER_PORT']}/api/v1"
    (mail, *_) = until(lambda: httpx.get(f"{catcher}/search", params={"query": f"to:{address}"}).json()["messages"], 20)
    content = httpx.get(f"{catcher}/message/{mail['ID']}").json()
    code = re.search(r"\b\d{6}\b", content["Text"])
    assert code
    signed_in = httpx.post(
        f"{stack.url}/api/v1/auth/email/verify",
        json={"email": address, "code": code[0], "device_id": "a-device-of-thirty-two-characters"},
    )
    assert signed_in.status_code == 200, signed_in.text


def test_adminer_signs_in_to_the_database(stack: Stack) -> None:
    with httpx.Client(base_url=f"http://localhost:{stack.ports['ADMINER_PORT']}", follow_redirects=True) as client:
        page = client.get("/").text
        server = f"host.docker.internal:{stack.setting('POSTGRES_PORT')}"
        assert server in page
        form = {"driver": "pgsql", "server": server, "db": stack.setting("POSTGRES_DB")}
        form |= {"username": stack.setting("POSTGRES_USER"), "password": stack.setting("POSTGRES_PASSWORD")}
        token = re.search(r"name=['\"]token['\"] value=['\"]([^'\"]+)", page)
        fields = {f"auth[{name}]": value for name, value in form.items()} | ({"token": token[1]} if token else {})
        signed_in = client.post("/", data=fields).text
    assert "emoji_tasks" in signed_in


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [("api.localhost", "/api/v1/utils/health-check/", "true"), ("adminer.localhost", "/", "Adminer")],
)
def test_the_proxy_routes(stack: Stack, host: str, path: str, expected: str) -> None:
    url = f"http://127.0.0.1:{stack.ports['PROXY_PORT']}{path}"

    def routed() -> bool:
        answer = httpx.get(url, headers={"Host": host}, follow_redirects=False)
        return answer.status_code == 200 and expected in answer.text

    until(routed, 20)


def test_the_proxy_has_a_page_of_its_own(stack: Stack) -> None:
    answer = httpx.get(f"http://localhost:{stack.ports['PROXY_UI_PORT']}/api/http/routers").json()
    assert {router["rule"] for router in answer} >= {"Host(`api.localhost`)", "Host(`adminer.localhost`)"}


def test_ports_are_open_to_this_computer_only(stack: Stack) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.connect(("192.0.2.1", 9))  # sends nothing: asks which address this machine has towards others
        address = other.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(OSError, match=r"refused|timed out"):
        socket.create_connection((address, stack.ports["BACKEND_PORT"]), timeout=3).close()


def test_three_workers_share_the_work_and_one_that_is_killed_loses_nothing(stack: Stack) -> None:
    stack.compose("up", "--detach", "--wait", "--no-deps", "--no-recreate", "--scale", "worker=3", "worker")
    workers = stack.containers("worker")
    assert len(workers) == 3
    with Customer(stack.url) as customer:
        customer.upload()
        tasks = [customer.order() for _ in range(9)]
        until(lambda: any(customer.task(task)["status"] == "processing" for task in tasks), 30, pause=0.05)
        stack.run("docker", "kill", "--signal", "KILL", workers[0])
        over = customer.finished(tasks, 120)
        assert {task["status"] for task in over} == {"completed"}
        balance = customer.data(customer.client.get("/points/balance"))
        assert balance["balance"] == 100 - 9 * 10
    took = [stack.run("docker", "logs", worker).stdout.count("task_claimed") for worker in workers]
    assert sum(count > 0 for count in took) >= 2, took
    checked = stack.compose("run", "--rm", "--no-deps", "backend", "python", "-m", "app.cli", "ledger", "check")
    assert checked.returncode == 0
    stack.compose("up", "--detach", "--wait", "--no-deps", "--scale", "worker=1", "worker")


def test_memory_stays_within_its_limits(stack: Stack) -> None:
    for service, most in (("backend", 400), ("worker", 1500)):
        (container,) = stack.containers(service)
        used = stack.run("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", container).stdout
        amount, unit = re.findall(r"([\d.]+)([MG]i?B)", used)[0]
        assert float(amount) * (1024 if unit.startswith("G") else 1) < most, used


def test_stops_in_order_and_quickly(stack: Stack) -> None:
    started = time.monotonic()
    stack.compose("stop", "backend", "worker")
    stack.timings["stop"] = time.monotonic() - started
    assert stack.timings["stop"] < 12
    for service in ("backend", "worker"):
        container = stack.compose("ps", "--all", "--quiet", service).stdout.split()[0]
        assert stack.inspect(container)["State"]["ExitCode"] in (0, 143)
    assert "worker_stopped" in stack.compose("logs", "worker").stdout
    stack.compose("up", "--detach", "--wait")
