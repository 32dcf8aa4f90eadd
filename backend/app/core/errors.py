"""What the service answers when it cannot do what was asked.

    ServiceError                 status, number, code; a sentence in both languages
    ├── InvalidRequest  400      ├── Unauthorized 401      ├── NotFound     404
    ├── RequestTimeout  408      ├── TooLarge     413      ├── TooMany      429
    └── Unavailable     503      …and each domain's own, in its ``exceptions.py``

An error's six-digit code is its status times 1000 plus its number; a test checks that no two classes share one.
The sentences are formatted with the error's parameters when the answer is written, in the caller's language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.i18n import Lang


class ServiceError(Exception):
    """Base of all errors with an answer. ``details`` become the envelope's ``data``; ``headers`` go with the answer."""

    status: ClassVar[int] = 500
    number: ClassVar[int] = 1
    code: ClassVar[str] = "internal_error"
    zh: ClassVar[str] = "服务出错了，请稍后再试。"
    en: ClassVar[str] = "Something went wrong on our side. Please try again later."
    retry_after: ClassVar[int | None] = None

    def __init__(self, *, details: object = None, headers: Mapping[str, str] | None = None, **params: Any) -> None:
        self.details = details
        self.params = params
        self.headers = dict(headers or {})
        if self.retry_after is not None:
            self.headers.setdefault("Retry-After", str(self.retry_after))
        super().__init__(f"{self.code} {params}" if params else self.code)

    @property
    def envelope_code(self) -> int:
        """The six digits that clients branch on."""
        return self.status * 1000 + self.number

    def message(self, lang: Lang) -> str:
        """The sentence a person reads."""
        return (self.zh if lang == "zh" else self.en).format(**self.params)


class InternalError(ServiceError):
    """A bug of ours; its cause is in the log under the request id, never in the answer."""


class InvalidRequest(ServiceError):
    """The request breaks the contract; ``details`` say which field and why."""

    status = 400
    number = 1
    code = "invalid_request"
    zh = "请求的内容不正确：{problem}"
    en = "The request is not right: {problem}"


class InvalidFields(InvalidRequest):
    """JSON that can be read but breaks the schema; ``details`` are ``[{field, problem}]`` in the caller's language."""

    status = 422
    code = "invalid_fields"


class Unstorable(ServiceError):
    """A value that passed every schema and still cannot be stored. The last net; it means that a schema is too wide."""

    status = 422
    number = 2
    code = "unstorable"
    zh = "请求里有无法保存的内容。"
    en = "The request holds something that cannot be stored."


class Unauthorized(ServiceError):
    """No token, or one that does not hold."""

    status = 401
    number = 1
    code = "unauthorized"
    zh = "请先登录。"
    en = "Please sign in first."

    def __init__(self, **params: Any) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"}, **params)


class Forbidden(ServiceError):
    """Signed in, but not allowed."""

    status = 403
    number = 1
    code = "forbidden"
    zh = "没有权限做这件事。"
    en = "You are not allowed to do this."


class NotFound(ServiceError):
    """No such route, or nothing of that id which belongs to the caller."""

    status = 404
    number = 1
    code = "not_found"
    zh = "没有找到。"
    en = "Not found."


class MethodNotAllowed(ServiceError):
    """The route exists, but not with this method."""

    status = 405
    number = 1
    code = "method_not_allowed"
    zh = "这个地址不支持该方法。"
    en = "This address does not take that method."


class RequestTimeout(ServiceError):
    """The body comes too slowly, or has stopped coming."""

    status = 408
    number = 1
    code = "request_timeout"
    zh = "内容传得太慢，连接已断开。请检查网络后重试。"
    en = "The request came in too slowly. Please check the network and try again."


class TooLarge(ServiceError):
    """The body is larger than this route takes; told before it is read."""

    status = 413
    number = 1
    code = "too_large"
    zh = "内容太大，最多 {limit_mb} MB。"
    en = "The body is too large: at most {limit_mb} MB."


class UnsupportedMediaType(ServiceError):
    """The body is of a kind that the route does not take."""

    status = 415
    number = 1
    code = "unsupported_media_type"
    zh = "不支持这种内容类型。"
    en = "This content type is not supported."


class TooManyRequests(ServiceError):
    """A rate limit; ``Retry-After`` tells when to come again."""

    status = 429
    number = 1
    code = "too_many_requests"
    zh = "操作太频繁，请 {seconds} 秒后再试。"
    en = "Too many requests. Please try again in {seconds} seconds."


class Unavailable(ServiceError):
    """Something that the service needs is down; nothing was changed."""

    status = 503
    number = 1
    code = "unavailable"
    zh = "服务暂时不可用，请稍后再试。没有扣除积分。"
    en = "The service is unavailable at the moment. Please try again shortly; no points were taken."
    retry_after = 5
