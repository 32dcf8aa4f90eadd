"""Is there a Docker at all, does it answer, is it new enough, and has it room."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.ops.doctor.command import find_program
from app.ops.doctor.finding import Finding, Level, Words, listed, ok, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ops.doctor.setup import Setup

COMPOSE_NEEDED: Final = (2, 24, 0)
_LITTLE_BYTES: Final = 5 * 10**9
_TOO_LITTLE_BYTES: Final = 10**9
_UNITS: Final = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_STARTS: Final = {
    "colima": "colima start",
    "orbstack": "open -a OrbStack",
    "desktop-linux": "open -a Docker",
    "rancher-desktop": "open -a 'Rancher Desktop'",
}
_WITHOUT: Final = Words(
    "不用 Docker 也能运行：./aipic up（它只需要 Python）。",
    "AI-PIC also runs without Docker: ./aipic up needs nothing but Python.",
)


def docker_command(setup: Setup) -> Iterator[Finding]:
    """D01: is there a ``docker`` command."""
    if setup.docker.path is not None:
        yield ok("D01", "找到了 docker 命令：{path}", "There is a docker command: {path}", path=setup.docker.path)
        return
    mac = same("brew install --cask docker-desktop && open -a Docker")
    linux = same("curl -fsSL https://get.docker.com | sudo sh")
    yield Finding(
        "D01",
        Level.FAIL,
        Words("这台电脑没有安装 Docker", "Docker is not installed on this computer"),
        Words(f"PATH 里没有 docker 命令。{_WITHOUT.zh}", f"There is no docker command on PATH. {_WITHOUT.en}"),
        mac if setup.is_mac else linux,
    )


def docker_engine(setup: Setup) -> Iterator[Finding]:
    """D02: does the Engine answer."""
    docker = setup.docker
    if docker.path is None:
        return
    if docker.server is not None:
        yield ok(
            "D02", "Docker 正在运行（{version}）", "Docker is running ({version})", version=docker.server["Version"]
        )
        return
    said = docker.versions.first_line() if docker.versions.code is not None else ""
    if "permission denied" in docker.versions.err.lower():
        yield Finding(
            "D02",
            Level.FAIL,
            Words("没有权限使用 Docker", "You may not use Docker"),
            Words(
                "Docker 在运行，但你的账号不在 docker 用户组里。加入之后要重新登录一次。",
                "Docker is running, but your account is not in the group docker. Sign out and in again afterwards.",
            ),
            same('sudo usermod -aG docker "$USER"'),
        )
        return
    yield _silent(setup, said)


def _silent(setup: Setup, said: str) -> Finding:
    address = setup.environment.get("DOCKER_HOST")
    contexts = setup.docker.ask("context", "ls", "--format", "{{json .}}").rows()
    current = next((row for row in contexts if row.get("Current")), {})
    name = str(current.get("Name") or "default")
    others = [str(row["Name"]) for row in contexts if row.get("Name") and row["Name"] != name]
    why = Words(
        f"docker 命令装好了，但后台程序没有应答（当前 context：{name}）。",
        f"The docker command is there, but the program behind it does not answer (current context: {name}).",
    )
    if setup.docker.versions.code is None:
        why = Words(f"{why.zh}等了 10 秒。", f"{why.en} It had 10 seconds.")
    command = same(_start_command(setup, name))
    if address:
        why = Words(
            f"环境变量 DOCKER_HOST 指向 {address}，那里没有 Docker 应答。",
            f"The environment variable DOCKER_HOST points to {address}, where no Docker answers.",
        )
        command = same("unset DOCKER_HOST")
    elif others:
        names = listed(others)
        why = Words(
            f"{why.zh}另外还有：{names.zh}；切换：docker context use 名字。",
            f"{why.en} There are also: {names.en}; docker context use NAME switches.",
        )
    lines = (said,) if said and "Cannot connect" not in said else ()
    return Finding("D02", Level.FAIL, Words("Docker 没有启动", "Docker is not running"), why, command, tuple(lines))


def _start_command(setup: Setup, context: str) -> str:
    if setup.is_mac:
        for known, command in _STARTS.items():
            if context.startswith(known):
                return command
        installed = Path("/Applications/Docker.app").exists() or not find_program("colima", setup.environment)
        return "open -a Docker" if installed else "colima start"
    return "systemctl --user start docker-desktop" if context == "desktop-linux" else "sudo systemctl start docker"


def compose_plugin(setup: Setup) -> Iterator[Finding]:
    """D03: is there a Compose that reads our files."""
    docker = setup.docker
    if docker.path is None:
        return
    if docker.compose is not None and docker.compose >= COMPOSE_NEEDED:
        version = ".".join(map(str, docker.compose))
        yield ok("D03", "docker compose 可用（{version}）", "docker compose is there ({version})", version=version)
        return
    if setup.is_mac:
        command = Words(
            "更新 Docker Desktop；用 Homebrew 或 Colima 的话：brew install docker-compose",
            "Update Docker Desktop; with Homebrew or Colima: brew install docker-compose",
        )
    else:
        command = same("sudo apt-get update && sudo apt-get install docker-compose-plugin")
    if docker.compose is not None:
        version = ".".join(map(str, docker.compose))
        cause = Words(
            f"这里是 {version}，我们的文件要求 2.24 或更新。", f"This is {version}; our files need 2.24 or newer."
        )
        yield Finding("D03", Level.FAIL, Words("docker compose 太旧", "docker compose is too old"), cause, command)
        return
    old = find_program("docker-compose", setup.environment)
    cause = Words("有 docker，但没有 compose 插件。", "There is docker, but without its plugin compose.")
    if old:
        cause = Words(
            "只有已停止维护的 docker-compose（带连字符）；我们用的是 docker compose（空格）。",
            "There is only docker-compose with a hyphen, long out of care; ours is docker compose, two words.",
        )
    yield Finding("D03", Level.FAIL, Words("缺少 docker compose", "docker compose is missing"), cause, command)


def architecture(setup: Setup) -> Iterator[Finding]:
    """D04: are the images that are here made for this processor."""
    server = setup.docker.server
    if server is None or setup.rendered.config is None:
        return
    wanted = _processor(str(server.get("Arch") or ""))
    seen = 0
    for image, services in setup.rendered.images().items():
        found = setup.docker.image(image)
        if found is None:
            continue
        seen += 1
        built = _processor(str(found.get("Architecture") or ""))
        if built and wanted and built != wanted:
            ours = any(setup.rendered.services[name].get("build") for name in services)
            yield Finding(
                "D04",
                Level.WARN,
                Words(f"镜像 {image} 不是给这种处理器的", f"The image {image} is for another processor"),
                Words(
                    f"镜像是 {built}，这里的 Docker 是 {wanted}：要么很慢，要么报 exec format error。",
                    f"It is {built}, Docker here is {wanted}: it runs slowly, or ends with exec format error.",
                ),
                same(
                    f"docker compose build {services[0]}" if ours else f"docker pull --platform linux/{wanted} {image}"
                ),
            )
            seen = -1
    if seen > 0:
        yield ok("D04", "镜像与处理器一致（{arch}）", "The images fit this processor ({arch})", arch=wanted)


def _processor(name: str) -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(name, name)


def disk(setup: Setup) -> Iterator[Finding]:
    """D05: is there room for images and photos."""
    places = [setup.root]
    root = setup.docker.info.get("DockerRootDir")
    if root and not setup.is_mac and Path(str(root)).exists():
        places.append(Path(str(root)))
    free = min(shutil.disk_usage(place).free for place in places)
    reclaimable = _reclaimable(setup) if setup.docker.answers else 0
    level = Level.FAIL if free < _TOO_LITTLE_BYTES else Level.WARN if free < _LITTLE_BYTES else Level.OK
    if level is Level.OK:
        yield ok("D05", "磁盘剩余 {free:.0f} GB", "{free:.0f} GB of the disk are free", free=free / 10**9)
        return
    cause = Words(
        f"构建镜像大约需要 3 GB。清理构建缓存和不用的镜像可以腾出 {reclaimable / 10**9:.1f} GB；数据卷不会动。",
        f"Building the image takes about 3 GB. Unused build cache and images hold {reclaimable / 10**9:.1f} GB; "
        "volumes with your data stay.",
    )
    yield Finding(
        "D05",
        level,
        Words(f"磁盘只剩 {free / 10**9:.1f} GB", f"Only {free / 10**9:.1f} GB of the disk are free"),
        cause,
        same("docker builder prune -f && docker image prune -f"),
    )


def _reclaimable(setup: Setup) -> float:
    rows: list[dict[str, Any]] = setup.docker.ask("system", "df", "--format", "{{json .}}").rows()
    return sum(
        _bytes(str(row.get("Reclaimable") or "")) for row in rows if row.get("Type") in {"Images", "Build Cache"}
    )


def _bytes(text: str) -> float:
    found = re.match(r"([\d.]+)\s*([kKMGT]?B)", text)
    return float(found[1]) * _UNITS[found[2]] if found else 0.0
