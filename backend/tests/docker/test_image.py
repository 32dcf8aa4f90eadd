"""What is in the image, what is not, and what makes which layer anew."""

from __future__ import annotations

import json
import re

from tests.docker.stack import Stack

IMAGE = "backend:latest"
MOST_BYTES = 700_000_000


def inside(stack: Stack, script: str, *options: str) -> str:
    return stack.run("docker", "run", "--rm", "--network", "none", *options, IMAGE, "sh", "-c", script).stdout.strip()


def test_is_not_too_large(stack: Stack) -> None:
    assert int(stack.run("docker", "image", "inspect", "--format", "{{.Size}}", IMAGE).stdout) < MOST_BYTES


def test_nobody_is_root(stack: Stack) -> None:
    assert inside(stack, "id -u; id -g").split() == ["10001", "10001"]
    assert inside(stack, "find /app /media ! -user aipic | head") == ""
    assert inside(stack, "find /opt/venv -writable ! -type l | head -n 1") == ""


def test_python_is_new(stack: Stack) -> None:
    assert inside(stack, "python --version").startswith("Python 3.13")


def test_no_secret_is_in_a_layer(stack: Stack) -> None:
    secrets = [stack.setting(name) for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")]
    assert all(len(secret) >= 20 for secret in secrets)
    history = stack.run("docker", "history", "--no-trunc", "--format", "{{.CreatedBy}}", IMAGE).stdout
    environment = stack.run("docker", "image", "inspect", "--format", "{{json .Config.Env}}", IMAGE).stdout
    for secret in secrets:
        assert secret not in history
        assert secret not in environment
        assert inside(stack, f"grep -rlF -- {secret} /app /opt /media /tmp /root /home 2>/dev/null | head") == ""
    assert inside(stack, "ls -a / /app /media | grep -F .env || true") == ""


def test_no_caches_and_no_tests(stack: Stack) -> None:
    left = (
        "find / -xdev \\( -path '/root/.cache/*' -o -path '/var/cache/apt/*.deb' -o -path '/app/tests*' \\) 2>/dev/null"
    )
    assert inside(stack, left, "--user", "0") == ""
    assert inside(stack, "ls /app").split() == [
        *("alembic.ini", "app", "migrations", "pyproject.toml", "requirements-uv.lock", "requirements.lock"),
        *("scripts", "worker"),
    ]


def test_names_every_package_in_a_bill_of_materials(stack: Stack) -> None:
    bill = json.loads(inside(stack, "cat /opt/venv/sbom.cdx.json"))
    assert bill["bomFormat"] == "CycloneDX"
    named = {(part["name"].lower().replace("_", "-"), part["version"]) for part in bill["components"][1:]}
    lock = (stack.folder / "backend" / "requirements.lock").read_text("utf-8")
    pinned = set(re.findall(r"^([\w.-]+)==([\w.!+-]+)", lock, re.MULTILINE))
    assert {name for name, _ in named} <= {name.replace("_", "-") for name, _ in pinned}
    assert ("fastapi", dict(pinned)["fastapi"]) in named
    assert len(named) > 50


def test_is_compiled(stack: Stack) -> None:
    assert inside(
        stack, "ls /app/app/__pycache__/main.*.pyc /opt/venv/lib/python3*/site-packages/fastapi/__pycache__/*.pyc"
    )


def test_an_edit_builds_only_the_last_layers(stack: Stack) -> None:
    file = stack.folder / "backend" / "app" / "main.py"
    kept = file.read_text("utf-8")
    try:
        file.write_text(f"{kept}\n# edited\n", "utf-8")
        told = stack.timed(
            "rebuild after an edit", "docker", "build", "--progress=plain", "--tag", "ai-pic-edit", "backend"
        )
    finally:
        file.write_text(kept, "utf-8")
    steps = re.findall(r"^#(\d+) \[build 2/2\]", told.stderr, re.MULTILINE)
    assert steps
    assert f"#{steps[0]} CACHED" in told.stderr
    assert stack.timings["rebuild after an edit"] < 60
    stack.run("docker", "image", "rm", "ai-pic-edit")
