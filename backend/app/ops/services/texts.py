"""What ``services`` says, in Chinese and English."""

from __future__ import annotations

from typing import Final

from app.ops.up.texts import english

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "docker.absent": (
        "没有找到 docker 命令，所以只有这台电脑自己能连上。装好 Docker 以后再运行一次：./aipic services up",
        "There is no docker command, so only this machine itself gets in. Once Docker is installed, run it again: "
        "./aipic services up",
    ),
    "docker.silent": (
        "Docker 没有应答，所以只有这台电脑自己能连上。启动 Docker 以后再运行一次：./aipic services up",
        "Docker does not answer, so only this machine itself gets in. Start Docker and run it again: "
        "./aipic services up",
    ),
    "docker.elsewhere": (
        "Docker 的网桥不在这台电脑上（例如 Docker Desktop），它会把容器的连接转到 127.0.0.1，所以只在那里监听。"
        "容器连不上时，在 .env 里设置 {setting}。",
        "Docker's bridge is not on this machine (as with Docker Desktop), which carries connections of containers to "
        "127.0.0.1, so only that is listened on. If containers do not get through, set {setting} in .env.",
    ),
    "bind": (
        "设置 {setting} 不对：{value} 不是这台电脑的 IPv4 地址。多个地址用逗号分隔；0.0.0.0 表示全部。",
        "The setting {setting} is wrong: {value} is no IPv4 address of this machine. Separate several by commas; "
        "0.0.0.0 stands for all.",
    ),
    "no_port": (
        "{port} 之后的 200 个端口都被占用了。请停掉其中的程序。",
        "The 200 ports above {port} are all in use. Stop a program that holds one of them.",
    ),
    "foreign": (
        ".env 已经指向别的服务器：{where}",
        ".env already points to other servers: {where}",
    ),
    "foreign.ask": ("换成自带的吗？原来的值会丢失。[y/N] ", "Replace that? The values there now are lost. [y/N] "),
    "foreign.kept": (
        "没有改动任何东西。要用自带的服务器，请加上 --yes 再运行：./aipic services up --yes",
        "Nothing was changed. To use the bundled servers instead, add --yes: ./aipic services up --yes",
    ),
    "secrets": (
        "{path} 已损坏。请用备份恢复；没有备份又不需要旧数据时，可以移走整个 .data 文件夹。",
        "{path} is broken. Put it back from a backup; if you have none and need no old data, move .data away.",
    ),
    "starting": ("正在启动 PostgreSQL 和 Redis …", "Starting PostgreSQL and Redis …"),
    "rebind": (
        "已经在运行，但监听的地址变了（{addresses}），重新启动。",
        "They run already, but the addresses have changed ({addresses}); starting them again.",
    ),
    "already": ("已经在运行了（进程 {pid}）。", "They run already (process {pid})."),
    "running": ("PostgreSQL 和 Redis 已在后台运行：", "PostgreSQL and Redis run in the background:"),
    "data": (
        "  数据在 {data}，与 ./aipic up 相同；日志在 {logs}",
        "  Data in {data}, the same as that of ./aipic up; logs in {logs}",
    ),
    "inside": (
        "  容器里的地址：host.docker.internal，端口不变",
        "  From containers: host.docker.internal, with the same ports",
    ),
    "stop_hint": (
        "  停止：./aipic services down；电脑重启后再运行一次：./aipic services up",
        "  Stop: ./aipic services down; after the machine was restarted: ./aipic services up",
    ),
    "wrote": (".env 已写入：{names}", "Written to .env: {names}"),
    "wrote.none": (".env 已经是对的，没有改动。", ".env was right already and is unchanged."),
    "recreate": (
        "容器如果已在运行，让它们读到新的值：docker compose up -d",
        "If containers run already, let them see the new values: docker compose up -d",
    ),
    "not_started": ("没有启动。日志：{log}", "They did not start. The log: {log}"),
    "slow": (
        "{seconds} 秒后仍未就绪，可能还在恢复数据。查看：./aipic services status；日志：{log}",
        "Not ready after {seconds} s; they may still be recovering. Look: ./aipic services status; the log: {log}",
    ),
    "supervisor.already": ("已经在运行了。", "They run already."),
    "supervisor.up": ("就绪（{addresses}）。", "Ready ({addresses})."),
    "supervisor.left": ("已停止上次遗留的进程：{names}", "Stopped what the last run left behind: {names}"),
    "supervisor.died": (
        "{name} 意外结束（{how}），{seconds:.1f} 秒后重新启动。",
        "{name} ended unexpectedly ({how}); starting it again in {seconds:.1f} s.",
    ),
    "supervisor.again": ("{name} 已重新启动。", "{name} runs again."),
    "supervisor.down": ("已停止。", "Stopped."),
    "none": ("没有在运行。启动：./aipic services up", "Nothing is running. Start: ./aipic services up"),
    "state.ok": ("运行中", "running"),
    "state.down": ("没有应答", "does not answer"),
    "help.program": (
        "在后台运行 PostgreSQL 和 Redis，给 Docker 容器使用。",
        "Run PostgreSQL and Redis in the background, for Docker containers.",
    ),
    "help.up": ("启动，并写好 .env", "start them, and write .env"),
    "help.down": ("停止", "stop them"),
    "help.status": ("查看它们的状态", "show their state"),
    "help.yes": (".env 指向别的服务器时不询问，直接替换", "replace what .env says about other servers without asking"),
    "help.json": ("给程序读的格式", "for programs to read"),
    "help.root": ("项目文件夹", "the project's folder"),
}


def text(key: str, /, **params: object) -> str:
    """One sentence in the caller's language."""
    return _TEXTS[key][english()].format(**params)
