"""Error handlers: whatever is raised becomes an envelope with the right status, in the caller's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from app.core.answers import COMMON_RESPONSES, failure_response
from app.core.errors import (
    Forbidden,
    InternalError,
    InvalidFields,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    ServiceError,
    Unauthorized,
    Unavailable,
    Unstorable,
    UnsupportedMediaType,
)
from app.core.failures import FOREIGN, meaning
from app.core.i18n import negotiate
from app.core.problems import list_problems

__all__ = ["COMMON_RESPONSES", "ServiceHTTPException", "answer_unforeseen", "install_handlers"]

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

    from app.core.i18n import Lang

_UNREADABLE: Final = ("不是可以读取的 JSON。", "it is not JSON that can be read.")
_UNREADABLE_BODY: Final = ("无法读取。", "it cannot be read.")
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_BY_STATUS: Final[dict[int, type[ServiceError]]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    415: UnsupportedMediaType,
    503: Unavailable,
}
logger = structlog.get_logger(__name__)


class ServiceHTTPException(HTTPException):
    """Carries an error of ours through code that lets only Starlette's own exception pass, such as body parsing."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(error.status, headers=error.headers)
        self.error = error


def install_handlers(app: FastAPI) -> None:
    """Register all error handlers. With them, and the middleware, nothing but envelopes leaves the service."""
    handlers: dict[type[Exception], Any] = {
        ServiceError: _service_error,
        RequestValidationError: _invalid,
        HTTPException: _http_exception,
        ClientDisconnect: _disconnected,
        Exception: _unforeseen,
        **dict.fromkeys(FOREIGN, _unforeseen),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def answer_unforeseen(error: Exception, lang: Lang) -> Response:
    """Log an error that no domain foresaw and answer what it means. A bug's traceback goes to the log alone."""
    answer = meaning(error)
    kind = type(error).__name__
    if isinstance(answer, InternalError):
        logger.error("request_failed", error=kind, exc_info=error)
    elif isinstance(answer, Unstorable):
        logger.warning("input_unstorable", error=kind)
    else:
        logger.warning("dependency_unavailable", error=kind, reason=_reason(error))
    return failure_response(answer, lang)


def _reason(error: Exception) -> str:
    """The cause without statement and parameters, which may hold personal data."""
    cause: BaseException = getattr(error, "orig", None) or error
    return str(cause)[:200]


def _lang(request: Request) -> Lang:
    return negotiate(request.headers.get("accept-language"))


async def _service_error(request: Request, error: ServiceError) -> Response:
    return failure_response(error, _lang(request))


async def _unforeseen(request: Request, error: Exception) -> Response:
    return answer_unforeseen(error, _lang(request))


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    lang = _lang(request)
    if any(problem["type"] == "json_invalid" for problem in error.errors()):
        return failure_response(InvalidRequest(problem=_said(_UNREADABLE, lang)), lang)
    if isinstance(error.body, bytes):
        # The body was not even taken for JSON, because of its content type.
        return failure_response(UnsupportedMediaType(), lang)
    problems = list_problems(error.errors(), lang)
    first = f"{problems[0]['field']} {problems[0]['problem']}" if problems else ""
    return failure_response(InvalidFields(problem=first, details=problems), lang)


async def _http_exception(request: Request, error: HTTPException) -> Response:
    lang = _lang(request)
    if isinstance(error, ServiceHTTPException):
        return failure_response(error.error, lang)
    answer = _of_status(error.status_code, lang)
    answer.headers.update(error.headers or {})
    if isinstance(answer, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(_methods_at(request))
    response = failure_response(answer, lang)
    response.status_code = error.status_code
    return response


def _methods_at(request: Request) -> list[str]:
    """All methods of an address: the framework names only those of the first route that lies there."""
    scope, routes = dict(request.scope), request.app.routes
    found = []
    for method in _METHODS:
        scope["method"] = method
        if any(route.matches(scope)[0] == Match.FULL for route in routes):
            found.append(method)
    return found


def _of_status(status: int, lang: Lang) -> ServiceError:
    if status in _BY_STATUS:
        return _BY_STATUS[status]()
    return InternalError() if status >= 500 else InvalidRequest(problem=_said(_UNREADABLE_BODY, lang))


async def _disconnected(request: Request, error: ClientDisconnect) -> Response:
    """Nobody reads this any more; it keeps a caller who went away out of the log of bugs."""
    lang = _lang(request)
    return failure_response(InvalidRequest(problem=_said(_UNREADABLE_BODY, lang)), lang)


def _said(sentences: tuple[str, str], lang: Lang) -> str:
    return sentences[0 if lang == "zh" else 1]
