"""What ``up`` and its companions say, in Chinese and English."""

from __future__ import annotations

import os
from typing import Final

_VARIABLES: Final = ("AIPIC_LANG", "LC_ALL", "LC_MESSAGES", "LANG")

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "already": (
        "已经在运行了（进程 {pid}）。停止：./aipic down；查看：./aipic status",
        "It is running already (process {pid}). Stop it: ./aipic down; look at it: ./aipic status",
    ),
    "port": (
        "端口 {port} 已被占用：{owner}。请停止它，或换一个端口：{setting}={other} ./aipic up（也可以写进 .env）",
        "Port {port} is in use by {owner}. Stop it, or move: {setting}={other} ./aipic up (or put that in .env)",
    ),
    "owner": ("进程 {pid}，{program}", "process {pid}, {program}"),
    "owner.unknown": ("另一个用户的程序", "a program of another user"),
    "setting": (
        "设置 {name}={value} 不对：应当是{wanted}。",
        "The setting {name}={value} is wrong: it must be {wanted}.",
    ),
    "wanted.port": (" 1 到 65535 的端口号", "a port from 1 to 65535"),
    "wanted.workers": (" 1 到 64 的数字", "a number from 1 to 64"),
    "wanted.seconds": ("秒数，1 到 600", "a number of seconds from 1 to 600"),
    "outside": (
        "{server}：使用 {setting} 指定的 {host}:{port}。",
        "{server}: using the one at {host}:{port}, which {setting} names.",
    ),
    "outside.silent": (
        "{server} 在 {host}:{port} 没有应答。如果它由 ./aipic services up 启动，请再运行一次；"
        "否则请检查 .env 里的 {setting}，删掉这一行就使用内置的 {server}。",
        "{server} does not answer at {host}:{port}. If ./aipic services up started it, run that again; "
        "else check {setting} in .env: without it the embedded one is used.",
    ),
    "leftover": (
        "上次没有正常结束，已停止遗留的进程：{names}",
        "The last run ended abruptly; stopped what it left behind: {names}",
    ),
    "set_aside": (
        "Redis 读不了以前的数据，已移到 {path}，从空的开始。排队的任务会自动补回。",
        "Redis cannot read its earlier data; it was moved to {path}. Queued work is found again by itself.",
    ),
    "state.wait": ("等待 {server} {host}:{port}", "Waiting for {server} at {host}:{port}"),
    "state.start": ("启动 {server}", "Starting {server}"),
    "state.create": ("首次使用，正在创建数据库", "First start: creating the database"),
    "state.migrate": ("更新数据库结构", "Bringing the database up to date"),
    "state.seed": ("准备初始数据", "Preparing the initial data"),
    "state.service": ("启动服务", "Starting the service"),
    "state.ready": ("等待服务就绪：{components}", "Waiting until the service is ready: {components}"),
    "state.stop": ("正在停止 {name}", "Stopping {name}"),
    "state.grace": (
        "worker 正在完成手上的工作，最多 {seconds} 秒；再按一次 Ctrl-C 立即结束",
        "The worker finishes what it is doing, {seconds} s at most; Ctrl-C again ends it now",
    ),
    "ready": ("就绪，用时 {seconds:.1f} 秒。按 Ctrl-C 停止。", "Ready after {seconds:.1f} s. Ctrl-C stops it."),
    "url.page": ("网页", "Page"),
    "url.docs": ("接口文档", "API docs"),
    "url.health": ("健康检查", "Health"),
    "slow": (
        "服务 {seconds} 秒了还没有就绪：{components}。继续等待；日志：./aipic logs",
        "Not ready after {seconds} s: {components}. Still waiting; the logs: ./aipic logs",
    ),
    "no_answer": ("还没有应答", "no answer yet"),
    "ended": ("{name} 意外结束（{how}）。", "{name} ended unexpectedly ({how})."),
    "how.code": ("退出码 {code}", "exit code {code}"),
    "how.signal": ("信号 {signal}", "signal {signal}"),
    "ended.again": (
        "{sentence}{seconds:.1f} 秒后重新启动。",
        "{sentence} Starting it again in {seconds:.1f} s.",
    ),
    "last_lines": ("它最后说：", "Its last lines:"),
    "gave_up": (
        "{name} 在短时间内结束了 {count} 次，不再重试，全部停止。详细记录：{log}",
        "{name} ended {count} times within a short time; giving up and stopping everything. The full record: {log}",
    ),
    "prepare_failed": (
        "{what}失败（{how}）。详细记录：{log}",
        "{what} failed ({how}). The full record: {log}",
    ),
    "server_failed": ("{server} 没有启动：{reason}。日志：{log}", "{server} did not start: {reason}. Its log: {log}"),
    "folder_in_use": (
        "另一个进程正在使用 {folder}。请先停止它：./aipic down 或 ./aipic services down",
        "Another process uses {folder}. Stop it first: ./aipic down, or ./aipic services down",
    ),
    "not_ours": (
        "没有权限使用 {path}：它属于另一个用户（例如之前用 root 运行过）。请用那个用户运行，或者修改它的归属。",
        "No permission to use {path}: it belongs to another user (such as root, from an earlier run). "
        "Run this as that user, or change its owner.",
    ),
    "secrets": (
        "{path} 已损坏。请用备份恢复；没有备份又不需要旧数据时，可以移走整个 .data 文件夹。",
        "{path} is broken. Put it back from a backup; if you have none and need no old data, move .data away.",
    ),
    "disk": ("没有写成功：{detail}", "Writing failed: {detail}"),
    "missed": (
        "（终端太慢，{count} 行没有显示；./aipic logs 里都有）",
        "({count} lines not shown, the terminal was too slow; ./aipic logs has them)",
    ),
    "stopped": ("已全部停止。", "Everything has stopped."),
    "down.none": ("没有在运行。", "Nothing is running."),
    "down.wait": ("正在停止（进程 {pid}）…", "Stopping it (process {pid}) …"),
    "down.stuck": (
        "进程 {pid} 还没有结束。可以再等一会儿，或强制结束：kill -9 {pid}（其余进程会随之结束）",
        "Process {pid} has not ended yet. Wait a little longer, or end it by force: kill -9 {pid} (the others follow)",
    ),
    "down.forbidden": (
        "进程 {pid} 属于另一个用户，请用那个用户或 root 运行这个命令。",
        "Process {pid} belongs to another user; run this command as that user or as root.",
    ),
    "status.name": ("进程", "process"),
    "status.pid": ("编号", "pid"),
    "status.address": ("地址", "address"),
    "status.state": ("状态", "state"),
    "status.memory": ("内存", "memory"),
    "status.since": ("已运行", "up for"),
    "status.running": ("运行中", "running"),
    "status.gone": ("不在了", "gone"),
    "status.outside": ("外部", "outside"),
    "status.ready": ("就绪", "ready"),
    "status.unready": ("未就绪：{components}", "not ready: {components}"),
    "status.leftover": (
        "上次没有正常结束，还有进程留着；./aipic down 会停止它们。",
        "The last run ended abruptly and processes are left; ./aipic down stops them.",
    ),
    "logs.none": ("还没有日志：{path}", "There is no log yet: {path}"),
    "help.program": ("在本机运行整套服务。", "Run the whole service on this machine."),
    "help.up": (
        "启动数据库、Redis、后端和 worker，Ctrl-C 停止",
        "start database, Redis, backend and worker; Ctrl-C stops them",
    ),
    "help.down": ("停止正在运行的服务", "stop what is running"),
    "help.status": ("查看进程、端口和就绪状态", "show processes, ports and whether it is ready"),
    "help.logs": ("查看日志", "show the logs"),
    "help.follow": ("持续显示新的日志", "go on showing what is added"),
    "help.lines": ("先显示最后多少行，默认 100", "how many of the last lines, 100 by default"),
    "help.which": ("只看其中一个：{names}", "only one of them: {names}"),
    "help.root": ("项目文件夹", "the project's folder"),
}


def english() -> bool:
    """The first variable that is set decides; where none names a language it is Chinese, as everywhere in AI-PIC."""
    for variable in _VARIABLES:
        value = os.environ.get(variable, "").partition(".")[0]
        if value or os.environ.get(variable):
            return value not in {"", "C", "POSIX"} and not value.lower().startswith("zh")
    return False


def text(key: str, /, **params: object) -> str:
    """One sentence in the caller's language."""
    return _TEXTS[key][english()].format(**params)
