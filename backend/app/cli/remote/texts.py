"""What the client of a running service says, in Chinese and English."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "help.server": (
        "交给一个正在运行的服务去做，如 http://localhost:8000；照片会上传到那里。",
        "Have it made by a running service such as http://localhost:8000; the photo is uploaded there.",
    ),
    "metavar.server": ("网址", "URL"),
    "only_local": (
        "这些选项只在本机制作时有效，不能和 --server 一起用：{options}",
        "These options work on this machine only, not with --server: {options}",
    ),
    "server_scheme": (
        "--server 要写完整的网址，以 http:// 或 https:// 开头，不能是“{got}”",
        "--server takes a whole address that begins with http:// or https://, not “{got}”",
    ),
    "server_scheme.hint": ("例如：--server {example}", "Such as: --server {example}"),
    "server_url": ("--server 的网址不对：“{got}”", "--server is no address: “{got}”"),
    "server_url.hint": (
        "只写协议、主机和端口，如 http://localhost:8000。",
        "Give protocol, host and port, such as http://localhost:8000.",
    ),
    "server_down": ("{server} 没有服务在运行", "Nothing is running at {server}"),
    "server_down.hint": (
        "在本机：先在另一个终端运行 ./aipic up。在别处：请检查网址和端口。",
        "On this machine: run ./aipic up in another terminal first. Elsewhere: check address and port.",
    ),
    "server_unknown": ("找不到 {server} 这台主机", "There is no host of the name in {server}"),
    "server_unknown.hint": ("请检查网址，以及网络是否连上。", "Check the address, and that you are online."),
    "server_silent": ("{server} 没有应答", "{server} does not answer"),
    "server_silent.hint": (
        "请检查网址和网络；也可能是服务太忙，过一会儿再试。",
        "Check address and network; or the service is too busy, then try again later.",
    ),
    "server_broke_off": ("与 {server} 的连接断开了：{detail}", "The connection to {server} broke off: {detail}"),
    "server_broke_off.hint": (
        "请再试一次；如果对方只接受 https，请把 http:// 换成 https://。",
        "Try again; if that server wants https, write https:// instead of http://.",
    ),
    "server_certificate": (
        "{server} 的证书不可信：{detail}",
        "The certificate of {server} is not trusted: {detail}",
    ),
    "server_certificate.hint": (
        "自己签发的证书：用环境变量 SSL_CERT_FILE 指定它的 CA 文件。",
        "A certificate of your own: name its CA file in the environment variable SSL_CERT_FILE.",
    ),
    "server_tls": ("与 {server} 建立加密连接失败：{detail}", "No encrypted connection to {server}: {detail}"),
    "server_no_tls": ("{server} 不是 https 服务", "{server} does not speak https"),
    "server_no_tls.hint": ("请改用：--server {other}", "Use: --server {other}"),
    "server_proxy": ("通过代理连不上 {server}：{detail}", "The proxy did not lead to {server}: {detail}"),
    "server_proxy.hint": (
        "请检查 HTTP_PROXY 和 HTTPS_PROXY；不需要代理的主机写进 NO_PROXY。",
        "Check HTTP_PROXY and HTTPS_PROXY; hosts that need no proxy belong in NO_PROXY.",
    ),
    "proxy_setting": (
        "环境变量里的代理用不了：{detail}",
        "The proxy that the environment names cannot be used: {detail}",
    ),
    "proxy_setting.hint": (
        "请检查 HTTP_PROXY、HTTPS_PROXY 和 ALL_PROXY；支持 http:// 代理。",
        "Check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY; proxies with http:// are supported.",
    ),
    "certificates_setting": (
        "SSL_CERT_FILE 或 SSL_CERT_DIR 用不了：{detail}",
        "SSL_CERT_FILE or SSL_CERT_DIR cannot be used: {detail}",
    ),
    "server_moved": ("{server} 转到了 {to}", "{server} leads on to {to}"),
    "server_moved.hint": ("请改用：--server {to}", "Use: --server {to}"),
    "not_aipic": ("{server} 上运行的不是 AI-PIC", "What runs at {server} is not AI-PIC"),
    "not_aipic.hint": (
        "请检查网址和端口；./aipic up 会显示它的网址。",
        "Check address and port; ./aipic up shows its address.",
    ),
    "service_away": (
        "服务暂时不可用（网关应答 {status}），请稍后再试",
        "The service is unavailable (its gateway answers {status}); try again shortly",
    ),
    "service_says": ("{message}", "{message}"),
    "service_broken": (
        "服务出错了：{message}（请求编号 {request_id}）",
        "The service failed: {message} (request id {request_id})",
    ),
    "service_broken.hint": (
        "请把请求编号告诉管理员，它能在日志里找到原因。",
        "Tell the operator the request id; the log has the reason under it.",
    ),
    "waiting_away": ("连不上服务，{seconds} 秒后再试 …", "The service is away; trying again in {seconds} s …"),
    "waiting_busy": ("服务正忙，{seconds} 秒后再试 …", "The service is busy; trying again in {seconds} s …"),
    "waiting_limit": (
        "到了服务的频率上限，{seconds} 秒后继续 …",
        "At a limit of the service; going on in {seconds} s …",
    ),
    "device_id_wrong": (
        "{variable} 要有 16 到 128 个字符，只能是没有空格的 ASCII 字符",
        "{variable} takes 16 to 128 ASCII characters without spaces",
    ),
    "device_file": ("设备编号存不了：{path}：{detail}", "The device id cannot be kept: {path}: {detail}"),
    "device_file.hint": (
        "请检查这个文件夹的权限，或设置环境变量 {variable}。",
        "Check the permissions of that folder, or set the environment variable {variable}.",
    ),
    "device_file_broken": ("设备编号的文件损坏了：{path}", "The file of device ids is broken: {path}"),
    "device_file_broken.hint": (
        "里面的编号对应你在服务上的账号和积分。请从备份恢复；不再需要时可以删除它，会得到新账号。",
        "Its ids open your accounts and points. Put it back from a backup, or delete it to start with new accounts.",
    ),
    "photo_missing": ("找不到这个文件：{path}", "There is no such file: {path}"),
    "photo_unreadable": ("读不了这个文件：{path}：{detail}", "This file cannot be read: {path}: {detail}"),
    "photo_empty": ("这个文件是空的：{path}", "This file is empty: {path}"),
    "photo_large": (
        "照片太大：{size}，服务最多接受 {most}",
        "The photo is too large: {size}, and the service takes {most} at most",
    ),
    "photo_large.hint": (
        "请先把照片缩小，或不用 --server，在本机制作。",
        "Scale the photo down first, or make it on this machine, without --server.",
    ),
    "format_not_made": (
        "这个服务不做 {format} 格式，可以选：{formats}",
        "This service does not make {format}; it makes: {formats}",
    ),
    "format_not_made.hint": (
        "请换 -o 的后缀或 --format；其他格式可以不用 --server，在本机制作。",
        "Change the suffix of -o or --format; other formats can be made on this machine, without --server.",
    ),
    "nothing_on_offer": ("这个服务没有模板", "This service offers no templates"),
    "nothing_on_offer.hint": (
        "请管理员检查初始数据：python -m app.initial_data。",
        "Its operator should see to the initial data: python -m app.initial_data.",
    ),
    "template_unknown": ("这个服务没有叫“{got}”的模板", "This service has no template “{got}”"),
    "template_near": (
        "这个服务没有叫“{got}”的模板。是不是 {near}？",
        "This service has no template “{got}”. Did you mean {near}?",
    ),
    "template_file_local": (
        "模板文件只能在本机用，不能和 --server 一起用：{got}",
        "Template files work on this machine only, not with --server: {got}",
    ),
    "points_short": (
        "积分不足：需要 {needed}，现有 {balance}，够做 {possible} 个。没有扣除积分。",
        "Not enough points: {needed} are needed, {balance} are there, enough for {possible}. None were taken.",
    ),
    "points_short.hint": (
        "用 -t 少选几个；或请管理员增加：./aipic user grant {user} {missing}",
        "Choose fewer with -t, or have the operator add some: ./aipic user grant {user} {missing}",
    ),
    "points_none": (
        "积分不足：需要 {needed}，现有 {balance}。没有扣除积分。",
        "Not enough points: {needed} are needed, {balance} are there. None were taken.",
    ),
    "points_none.hint": (
        "请管理员增加：./aipic user grant {user} {missing}",
        "Have the operator add some: ./aipic user grant {user} {missing}",
    ),
    "points_gone": (
        "积分不足，没有扣除积分。",
        "Not enough points; none were taken.",
    ),
    "too_many_tasks": (
        "这个账号同时制作的表情太多，没有扣除积分。",
        "This account has too many stickers in the making; no points were taken.",
    ),
    "not_offered": (
        "服务已经不提供这个模板，没有扣除积分。",
        "The service does not offer this template any more; no points were taken.",
    ),
    "rate_limited": (
        "太频繁了，请 {seconds} 秒后再试。没有扣除积分。",
        "Too many requests; try again in {seconds} s. No points were taken.",
    ),
    "service_busy": (
        "服务正忙，请稍后再试。没有扣除积分。",
        "The service is busy; try again later. No points were taken.",
    ),
    "lost_track": (
        "和服务失去联系。任务 {task} 会在服务上继续；做不成时积分会退还。",
        "The service is out of reach. Task {task} goes on there; if it fails, the points come back.",
    ),
    "task_failed": ("制作失败，积分已退还。", "It could not be made; the points are back."),
    "task_cancelled": ("任务已取消，积分已退还。", "The task was cancelled; the points are back."),
    "task_completed": ("做好了，但服务没有给出文件。", "It is done, but the service names no file."),
    "file_gone": ("做好的文件已经不在服务上了。", "The finished file is not at the service any more."),
    "link_unreachable": (
        "表情做好了，但下载不了（{host}：{detail}）。如果这个主机名不对，请管理员设置 PUBLIC_URL。",
        "The sticker is done but cannot be fetched ({host}: {detail}). "
        "If that is the wrong host, the operator should set PUBLIC_URL.",
    ),
    "uploading": ("上传照片", "Uploading the photo"),
    "inspecting": ("检查照片", "Looking at the photo"),
    "queued": ("{name}（排队中）", "{name} (queued)"),
    "made_there": (
        "{path}  {width}×{height}  {seconds} 秒  {size}",
        "{path}  {width}×{height}  {seconds} s  {size}",
    ),
    "points_left": ("剩余积分：{points}", "Points left: {points}"),
    "called_off": (
        "已取消 {count} 个还没开始的表情，积分已退还。",
        "Cancelled {count} that had not begun; their points are back.",
    ),
    "going_on": (
        "{count} 个已经开始，会在服务上做完。",
        "{count} had begun and will be finished at the service.",
    ),
    "call_off_failed": (
        "服务没有应答，没能取消；已下单的表情会在服务上做完。",
        "The service does not answer, so nothing was cancelled; what was ordered will be finished there.",
    ),
}
