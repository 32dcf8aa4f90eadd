"""Who is calling, where a token is optional."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials

from app.core.http import KeyringDep
from app.users.dependencies import bearer, get_caller_id


async def get_caller_id_or_none(
    request: Request, keyring: KeyringDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> UUID | None:
    """Whose token came along, if any. One that does not hold is refused, not overlooked. Raises Unauthorized."""
    if "authorization" not in request.headers:
        return None
    return await get_caller_id(request, keyring, credentials)


CallerIdOrNone = Annotated[UUID | None, Depends(get_caller_id_or_none)]
