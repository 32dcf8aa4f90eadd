"""Routes of photos and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.core.http import DatabaseDep, LangDep
from app.core.ratelimit import limit_by_account
from app.core.schemas import Envelope, Failure
from app.media import serving
from app.media.dependencies import LinkerDep, LinkSignerDep, ReceiverDep, StorageDep
from app.media.forms import FILE_BODY, is_form, read_json, uploaded_file
from app.media.keys import SERVED_PATTERN
from app.media.models import Photo
from app.media.reading import read_detection, read_photo
from app.media.schemas import DetectionRead, DetectRequest, PhotoRead
from app.media.service import get_ready_photo
from app.users.dependencies import CallerId, require_user

if TYPE_CHECKING:
    from uuid import UUID

    from app.core.database import Database
    from app.media.links import Linker
    from app.media.receiving import PhotoReceiver

router = APIRouter(tags=["photos"])
_UPLOADS: Final = [Depends(limit_by_account("upload", "RATE_UPLOAD"))]
_DETECT_BODY: Final[dict[str, Any]] = {
    **FILE_BODY,
    "application/json": {"schema": DetectRequest.model_json_schema()},
}
_FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/*": {}, "video/*": {}}, "description": "The file"},
    206: {"content": {"image/*": {}, "video/*": {}}, "description": "The range that was asked for"},
    304: {"description": "The caller has it already"},
    307: {"description": "It lies in the object store: a signed link there"},
    403: {"model": Failure, "description": "The link is incomplete or was changed"},
    410: {"model": Failure, "description": "The link has expired"},
    416: {"model": Failure, "description": "The range lies behind the end of the file"},
}


@router.post(
    "/emoji/upload",
    dependencies=_UPLOADS,
    openapi_extra={"requestBody": {"content": FILE_BODY, "required": True}},
)
async def upload(
    caller_id: CallerId, database: DatabaseDep, receiver: ReceiverDep, linker: LinkerDep, request: Request
) -> Envelope[PhotoRead]:
    """Upload a photo. It is turned upright, stripped of all metadata, and looked at before the answer."""
    photo = await _take_in(request, caller_id, database, receiver)
    return Envelope(data=await read_photo(photo, linker.link))


@router.post(
    "/emoji/detect",
    dependencies=_UPLOADS,
    openapi_extra={"requestBody": {"content": _DETECT_BODY, "required": True}},
)
async def detect(
    caller_id: CallerId,
    database: DatabaseDep,
    receiver: ReceiverDep,
    linker: LinkerDep,
    lang: LangDep,
    request: Request,
) -> Envelope[DetectionRead]:
    """Say whether stickers can be made of a photo, and if not, why: a new one, or one that was uploaded before."""
    if is_form(request):
        photo = await _take_in(request, caller_id, database, receiver)
    else:
        photo = await _find(await read_json(request, DetectRequest), caller_id, database, linker)
    return Envelope(data=await read_detection(photo, lang, linker.link))


@router.get("/media/{key:path}", response_class=Response, responses=_FILES)
@router.head("/media/{key:path}", include_in_schema=False)
async def fetch(
    request: Request,
    storage: StorageDep,
    signer: LinkSignerDep,
    key: Annotated[str, Path(description="From the link", json_schema_extra={"pattern": SERVED_PATTERN})],
    expires: Annotated[str, Query(description="From the link")] = "",
    signature: Annotated[str, Query(description="From the link")] = "",
    download: Annotated[str | None, Query(description="Save under this name instead of showing it")] = None,
) -> Response:
    """A photo or sticker, by a link of ours. Ranges and conditional requests work."""
    seconds = signer.verify(key, expires, signature)
    if storage.signs and download is None and request.method == "GET":
        return await serving.redirect(storage, key, seconds)
    return await serving.serve(storage, request, key, seconds, download)


async def _take_in(request: Request, caller_id: UUID, database: Database, receiver: PhotoReceiver) -> Photo:
    async with database.read() as session:
        await require_user(session, caller_id)
    async with uploaded_file(request) as file:
        return await receiver.receive(caller_id, file.file, file.size or 0)


async def _find(asked: DetectRequest, caller_id: UUID, database: Database, linker: Linker) -> Photo:
    photo_id = asked.photo_id or linker.photo_id_of(asked.image_url or "")
    async with database.read() as session:
        await require_user(session, caller_id)
        return await get_ready_photo(session, caller_id, photo_id)
