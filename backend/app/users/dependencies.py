"""Who is calling."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from app.core.database import Session
from app.core.errors import Forbidden, Unauthorized
from app.core.http import SessionDep
from app.core.reading import Reads
from app.core.security import Keyring
from app.users import repository
from app.users.models import User


class TokenScheme(SecurityBase):
    """How a token comes along. One dependency that does all, since every request pays for each."""

    def __init__(self) -> None:
        self.model = HTTPBearer(description="The access token of `POST /auth/login`")
        self.scheme_name = "HTTPBearer"

    def read(self, request: Request) -> UUID:
        """Whose token it is. Raises Unauthorized."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized
        keyring: Keyring = request.app.state.keyring
        return keyring.read_token(token.strip())


class AccessToken(TokenScheme):
    """The token that a route asks for."""

    async def __call__(self, request: Request) -> UUID:
        """Whose token came along; the account itself may be gone. Raises Unauthorized."""
        return self.read(request)


CallerId = Annotated[UUID, Depends(AccessToken())]
"""For routes that look the account up themselves: those that wait long, and those that are asked all the time."""


async def require_account(reads: Reads, user_id: UUID) -> None:
    """Nothing, when the account of a token's owner is there. Raises Unauthorized when it was deleted."""
    if not await repository.is_there(reads, user_id):
        raise Unauthorized


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
