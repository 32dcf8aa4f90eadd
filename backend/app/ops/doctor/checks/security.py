"""Before strangers come: secrets, and the addresses that their browsers are given."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Final

from app.ops.doctor.checks.configuration import host_of, is_loopback
from app.ops.doctor.finding import Finding, Level, Words, ok, same
from app.ops.doctor.hiding import described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ops.doctor.setup import Setup

# The settings themselves refuse the same; a test compares the two.
PLACEHOLDERS: Final = (
    *("changethis", "changeme", "change-me", "secret", "password", "postgres", "example", "placeholder"),
)
SHORTEST: Final = {"SECRET_KEY": 32, "POSTGRES_PASSWORD": 8, "REDIS_PASSWORD": 0}
_INTERNAL: Final = (".internal", ".local", ".lan", ".localhost", ".home.arpa")


def weak_secrets(setup: Setup) -> Iterator[Finding]:
    """D17: secrets that staging and production refuse."""
    environment = setup.setting("ENVIRONMENT", "local")
    if not setup.program:
        return
    weak = 0
    for name, shortest in SHORTEST.items():
        value = setup.setting(name)
        if name in setup.rendered.missing or (name == "REDIS_PASSWORD" and not value):
            continue
        placeholder = any(value.casefold().startswith(word) for word in PLACEHOLDERS)
        if len(value) >= shortest and not placeholder:
            continue
        if not value and (not setup.rendered.asked or setup.rendered.config is None):
            continue  # `./aipic up` makes its own, and what Compose lacks has been said
        weak += 1
        size = described(value)
        reason = (
            Words("是占位用的词", "is a placeholder")
            if placeholder
            else Words(f"太短（{size.zh}）", f"is too short ({size.en})")
        )
        rule = Words(
            f"ENVIRONMENT={environment} 时程序会拒绝启动；至少 {shortest or 8} 个字符。",
            f"With ENVIRONMENT={environment} the program refuses to start; {shortest or 8} characters at least.",
        )
        if environment == "local":
            rule = Words("本机能用，上线前必须换掉。", "Good enough on your own computer, not for others.")
        yield Finding(
            "D17",
            Level.WARN if environment == "local" else Level.FAIL,
            Words(f"{name} {reason.zh}", f"{name} {reason.en}"),
            rule,
            same("openssl rand -hex 32") if name == "SECRET_KEY" else same("openssl rand -hex 16"),
        )
    if not weak:
        yield ok("D17", "密钥和密码都够强", "Secrets and passwords are strong enough")


def public_addresses(setup: Setup) -> Iterator[Finding]:
    """D24: what a browser outside is told must be reachable from there."""
    environment = setup.setting("ENVIRONMENT", "local")
    if environment == "local":
        return
    addresses = {"PUBLIC_URL": setup.setting("PUBLIC_URL")}
    if setup.setting("STORAGE_BACKEND") == "s3":
        key = "S3_PUBLIC_ENDPOINT" if setup.setting("S3_PUBLIC_ENDPOINT") else "S3_ENDPOINT"
        addresses[key] = setup.setting(key)
    bad = 0
    for name, address in addresses.items():
        host = host_of(address)
        if not address or not host:
            continue
        if reason := _private(host, setup):
            bad += 1
            yield Finding(
                "D24",
                Level.FAIL if environment == "production" else Level.WARN,
                Words(f"{name} 的 {host} 外面访问不到", f"{host} in {name} cannot be reached from outside"),
                Words(
                    f"{reason.zh}。用户的浏览器要用它取图片和链接。",
                    f"{reason.en}. Browsers of your users fetch pictures and links from it.",
                ),
                Words(
                    f"把 {name} 改成公网域名，例如 https://api.example.com",
                    f"Set {name} to a public name such as https://api.example.com",
                ),
            )
        elif address.startswith("http://"):
            bad += 1
            yield Finding(
                "D24",
                Level.WARN,
                Words(f"{name} 是 http，没有加密", f"{name} is http, without encryption"),
                Words("照片和登录会明文经过网络。", "Photos and sign-ins travel in the clear."),
                Words(f"把 {name} 改成 https://{host}", f"Set {name} to https://{host}"),
            )
    if not bad:
        yield ok("D24", "对外的地址都是公网地址", "The addresses for browsers are public")


def _private(host: str, setup: Setup) -> Words | None:
    known_here = is_loopback(host) or host in setup.rendered.services or host.endswith(_INTERNAL)
    if ":" not in host and (known_here or "." not in host):
        return Words("这个名字只在本机或 Docker 里有效", "That name means something on this computer or in Docker only")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not setup.network:
            return None
        try:
            address = ipaddress.ip_address(socket.getaddrinfo(host, None)[0][4][0])
        except (OSError, ValueError):
            return Words("这个域名解析不出来", "That name has no address")
    return None if address.is_global else Words(f"{address} 是内网地址", f"{address} is a private address")
