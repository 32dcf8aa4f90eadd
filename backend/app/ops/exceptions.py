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
