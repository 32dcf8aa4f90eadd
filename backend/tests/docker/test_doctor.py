"""The doctor before a real stack: it finds nothing wrong, and names what is then made wrong."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from tests.docker.stack import Stack


def ask(stack: Stack, **env: str) -> tuple[int, dict[str, str]]:
    """Exit code, and the level of each finding that is not OK, by its code."""
    done = stack.run("./aipic", "doctor", "--json", check=False, env=env)
    report: dict[str, Any] = json.loads(done.stdout)
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert not (secret := stack.setting(name)) or secret not in done.stdout + done.stderr
    return done.returncode, {found["code"]: found["level"] for found in report["findings"] if found["level"] != "OK"}


def test_a_healthy_stack_is_healthy(stack: Stack) -> None:
    code, found = ask(stack)
    assert (code, [name for name, level in found.items() if level == "FAIL"]) == (0, [])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("POSTGRES_SERVER", "localhost", "D18"),
        ("REDIS_HOST", "127.0.0.1", "D18"),
        ("POSTGRES_PASSWORD", "another-password-1", "D33"),
        ("POSTGRES_DB", "nowhere", "D34"),
        ("REDIS_PASSWORD", "another-password-2", "D38"),
        ("POSTGRES_PORT", "1", "D30"),
        ("SECRET_KEY", "", "D14"),
    ],
)
def test_a_wrong_setting_is_named(stack: Stack, name: str, value: str, expected: str) -> None:
    kept = (stack.folder / ".env").read_bytes()
    with stack.env_file(kept):
        stack.set(**{name: value})
        code, found = ask(stack)
    assert code == 1
    assert found.get(expected) == "FAIL", found


def test_crlf_and_quotes_are_named(stack: Stack) -> None:
    kept = (stack.folder / ".env").read_bytes()
    with stack.env_file(kept.replace(b"\n", b"\r\n")):
        assert "D07" in ask(stack)[1]
    with stack.env_file(kept.replace(b"\nDOMAIN=localhost", b"\nDOMAIN='\"localhost\"'")):
        assert "D08" in ask(stack)[1]


def test_a_taken_port_is_named(stack: Stack) -> None:
    kept = (stack.folder / ".env").read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as taken, stack.env_file(kept):
        stack.set(ADMINER_PORT=taken.getsockname()[1])
        code, found = ask(stack)
    assert (code, found.get("D23")) == (1, "FAIL")


def test_inside_a_container_everything_is_really_tried(stack: Stack) -> None:
    command = ("run", "--rm", "--no-deps", "backend", "python", "-m", "app.ops.doctor", "--json")
    done = stack.compose(*command, check=False)
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (0, True), done.stdout
    assert {"D50", "D51", "D52", "D53", "D54"} <= {found["code"] for found in report["findings"]}
