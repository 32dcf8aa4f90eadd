"""The internet as Docker sees it; asked only with ``--network``."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.ops.doctor.checks.configuration import is_loopback
from app.ops.doctor.finding import Finding, Level, Words, listed, ok, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ops.doctor.setup import Setup

_LIMIT_SECONDS: Final = 5.0
_HUB: Final = "https://registry-1.docker.io"
_TOO_MANY: Final = 429
_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


def proxies(setup: Setup) -> Iterator[Finding]:
    """D41: a proxy that the shell knows and Docker does not, or that means another machine in a container."""
    here = next((setup.environment[name] for name in _PROXIES if setup.environment.get(name)), "")
    engine = str(setup.docker.info.get("HttpsProxy") or setup.docker.info.get("HttpProxy") or "")
    inside = _client_proxy(setup)
    host = urlsplit(inside if "://" in inside else f"http://{inside}").hostname or "" if inside else ""
    if host and is_loopback(host):
        yield Finding(
            "D41",
            Level.WARN,
            Words(f"给容器的代理写成了 {host}", f"The proxy for containers is {host}"),
            Words(
                "在容器里这是容器自己，构建会连不上网。",
                "Inside a container that is the container itself; a build gets no network.",
            ),
            Words(
                f"在 ~/.docker/config.json 的 proxies 里把 {host} 改成 host.docker.internal",
                f"In ~/.docker/config.json, under proxies, write host.docker.internal for {host}",
            ),
        )
    elif here and setup.docker.answers and not engine and not inside:
        yield Finding(
            "D41",
            Level.WARN,
            Words("只有命令行用了代理，Docker 没有", "Your shell uses a proxy, Docker does not"),
            Words(
                "拉取镜像和构建不经过它。在 Docker Desktop 里设置：Settings → Resources → Proxies。",
                "Pulling and building go without it. Docker Desktop: Settings → Resources → Proxies.",
            ),
            same("docker info --format '{{.HTTPSProxy}}'"),
        )


def _client_proxy(setup: Setup) -> str:
    folder = setup.environment.get("DOCKER_CONFIG") or str(Path(setup.environment.get("HOME", "~")) / ".docker")
    try:
        settings = json.loads((Path(folder) / "config.json").read_text("utf-8"))
        default = settings["proxies"]["default"]
        return str(default.get("httpsProxy") or default.get("httpProxy") or "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def registries(setup: Setup) -> Iterator[Finding]:
    """D40: can images be fetched."""
    if not setup.network or setup.rendered.config is None:
        return
    mirrors = [str(one) for one in (setup.docker.info.get("RegistryConfig") or {}).get("Mirrors") or []]
    for address in sorted({_registry(image) for image in _images(setup)}):
        reason = _asked(address)
        tried = [mirror for mirror in mirrors if address == _HUB]
        if reason is not None and any(_asked(mirror) is None for mirror in tried):
            reason = None
        host = urlsplit(address).netloc
        if reason is None:
            yield ok("D40", "镜像仓库 {host} 能连上", "The registry {host} answers", host=host)
            continue
        more = Words(
            f"已设置的镜像站 {listed(tried).zh} 也不行。" if tried else "",
            f" The mirrors {listed(tried).en} fail too." if tried else "",
        )
        yield Finding(
            "D40",
            Level.WARN,
            Words(f"镜像仓库 {host} 连不上", f"The registry {host} cannot be reached"),
            Words(
                f"{reason.zh}。{more.zh}已有的镜像仍然能用。",
                f"{reason.en}.{more.en} Images that are here can still be used.",
            ),
            _mirror_command(address),
        )


def _mirror_command(address: str) -> Words:
    if address == _HUB:
        return Words(
            "Docker Desktop → Settings → Docker Engine：在 registry-mirrors 里写一个可用的镜像站",
            "Docker Desktop → Settings → Docker Engine: put a mirror that works under registry-mirrors",
        )
    return Words("在 .env 里写 REGISTRY=可用的镜像站", "Write REGISTRY=a mirror that works in .env")


def _images(setup: Setup) -> Iterator[str]:
    for service in setup.rendered.services.values():
        build = service.get("build") or {}
        if base := (build.get("args") or {}).get("REGISTRY"):
            yield f"{base}/base"
        elif service.get("image") and not build:
            yield str(service["image"])


def _registry(image: str) -> str:
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return f"{'http' if is_loopback(first.partition(':')[0]) else 'https'}://{first}"
    return _HUB


def _asked(address: str) -> Words | None:
    """None where it answers; a registry that wants a login is healthy."""
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/v2/", timeout=_LIMIT_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        if error.code == _TOO_MANY:
            return Words(
                "请求太多，被限流了；docker login 之后额度更高", "too many requests; docker login raises the limit"
            )
        return None if error.code < 500 else Words(f"它回答 {error.code}", f"it answers {error.code}")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Words(
            f"5 秒内没有连上（{type(reason).__name__}）", f"no connection within 5 s ({type(reason).__name__})"
        )
