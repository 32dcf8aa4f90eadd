"""Does Compose accept the files, and does what it makes of them hold together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.ops.doctor.finding import Finding, Level, Words, listed, ok, same
from app.ops.doctor.rendered import PROGRAMS, extra_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ops.doctor.setup import Setup

_PROJECT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_HOSTS: Final = {"POSTGRES_SERVER": "POSTGRES_PORT", "REDIS_HOST": "REDIS_PORT", "SMTP_HOST": "SMTP_PORT"}
INSIDE_NAME: Final = "host.docker.internal"


def is_loopback(host: str) -> bool:
    """Whether a host is the very machine, or container, that asks."""
    name = host.strip("[]").lower()
    return name in {"localhost", "::1", "0.0.0.0"} or name.startswith("127.") or name.endswith(".localhost")


def host_of(address: str) -> str:
    """The host in an address such as S3's."""
    rest = address.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return rest[1:].partition("]")[0] if rest.startswith("[") else rest.partition(":")[0]


def compose_names(setup: Setup) -> Iterator[Finding]:
    """D15: COMPOSE_FILE and COMPOSE_PROJECT_NAME."""
    values = setup.written
    name = setup.environment.get("COMPOSE_PROJECT_NAME") or values.get("COMPOSE_PROJECT_NAME", "")
    if name and not _PROJECT_NAME.fullmatch(name):
        better = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_") or "ai-pic"
        yield Finding(
            "D15",
            Level.FAIL,
            Words(f"项目名 {name} 不合规则", f"The project name {name} is not allowed"),
            Words(
                "COMPOSE_PROJECT_NAME 只能有小写字母、数字、- 和 _，并以字母或数字开头。",
                "COMPOSE_PROJECT_NAME takes small letters, digits, - and _, and begins with a letter or digit.",
            ),
            Words(f"写成 COMPOSE_PROJECT_NAME={better}", f"Write COMPOSE_PROJECT_NAME={better}"),
        )
    files = setup.environment.get("COMPOSE_FILE") or values.get("COMPOSE_FILE", "")
    separator = setup.environment.get("COMPOSE_PATH_SEPARATOR") or ":"
    lost = [part for part in files.split(separator) if part and not (setup.root / part).is_file()]
    if lost:
        yield Finding(
            "D15",
            Level.FAIL,
            Words(
                f"COMPOSE_FILE 里的 {listed(lost).zh} 不存在",
                f"COMPOSE_FILE names {listed(lost).en}, which is not there",
            ),
            Words(
                "设置了 COMPOSE_FILE 时，docker compose 只读它列出的文件。",
                "With COMPOSE_FILE set, docker compose reads the files on that list and no other.",
            ),
            same("unset COMPOSE_FILE")
            if setup.environment.get("COMPOSE_FILE")
            else same("perl -ni -e 'print unless /^COMPOSE_FILE=/' .env"),
        )


def compose_renders(setup: Setup) -> Iterator[Finding]:
    """D14, D16: Compose's own verdict on files and variables."""
    rendered = setup.rendered
    if not rendered.asked or setup.env_file is None:
        return
    for name in rendered.missing:
        here = name in setup.env_file.values
        yield Finding(
            "D14",
            Level.FAIL,
            Words(
                f"必需的设置 {name} {'是空的' if here else '没有写'}",
                f"The required setting {name} is {'empty' if here else 'missing'}",
            ),
            Words("没有它，docker compose 什么都不启动。", "Without it docker compose starts nothing at all."),
            Words(
                f"在 .env 里填写 {name}=…；或者让 ./aipic init 写好全部",
                f"Fill in {name}=… in .env, or let ./aipic init write it all",
            ),
        )
    if rendered.config is None:
        if rendered.missing and not rendered.complaint:
            return
        yield _complaint(setup)
        return
    if not rendered.missing:
        names = listed(sorted(rendered.services))
        yield ok(
            "D16", "docker compose 接受配置：{names}", "docker compose accepts the configuration: {names}", names=names
        )


def _complaint(setup: Setup) -> Finding:
    rendered = setup.rendered
    what = Words("docker compose 不接受配置", "docker compose does not accept the configuration")
    if rendered.too_slow:
        cause = Words("它 10 秒没有回答。", "It gave no answer within 10 s.")
        return Finding("D16", Level.FAIL, what, cause, same("docker compose config -q"))
    if "quoted value" in rendered.complaint or "unexpected character" in rendered.complaint:
        # Its words repeat the value.
        cause = Words(
            ".env 里有一行它读不懂，见上面对 .env 的检查。",
            "It cannot read a line of .env; see what is said of .env above.",
        )
        return Finding("D16", Level.FAIL, what, cause, Words("先改好上面的 D08", "Mend D08 above first"))
    return Finding("D16", Level.FAIL, what, None, same("docker compose config -q"), (rendered.complaint,))


def loopback_hosts(setup: Setup) -> Iterator[Finding]:
    """D18: an address that is right on this computer and wrong in a container."""
    wrong: dict[str, tuple[str, list[str]]] = {}
    for service in PROGRAMS:
        values = setup.rendered.environment(service)
        hosts = {name: values.get(name, "") for name in _HOSTS}
        if values.get("STORAGE_BACKEND") == "s3":
            hosts["S3_ENDPOINT"] = host_of(values.get("S3_ENDPOINT", ""))
        for name, host in hosts.items():
            if host and is_loopback(host):
                wrong.setdefault(name, (host, []))[1].append(service)
    for name, (host, services) in wrong.items():
        yield Finding(
            "D18",
            Level.FAIL,
            Words(
                f"{name}={host}：在容器里这是容器自己",
                f"{name}={host}: inside a container that is the container itself",
            ),
            Words(
                f"{listed(services).zh} 会在自己里面找，找不到。这台电脑在容器里叫 {INSIDE_NAME}。",
                f"{listed(services).en} would look inside {'themselves' if len(services) > 1 else 'itself'}. "
                f"From a container this computer is {INSIDE_NAME}.",
            ),
            _host_edit(setup, name, host),
        )
    if setup.rendered.config is not None and not wrong:
        yield ok("D18", "容器要连的地址都不是 localhost", "No container is sent to localhost")


def _host_edit(setup: Setup, name: str, host: str) -> Words:
    if setup.env_file is not None and name in setup.env_file.values and not setup.environment.get(name):
        return same(f"perl -pi -e 's/^({name}=.*?)\\Q{host}\\E/$1{INSIDE_NAME}/' .env")
    return Words(f"在 .env 里写 {name}={INSIDE_NAME}", f"Write {name}={INSIDE_NAME} in .env")


def inside_name(setup: Setup) -> Iterator[Finding]:
    """D19: ``host.docker.internal`` has to be made known on Linux."""
    lacking = [
        name
        for name, service in setup.rendered.services.items()
        if any(INSIDE_NAME in value for value in setup.rendered.environment(name).values())
        and INSIDE_NAME not in extra_hosts(service)
    ]
    if lacking:
        desktop = setup.is_mac or "Docker Desktop" in str(setup.docker.info.get("OperatingSystem"))
        yield Finding(
            "D19",
            Level.WARN if desktop else Level.FAIL,
            Words(f"{listed(lacking).zh} 不认识 {INSIDE_NAME}", f"{listed(lacking).en} cannot resolve {INSIDE_NAME}"),
            Words(
                "Docker Desktop 自带这个名字，Linux 上要在 Compose 文件里写 extra_hosts。",
                "Docker Desktop brings that name; on Linux the Compose file has to give it with extra_hosts.",
            ),
            Words(
                f'给服务加上 extra_hosts: ["{INSIDE_NAME}:host-gateway"]',
                f'Give the service extra_hosts: ["{INSIDE_NAME}:host-gateway"]',
            ),
        )


def inner_ports(setup: Setup) -> Iterator[Finding]:
    """D20: between containers the inner port counts."""
    published = {(port.service, port.published): port.target for port in setup.rendered.ports()}
    for service in PROGRAMS:
        values = setup.rendered.environment(service)
        for host_key, port_key in _HOSTS.items():
            host, port = values.get(host_key, ""), values.get(port_key, "")
            target = published.get((host, int(port))) if port.isdigit() else None
            inner = {t for (name, _), t in published.items() if name == host}
            if target and int(port) != target and int(port) not in inner:
                yield Finding(
                    "D20",
                    Level.FAIL,
                    Words(
                        f"{port_key}={port} 是给这台电脑用的端口", f"{port_key}={port} is the port for this computer"
                    ),
                    Words(
                        f"容器之间用里面的端口：{host} 在容器里听 {target}。",
                        f"Between containers the inner port counts: {host} listens on {target} there.",
                    ),
                    Words(f"写成 {port_key}={target}", f"Write {port_key}={target}"),
                )
                return


def mounts(setup: Setup) -> Iterator[Finding]:
    """D21: a folder of this computer that covers what the image has built."""
    for name, service in setup.rendered.services.items():
        binds = [mount for mount in service.get("volumes") or [] if mount.get("type") == "bind"]
        if not binds or not service.get("build"):
            continue
        image = setup.docker.image(setup.rendered.image(name)) or {}
        config = image.get("Config") or {}
        variables = dict(entry.partition("=")[::2] for entry in config.get("Env") or [])
        system = ("/usr", "/bin", "/sbin", "/opt/bin")
        precious = {path for path in variables.get("PATH", "").split(":") if path and not path.startswith(system)}
        precious |= {path for path in (config.get("WorkingDir"),) if path and path != "/"}
        for mount in binds:
            target = str(mount.get("target") or "").rstrip("/")
            hidden = sorted(path for path in precious if path == target or path.startswith(f"{target}/"))
            lost = [path for path in hidden if not (Path(str(mount.get("source"))) / path[len(target) + 1 :]).exists()]
            if hidden and (lost or not Path(str(mount.get("source"))).is_dir()):
                yield Finding(
                    "D21",
                    Level.FAIL,
                    Words(
                        f"{name}：你的文件夹盖住了镜像里的 {listed(lost or hidden).zh}",
                        f"{name}: your folder hides {listed(lost or hidden).en} of the image",
                    ),
                    Words(
                        f"{mount.get('source')} 挂载到 {target}，镜像里那里的文件就看不见了。",
                        f"{mount.get('source')} is mounted at {target}, so what the image has there cannot be seen.",
                    ),
                    Words(
                        "去掉这个挂载；改代码请用 docker compose watch",
                        "Take that mount out; for edits use docker compose watch",
                    ),
                )


def networks(setup: Setup) -> Iterator[Finding]:
    """D22: a network that Compose expects to find."""
    if not setup.docker.answers:
        return
    for network in ((setup.rendered.config or {}).get("networks") or {}).values():
        if not network or not network.get("external"):
            continue
        name = str(network.get("name"))
        if not setup.docker.ask("network", "inspect", name).good:
            yield Finding(
                "D22",
                Level.FAIL,
                Words(f"网络 {name} 还不存在", f"The network {name} does not exist yet"),
                Words(
                    "服务器上它由所有项目共用，要先建一次；本机会自动带上 docker-compose.override.yml，就不需要它。",
                    "On a server all projects share it, so it is made once by hand. On your own computer "
                    "docker-compose.override.yml, which is read by itself, does without.",
                ),
                same(f"docker network create {name}"),
            )
        else:
            yield ok("D22", "网络 {name} 在", "The network {name} is there", name=name)


def watching(setup: Setup) -> Iterator[Finding]:
    """D27: ``docker compose watch`` that would see nothing, or could not write."""
    for name, service in setup.rendered.services.items():
        rules = (service.get("develop") or {}).get("watch") or []
        targets = [str(rule.get("target")).rstrip("/") for rule in rules if str(rule.get("action")).startswith("sync")]
        binds = [
            str(mount.get("target")).rstrip("/")
            for mount in service.get("volumes") or []
            if mount.get("type") == "bind"
        ]
        covered = [target for target in targets if target in binds]
        reason = None
        if rules and not service.get("build"):
            reason = Words(
                "这个服务没有 build，watch 不会理它。", "The service has no build, so watch leaves it alone."
            )
        elif covered:
            reason = Words(
                f"{covered[0]} 已经挂载了文件夹，watch 会跳过它。",
                f"A folder is mounted at {covered[0]}, so watch skips it.",
            )
        elif targets and service.get("read_only"):
            reason = Words(
                "容器的根目录是只读的，同步写不进去。", "The container's root is read-only: nothing can be copied in."
            )
        if reason:
            yield Finding(
                "D27",
                Level.WARN,
                Words(f"docker compose watch 对 {name} 不起作用", f"docker compose watch does nothing for {name}"),
                reason,
                same("docker compose up --build -d"),
            )
