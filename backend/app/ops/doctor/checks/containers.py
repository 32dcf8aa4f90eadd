"""The containers that there are: healthy, up to date, and with their data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.ops.doctor.finding import Finding, Level, Words, listed, ok, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ops.doctor.setup import Setup

_ANONYMOUS: Final = re.compile(r"[0-9a-f]{64}")
_LOG_LINES: Final = 8
_PRECIOUS: Final = ("node_modules", ".venv", "site-packages")


def another_copy(setup: Setup) -> Iterator[Finding]:
    """D45: containers of the same project name, started from another folder."""
    if (folder := _other_folder(setup)) is not None:
        yield Finding(
            "D45",
            Level.WARN,
            Words("正在运行的容器来自另一个文件夹", "The containers that run come from another folder"),
            Words(
                f"它们是从 {folder} 启动的，项目名同样是 {setup.rendered.project}。在这里 up 会替换它们。",
                f"They were started from {folder}, under the same project name {setup.rendered.project}. "
                "An `up` here replaces them.",
            ),
            Words(
                f"到那里停止：cd '{folder}' && docker compose down；或者在这里的 .env 写另一个 COMPOSE_PROJECT_NAME",
                f"Stop them there: cd '{folder}' && docker compose down; or set COMPOSE_PROJECT_NAME in this .env",
            ),
        )


def _other_folder(setup: Setup) -> str | None:
    for box in setup.docker.inspected:
        labels = (box.get("Config") or {}).get("Labels") or {}
        folder = str(labels.get("com.docker.compose.project.working_dir") or "")
        if folder and Path(folder).resolve() != setup.root.resolve():
            return folder
    return None


def health(setup: Setup) -> Iterator[Finding]:
    """D43, D44: what has ended badly, or says itself that it is not well."""
    rows = setup.docker.containers
    if not rows or _other_folder(setup) is not None:
        return
    bad = 0
    for row in rows:
        name, state = str(row.get("Service") or row.get("Name")), str(row.get("State") or "")
        code = int(row.get("ExitCode") or 0)
        if state == "exited" and code and name == "prestart":
            bad += 1
            yield Finding(
                "D44",
                Level.FAIL,
                Words(f"prestart 失败了（退出码 {code}）", f"prestart failed (exit code {code})"),
                Words(
                    "它准备数据库；它不成功，backend 和 worker 就不会启动。",
                    "It prepares the database; until it succeeds, backend and worker do not start.",
                ),
                Words("改好它说的原因，然后：docker compose up -d", "Mend what it names, then: docker compose up -d"),
                _last_lines(setup, name),
            )
        elif state in {"restarting", "dead"} or (state == "exited" and code) or row.get("Health") == "unhealthy":
            bad += 1
            how = (
                Words("不健康", "is unhealthy")
                if row.get("Health") == "unhealthy"
                else Words(f"停了（{state}，退出码 {code}）", f"has stopped ({state}, exit code {code})")
            )
            yield Finding(
                "D43",
                Level.FAIL,
                Words(f"容器 {name} {how.zh}", f"The container {name} {how.en}"),
                _why_ended(setup, name, code),
                same(f"docker compose logs --tail 50 {name}"),
                _last_lines(setup, name),
            )
    if not bad:
        running = [str(row.get("Service")) for row in rows if row.get("State") == "running"]
        if running:
            yield ok("D43", "容器在运行：{names}", "Containers that run: {names}", names=listed(sorted(set(running))))


def _why_ended(setup: Setup, service: str, code: int) -> Words:
    states = [box.get("State") or {} for box in setup.docker.inspected if _service(box) == service]
    if any(state.get("OOMKilled") for state in states):
        return Words("内存不够，被系统结束了。", "It ran out of memory and was ended by the system.")
    if code == 137:
        return Words(
            "它被强制结束了（137），多半是内存不够。", "It was ended by force (137), mostly for lack of memory."
        )
    return Words("原因多半在它最后的几行里。", "Its last lines mostly say why.")


def _service(box: dict[str, Any]) -> str:
    labels = (box.get("Config") or {}).get("Labels") or {}
    return str(labels.get("com.docker.compose.service") or "")


def _last_lines(setup: Setup, service: str) -> tuple[str, ...]:
    words = ("compose", "logs", "--no-color", "--no-log-prefix", "--tail", str(_LOG_LINES), service)
    answer = setup.docker.ask(*words)
    return tuple(line[:200] for line in answer.out.splitlines() if line.strip())[-_LOG_LINES:]


def recreation(setup: Setup) -> Iterator[Finding]:
    """D42: containers keep the environment that they were made with; ``restart`` does not read `.env` again."""
    old: dict[str, list[str]] = {}
    if _other_folder(setup) is not None:
        return
    for box in setup.docker.inspected:
        service = _service(box)
        wanted = setup.rendered.environment(service)
        if not wanted or (box.get("State") or {}).get("Status") != "running":
            continue
        has = dict(entry.partition("=")[::2] for entry in (box.get("Config") or {}).get("Env") or [])
        if names := sorted(name for name, value in wanted.items() if has.get(name) != value):
            old[service] = names
    if old:
        services = listed(sorted(old))
        changed_names = listed(sorted({name for changed in old.values() for name in changed})[:6])
        yield Finding(
            "D42",
            Level.WARN,
            Words(f"容器 {services.zh} 还在用旧的设置", f"Containers still have older settings: {services.en}"),
            Words(
                f"现在的配置里 {changed_names.zh} 不同。restart 不会重新读 .env，要重新创建容器。",
                f"The configuration has another value now for {changed_names.en}. A restart does not read .env again; "
                "containers have to be made anew.",
            ),
            same("docker compose up -d"),
        )


def volumes(setup: Setup) -> Iterator[Finding]:
    """D25, D26: volumes that hide something, and data that stayed behind under another project name."""
    for box in setup.docker.inspected:
        for mount in box.get("Mounts") or []:
            target = str(mount.get("Destination") or "")
            if _ANONYMOUS.fullmatch(str(mount.get("Name") or "")) and target.rstrip("/").endswith(_PRECIOUS):
                yield Finding(
                    "D25",
                    Level.WARN,
                    Words(
                        f"{_service(box)} 的 {target} 来自旧的匿名卷",
                        f"{target} of {_service(box)} comes from an old unnamed volume",
                    ),
                    Words("重新构建之后新装的依赖会被它盖住。", "It hides what a new build has installed."),
                    same("docker compose up -d -V"),
                )
    if not setup.docker.answers or setup.rendered.config is None:
        return
    shape = '{{.Name}}\t{{.Label "com.docker.compose.project"}}'
    label = "label=com.docker.compose.volume=media-data"
    lines = setup.docker.ask("volume", "ls", "--filter", label, "--format", shape).out.splitlines()
    owners = {name: project for name, _, project in (line.partition("\t") for line in lines) if name}
    # Other programs may call a volume the same; ours begin alike.
    strangers = sorted(name for name, project in owners.items() if project != setup.rendered.project and _akin(project))
    if strangers and setup.rendered.project not in owners.values():
        yield Finding(
            "D26",
            Level.WARN,
            Words("以前的照片在另一个项目名的卷里", "Earlier photos lie in another project's volume"),
            Words(
                f"找到 {listed(strangers).zh}，而现在的项目名是 {setup.rendered.project}：数据没有丢，只是换了名字。",
                f"There is {listed(strangers).en}, but the project is now called {setup.rendered.project}: "
                "nothing is lost, it has another name.",
            ),
            same(f"COMPOSE_PROJECT_NAME={owners[strangers[0]]} docker compose up -d"),
        )


def _akin(project: str) -> bool:
    return re.sub(r"[^a-z]", "", project.lower()).startswith("aipic")
