"""The bodies of requests that may carry a file.

They are read here, not by the framework, so that rate limits come first; and a body that is JSON never grows beyond
what JSON may be, though the route takes files of megabytes.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from app.core.errors import TooLarge, UnsupportedMediaType
from app.media.exceptions import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import Request

_JSON_BYTES: Final = 64 * 1024
_MAX_FIELDS: Final = 10
_FIELD_BYTES: Final = 64 * 1024
T = TypeVar("T", bound=BaseModel)
logger = structlog.get_logger(__name__)

FILE_BODY: Final[dict[str, Any]] = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {
                    "type": "string",
                    "format": "binary",
                    "description": "A photo of a person: JPEG, PNG, WebP or HEIC, at most 10 MB and 40 megapixels",
                }
            },
        }
    }
}
"""The body of an upload, for OpenAPI."""


def is_form(request: Request) -> bool:
    """Whether the body is a form with a file."""
    return _content_type(request) == "multipart/form-data"


@asynccontextmanager
async def uploaded_file(request: Request) -> AsyncIterator[UploadFile]:
    """The field ``file`` of a form, spooled to the disk when it is large, and closed afterwards.

    Raises UnsupportedMediaType for other bodies, RequestValidationError for a form without a file, and
    StorageUnavailable when the disk is full.
    """
    if not is_form(request):
        raise UnsupportedMediaType
    try:
        form = await request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=_FIELD_BYTES)
    except OSError as error:
        logger.warning("spooling_failed", error=type(error).__name__, reason=error.strerror)
        raise StorageUnavailable from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise RequestValidationError([{"type": "missing", "loc": ("body", "file"), "msg": "", "input": None}])
        yield file
    finally:
        await form.close()


async def read_json(request: Request, kind: type[T]) -> T:
    """The body as ``kind``. Raises UnsupportedMediaType, TooLarge and RequestValidationError."""
    content_type = _content_type(request)
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise UnsupportedMediaType
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _JSON_BYTES:
            raise TooLarge(limit_mb=f"{_JSON_BYTES / 2**20:.2g}")
    try:
        return kind.model_validate_json(bytes(body))
    except ValidationError as error:
        problems = [
            {**problem, "loc": ("body", *problem["loc"])}
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise RequestValidationError(problems) from None


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
