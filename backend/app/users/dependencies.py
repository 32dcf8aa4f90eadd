"""Who is calling."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.core.database import Session
from app.core.errors import Forbidden, Unauthorized
from app.core.http import KeyringDep, SessionDep
from app.users import repository
from app.users.models import User

bearer = HTTPBearer(auto_error=False, description="The access token of `POST /auth/login`")


async def get_caller_id(
    request: Request, keyring: KeyringDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> UUID:
    """Whose token came along; the account itself may be gone. Raises Unauthorized."""
    if credentials is None:
        raise Unauthorized
    return keyring.read_token(credentials.credentials)


CallerId = Annotated[UUID, Depends(get_caller_id)]
"""For routes that must not hold a database connection while they wait; they look the account up themselves."""


async def require_user(session: Session, user_id: UUID) -> User:
    """The account of a token's owner. Raises Unauthorized when it was deleted."""
    user = await repository.get_user_or_none(session, user_id)
    if user is None:
        raise Unauthorized
    return user


async def get_current_user(caller_id: CallerId, session: SessionDep) -> User:
    """The account that calls, loaded in the request's own session. Raises Unauthorized."""
    return await require_user(session, caller_id)


CurrentUser = Annotated[User, Depends(get_current_user)]


async def get_superuser(user: CurrentUser) -> User:
    """The caller, who must be an operator. Raises Forbidden."""
    if not user.is_superuser:
        raise Forbidden
    return user


Superuser = Annotated[User, Depends(get_superuser)]
