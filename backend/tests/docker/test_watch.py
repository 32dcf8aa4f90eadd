"""`docker compose watch`: an edit is live within seconds, a changed lock builds the image anew."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.docker.stack import Stack, _environment, until


@pytest.fixture(scope="module")
def watching(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    log = tmp_path_factory.mktemp("watch") / "watch.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["docker", "compose", "watch", "--no-up"],
            cwd=stack.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            until(lambda: "Watch enabled" in log.read_text() or "watching" in log.read_text().lower(), 30)
            yield log
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def test_an_edit_is_live_within_seconds(stack: Stack, watching: Path) -> None:
    file = stack.folder / "backend" / "app" / "main.py"
    content = file.read_text("utf-8")
    time.sleep(1)
    started = time.monotonic()
    file.write_text(content.replace("One photo", "One portrait photo").replace("One portrait", "One edited"), "utf-8")

    def live() -> bool:
        document = httpx.get(f"{stack.url}/api/v1/openapi.json", timeout=2).json()
        return str(document["info"]["summary"]).startswith("One edited")

    until(live, 30, pause=0.1)
    stack.timings["edit to live"] = time.monotonic() - started
    assert stack.timings["edit to live"] < 8, watching.read_text()
    file.write_text(content, "utf-8")


def test_the_worker_starts_anew_after_an_edit(stack: Stack, watching: Path) -> None:
    (container,) = stack.containers("worker")
    before = stack.inspect(container)["State"]["StartedAt"]
    file = stack.folder / "backend" / "app" / "emoji" / "tasks" / "running.py"
    content = file.read_text("utf-8")
    file.write_text(f"{content}\n# edited\n", "utf-8")
    until(lambda: stack.inspect(stack.containers("worker")[0])["State"]["StartedAt"] != before, 30)
    until(
        lambda: "# edited" in stack.compose("exec", "-T", "worker", "tail", "-1", "app/emoji/tasks/running.py").stdout,
        10,
    )
    file.write_text(content, "utf-8")


def test_a_changed_lock_builds_anew(stack: Stack, watching: Path) -> None:
    quiet(watching)
    stack.timings["changed lock to live"] = built_anew(stack, watching, stack.folder / "backend" / "requirements.lock")


def test_edits_and_a_changed_lock_at_once_as_git_pull_brings_them(stack: Stack, watching: Path) -> None:
    """Restarting the worker and renewing it must not meet."""
    quiet(watching)
    edited = stack.folder / "backend" / "app" / "emoji" / "tasks" / "running.py"
    content = edited.read_text("utf-8")
    edited.write_text(f"{content}\n# pulled\n", "utf-8")
    built_anew(stack, watching, stack.folder / "backend" / "requirements.lock")
    for service in ("backend", "worker"):
        last = stack.compose("exec", "-T", service, "tail", "-1", "app/emoji/tasks/running.py")
        assert last.stdout == "# pulled\n", watching.read_text()


def built_anew(stack: Stack, watching: Path, lock: Path) -> float:
    """Change the lock; the seconds until backend and worker run on a new image."""
    (before,) = stack.containers("backend")
    lock.write_text(lock.read_text("utf-8") + "# changed\n", "utf-8")
    started = time.monotonic()
    try:
        until(lambda: stack.containers("backend") not in ([], [before]), 90, pause=1)
        until(lambda: httpx.get(f"{stack.url}/api/v1/utils/health-check/", timeout=2).text == "true", 60)
        image = stack.inspect(stack.containers("backend")[0])["Image"]
        until(lambda: stack.inspect(stack.containers("worker")[0])["Image"] == image, 30)
    except AssertionError as error:
        raise AssertionError(watching.read_text()) from error
    return time.monotonic() - started


def quiet(watching: Path) -> None:
    """Come back when Compose has worked off the edits before: nothing new in what it prints for some seconds."""
    seen, since = "", time.monotonic()
    while time.monotonic() - since < 3:
        time.sleep(0.25)
        if (now := watching.read_text("utf-8")) != seen:
            seen, since = now, time.monotonic()
