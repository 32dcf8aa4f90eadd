"""An error as an HTTP answer: the same envelope from handlers and from middleware, in the caller's language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from fastapi import Response

from app.core.schemas import Failure

if TYPE_CHECKING:
    from app.core.errors import ServiceError
    from app.core.i18n import Lang


_FAILURE: Final = "#/components/schemas/Failure"


def failure_body(error: ServiceError, lang: Lang) -> bytes:
    """The envelope of an error as JSON. Never fails: what cannot be encoded is replaced."""
    content = {"code": error.envelope_code, "message": error.message(lang), "data": error.details}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", "replace")


def failure_response(error: ServiceError, lang: Lang) -> Response:
    """The envelope of an error with its status and headers."""
    return Response(failure_body(error, lang), error.status, error.headers, media_type="application/json")


def failing(description: str) -> dict[str, Any]:
    """A failure that a route may answer, for OpenAPI. By reference: a model would cost each route a validator of its
    own, which never runs."""
    return {"description": description, "content": {"application/json": {"schema": {"$ref": _FAILURE}}}}


COMMON_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: failing("The request cannot be read"),
    401: failing("No token, or one that does not hold"),
    404: failing("Nothing of that id that belongs to the caller"),
    405: failing("Not with this method; `Allow` says with which"),
    408: failing("The body did not come in time"),
    413: failing("The body is too large; told before it is read"),
    415: failing("The body is of a kind that this route does not take"),
    422: failing("A field is not right; `data` says which and why"),
    429: failing("Too many requests; `Retry-After` says when to come again"),
    500: {"model": Failure, "description": "A bug on our side"},  # what the others refer to
    503: failing("Something that the service needs is down; nothing was changed"),
}
"""What every route may answer besides its own, for OpenAPI."""
