"""What the service answers when it is not well."""

from __future__ import annotations

from app.core.errors import ServiceError


class NotReady(ServiceError):
    """A component is down; ``details`` say which."""

    status = 503
    number = 2
    code = "not_ready"
    zh = "服务还没有就绪，请稍后再试。"
    en = "The service is not ready. Please try again shortly."
    retry_after = 2


class Draining(ServiceError):
    """This process is about to be replaced: a proxy that asks sends nobody here any more."""

    status = 503
    number = 3
    code = "draining"
    zh = "这个进程即将被替换，请稍后再试。"
    en = "This process is about to be replaced. Please try again shortly."
    retry_after = 2
