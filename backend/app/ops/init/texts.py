"""What ``init`` says, in Chinese and English."""

from __future__ import annotations

from typing import Final

from app.ops.up.texts import english

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "no_example": (
        "没有找到 {path}。请重新取得项目文件：git checkout .env.example",
        "{path} is missing. Get it back: git checkout .env.example",
    ),
    "made": ("已生成 {path}（只有你能读）：{names}", "Made {path} (only you can read it): {names}"),
    "filled": ("{path} 已存在，只补上了空着的：{names}", "{path} was there; only what was empty is filled: {names}"),
    "kept": ("{path} 已存在，没有改动。", "{path} was there and is unchanged."),
    "backup": ("原来的文件保存为 {path}", "The former file is now {path}"),
    "key_kept": (
        "SECRET_KEY 沿用 ./aipic up 的，已登录的人不用重新登录。",
        "SECRET_KEY is the one of ./aipic up, so that everybody stays signed in.",
    ),
    "key_new": (
        "SECRET_KEY 是新的，已登录的人需要重新登录。",
        "SECRET_KEY is new, so everybody has to sign in again.",
    ),
    "exists": (
        "{path} 已存在，不会改动它已有的值。请自己改成：{lines}；或者加上 --force 重新生成（旧文件会保留）。",
        "{path} is there, and what it says is not changed. Edit it to: {lines}; or add --force for a new one "
        "(the old file is kept).",
    ),
    "domain": ("域名不对：{value}。例子：example.com", "That is no domain: {value}. Example: example.com"),
    "domain.missing": ("--production 需要域名：--domain example.com", "--production needs --domain example.com"),
    "value": (
        "{name} 里有各个程序读法不同的字符（换行、${{、或引号前和末尾的反斜杠），请换一个。",
        "{name} has characters that programs read differently (line ends, ${{, a backslash before a quote or at the "
        "end); choose another one.",
    ),
    "half": (
        ".env 里只写了一半服务器：还缺 {name}。请填写，或在终端里运行 ./aipic init。",
        ".env names only one of the servers: {name} is missing. Fill it in, or run ./aipic init in a terminal.",
    ),
    "choose": (
        "PostgreSQL 和 Redis：\n  1  我已经有了，填写地址\n  2  让 AI-PIC 在这台电脑上运行它们\n请选择 [2]：",
        "PostgreSQL and Redis:\n  1  I have my own; ask me where\n  2  let AI-PIC run them on this machine\n"
        "Your choice [2]: ",
    ),
    "bundled": (
        "PostgreSQL 和 Redis：使用自带的。",
        "PostgreSQL and Redis: the bundled ones.",
    ),
    "bundled.later": (
        "PostgreSQL 和 Redis：还没有填写。启动自带的并写入 .env：./aipic services up",
        "PostgreSQL and Redis: not filled in yet. Start the bundled ones, which writes them: ./aipic services up",
    ),
    "own": ("PostgreSQL 和 Redis：使用 .env 里已有的。", "PostgreSQL and Redis: those that .env names."),
    "ask.host": ("{server} 的地址 [{default}]：", "{server}: host [{default}]: "),
    "ask.port": ("{server} 的端口 [{default}]：", "{server}: port [{default}]: "),
    "ask.user": ("用户名 [{default}]：", "User [{default}]: "),
    "ask.database": ("数据库 [{default}]：", "Database [{default}]: "),
    "ask.password": ("密码（不显示）：", "Password (not shown): "),
    "ask.password.empty": ("密码（不显示，没有就直接回车）：", "Password (not shown; Enter for none): "),
    "ask.number": ("请输入 1 到 65535 的数字。", "A number from 1 to 65535, please."),
    "ask.empty": ("不能为空。", "It cannot be empty."),
    "local": (
        "容器里的 localhost 是容器自己，所以写成 host.docker.internal（就是这台电脑）。",
        "Inside a container localhost is the container itself, so this is written as host.docker.internal.",
    ),
    "trying": ("正在连接 {server} {host}:{port} …", "Connecting to {server} at {host}:{port} …"),
    "works": ("{server} 连接成功。", "{server} works."),
    "again": (
        "回车重新填写；k 仍然写入；q 退出，不写任何东西：",
        "Enter to fill it in again; k to keep it anyway; q to leave without writing: ",
    ),
    "left": ("已退出，什么也没有写。", "Left; nothing was written."),
    "trial.refused": (
        "{host}:{port} 没有程序在监听。它启动了吗？端口对吗？",
        "Nobody listens at {host}:{port}. Is it started? Is the port right?",
    ),
    "trial.name": ("找不到这个地址：{host}", "There is no such host: {host}"),
    "trial.timeout": (
        "{host}:{port} 没有应答（超时）。检查地址和防火墙。",
        "{host}:{port} does not answer (timeout). Check the address and the firewall.",
    ),
    "trial.other": ("{host}:{port} 上的不是 {server}。", "What answers at {host}:{port} is not {server}."),
    "trial.password": ("用户名或密码不对：{detail}", "User or password are wrong: {detail}"),
    "trial.database": (
        "没有这个数据库：{detail}。先建立它：createdb -h {host} -p {port} 名字",
        "There is no such database: {detail}. Make it first: createdb -h {host} -p {port} NAME",
    ),
    "trial.pg_hba": (
        "服务器不允许从这里登录：{detail}。在它的 pg_hba.conf 里加一行允许，然后重新加载。",
        "The server lets nobody in from here: {detail}. Add a line to its pg_hba.conf and reload it.",
    ),
    "trial.no_password": (
        "这个 Redis 没有设置密码，请把密码留空。",
        "This Redis has no password; leave the password empty.",
    ),
    "trial.needs_password": ("这个 Redis 需要密码。", "This Redis wants a password."),
    "trial.failed": ("{server} 不能用：{detail}", "{server} cannot be used: {detail}"),
    "next": ("下一步：", "Next:"),
    "next.check": ("然后应当得到 true：", "Then this prints true:"),
    "disk": ("没有写成功：{detail}", "Writing failed: {detail}"),
    "no_launcher": ("没有启动服务器：{detail}", "The servers were not started: {detail}"),
    "help.program": (
        "生成 .env：新的密钥，数据库和 Redis 的地址。已有的值不会改动。",
        "Make .env: fresh secrets, and where PostgreSQL and Redis are. What it says already is not changed.",
    ),
    "help.yes": (
        "不提问，使用自带的 PostgreSQL 和 Redis",
        "ask nothing and use the bundled PostgreSQL and Redis",
    ),
    "help.force": ("重新生成；旧文件保存为 .env.backup-时间", "make a new one; the old is kept as .env.backup-TIME"),
    "help.no_services": ("不启动自带的服务器", "do not start the bundled servers"),
    "help.domain": ("对外的域名", "the public domain"),
    "help.production": ("正式环境：ENVIRONMENT=production", "for a real server: ENVIRONMENT=production"),
    "help.root": ("项目文件夹", "the project's folder"),
}


def text(key: str, /, **params: object) -> str:
    """One sentence in the caller's language."""
    return _TEXTS[key][english()].format(**params)
