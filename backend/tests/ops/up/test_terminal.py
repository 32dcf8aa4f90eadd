from __future__ import annotations

import contextlib
import io
import os
import pty
import threading
import time
from typing import TYPE_CHECKING

from app.ops.up.child import Child
from app.ops.up.log_file import KEPT, LogFile, shorten
from app.ops.up.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Held(io.StringIO):
    """A terminal that shows nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def write(self, words: str) -> int:
        self.free.wait()
        return super().write(words)


def test_a_held_terminal_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIPIC_LANG", "en")
    stream = Held()
    terminal = Terminal(stream, tmp_path / "up.log")
    begun = time.monotonic()
    for number in range(3000):
        terminal.line("worker", f"line {number}")
    assert time.monotonic() - begun < 5.0
    stream.free.set()
    terminal.close()
    shown = stream.getvalue()
    assert "worker   │ line 0\n" in shown
    assert "lines not shown, the terminal was too slow" in shown
    assert (tmp_path / "up.log").read_text().count("worker   │ line ") == 3000


def test_a_child_cannot_move_the_cursor(tmp_path: Path) -> None:
    stream = io.StringIO()
    terminal = Terminal(stream, tmp_path / "up.log")
    terminal.line("backend", "\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J\x1b[Hgone\x00\x08\x1b")
    terminal.close()
    assert stream.getvalue() == "backend  │ red gone\n"
    assert (tmp_path / "up.log").read_text().endswith(" backend  │ red gone\n")


def test_on_a_terminal_there_is_a_moving_line_that_makes_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        terminal = Terminal(stream, tmp_path / "up.log")
        terminal.doing("正在启动 " * 40)
        time.sleep(0.25)
        terminal.line("worker", "\x1b[32mok\x1b[0m")
        terminal.doing("")
        terminal.close()
        os.set_blocking(ours, False)
        shown = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                shown += os.read(ours, 4096)
    os.close(ours)
    assert b"\r\x1b[K" in shown
    assert "\x1b[35mworker   │ \x1b[0m\x1b[32mok\x1b[0m\x1b[0m" in shown.decode()
    assert "正在启动 " * 40 not in shown.decode()


def test_logs_start_anew_when_they_are_large(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    log = LogFile(path, largest=100)
    for number in range(60):
        log.write(f"line {number:04}".encode())
    log.close()
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["x.log", *(f"x.log.{number}" for number in range(1, KEPT + 1))]
    assert all(file.stat().st_size <= 100 for file in tmp_path.iterdir())
    assert path.read_text().endswith("line 0059\n")


def test_the_log_of_a_server_is_shortened_under_its_hands(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with path.open("ab", buffering=0) as server:
        server.write(b"x" * 200)
        shorten(path, largest=100)
        server.write(b"new\n")
    assert path.read_bytes() == b"new\n"
    assert (tmp_path / "x.log.1").stat().st_size == 200


def test_a_full_disk_does_not_stop_the_reader_of_a_child(tmp_path: Path) -> None:
    said: list[str] = []
    log = LogFile(tmp_path / "x.log")
    log.close()
    log._file = open("/dev/full", "ab", buffering=0)  # noqa: SIM115, PTH123
    log.write(b"lost")
    log.close()
    child = Child(
        "worker",
        ["/bin/echo", "x" * 40_000],
        cwd=tmp_path,
        log=tmp_path / "y.log",
        show=lambda _, line: said.append(line),
    )
    child.start({})
    child.last_lines()
    child.stop(grace=1.0)
    assert "".join(said) == "x" * 40_000


def test_a_child_past_its_grace_is_killed(tmp_path: Path) -> None:
    said: list[str] = []
    script = "trap 'echo asked' TERM; echo up; while :; do sleep 0.05; done"
    show = lambda _, line: said.append(line)  # noqa: E731
    child = Child("worker", ["/bin/sh", "-c", script], cwd=tmp_path, log=tmp_path / "x.log", show=show)
    child.start({})
    while not said:
        time.sleep(0.01)
    child.stop(grace=0.3)
    assert said[:2] == ["up", "asked"]  # the shell may still say that its sleep was killed
    assert not child.started
