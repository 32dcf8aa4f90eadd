"""Are the ports free that Compose wants to publish, and if not, who has them."""

from __future__ import annotations

import errno
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.ops.doctor.command import run
from app.ops.doctor.finding import Finding, Level, Words, listed, ok, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ops.doctor.rendered import Port
    from app.ops.doctor.setup import Setup

_SETTINGS: Final = {
    ("backend", 8000): "BACKEND_PORT",
    ("adminer", 8080): "ADMINER_PORT",
    ("proxy", 80): "PROXY_PORT",
    ("proxy", 8080): "PROXY_UI_PORT",
    ("mailcatcher", 8025): "MAILCATCHER_PORT",
    ("mailcatcher", 1080): "MAILCATCHER_PORT",
    ("mailcatcher", 1025): "MAILCATCHER_SMTP_PORT",
}
_LISTENING: Final = "0A"
_KNOCK_SECONDS: Final = 0.5


def ports(setup: Setup) -> Iterator[Finding]:
    """D23: every port that Compose would publish."""
    free = []
    for port in setup.rendered.ports():
        if port.protocol != "tcp" or is_free(port.published, port.host):
            free.append(port.published)
            continue
        holders = _containers(setup, port.published)
        if any(project == setup.rendered.project for _, project in holders):
            free.append(port.published)
            continue
        yield _taken(setup, port, holders)
    if free:
        yield ok("D23", "端口可用：{ports}", "Ports that can be used: {ports}", ports=listed(sorted(set(free))))


def is_free(port: int, host: str = "") -> bool:
    """Whether a server could listen there. Some systems let two do so, so it is also knocked at."""
    for address in [host] if host else ["0.0.0.0", "::"]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind((address, port))
        except OSError as error:
            # A low port is Docker's to open, not ours; a system may be without IPv6.
            if error.errno == errno.EADDRINUSE:
                return False
    try:
        with socket.create_connection((host if host not in {"", "0.0.0.0"} else "127.0.0.1", port), _KNOCK_SECONDS):
            return False
    except OSError:
        return True


def _containers(setup: Setup, port: int) -> list[tuple[str, str]]:
    if not setup.docker.answers:
        return []
    shape = '{{.Names}}\t{{.Label "com.docker.compose.project"}}'
    lines = setup.docker.ask("ps", "--filter", f"publish={port}", "--format", shape).out.splitlines()
    return [(name, project) for name, _, project in (line.partition("\t") for line in lines) if name]


def _taken(setup: Setup, port: Port, holders: list[tuple[str, str]]) -> Finding:
    name = _SETTINGS.get((port.service, port.target), "")
    other = next((number for number in range(port.published + 1, 65536) if is_free(number, port.host)), port.published)
    if other < 1024:
        other = next((number for number in range(8081, 65536) if is_free(number, port.host)), 8081)
    what = Words(
        f"端口 {port.published} 已被占用（{port.service} 要用它）",
        f"Port {port.published} is taken ({port.service} wants it)",
    )
    if holders:
        container, project = holders[0]
        cause = Words(
            f"占用它的是容器 {container}" + (f"（项目 {project}）。" if project else "。"),
            f"The container {container} has it" + (f" (project {project})." if project else "."),
        )
    elif owner := owner_of(setup, port.published):
        pid, program = owner
        cause = Words(f"占用它的是进程 {pid}：{program}", f"Process {pid} has it: {program}")
        if setup.is_mac and program.startswith("ControlCe"):
            cause = Words(
                f"{cause.zh}（macOS 的“隔空播放接收器”，在系统设置里可以关掉）",
                f"{cause.en} (AirPlay Receiver of macOS, which the system's settings can switch off)",
            )
    else:
        cause = Words("占用它的是另一个用户的程序。", "A program of another user has it.")
    if name:
        command = Words(f"换一个：在 .env 里写 {name}={other}", f"Move: write {name}={other} in .env")
    elif holders:
        command = same(f"docker stop {holders[0][0]}")
    else:
        command = Words("停止那个程序", "Stop that program")
    return Finding("D23", Level.FAIL, what, cause, command)


def owner_of(setup: Setup, port: int) -> tuple[int, str] | None:
    """Number and name of the process that listens, as far as we may see it."""
    if Path("/proc/net/tcp").exists():
        return _owner_in_proc(port)
    words = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
    answer = run(words, environment=setup.environment, folder=setup.root)
    pid, program = re.search(r"^p(\d+)", answer.out, re.MULTILINE), re.search(r"^c(.+)", answer.out, re.MULTILINE)
    return (int(pid[1]), program[1]) if pid and program else None


def _owner_in_proc(port: int) -> tuple[int, str] | None:
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in (line.split() for line in lines):
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    if not sockets:
        return None
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if any(os.readlink(handle) in sockets for handle in (process / "fd").iterdir()):  # noqa: PTH115
                return int(process.name), _program(process)
        except OSError:
            continue
    return None


def _program(process: Path) -> str:
    # Arguments may hold secrets: only the program, and a script's name.
    words = (process / "cmdline").read_bytes().split(b"\0")
    names = [Path(os.fsdecode(word)).name for word in words[:2] if word and not word.startswith(b"-")]
    return " ".join(names) or (process / "comm").read_text("utf-8", "replace").strip()
