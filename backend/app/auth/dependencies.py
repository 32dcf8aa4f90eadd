"""Who is calling, where a token is optional."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.users.dependencies import TokenScheme


class OptionalToken(TokenScheme):
    """The token that a route can do without."""

    async def __call__(self, request: Request) -> UUID | None:
        """Whose token came along, if any. One that does not hold is refused, not overlooked. Raises Unauthorized."""
        return self.read(request) if "authorization" in request.headers else None


CallerIdOrNone = Annotated[UUID | None, Depends(OptionalToken())]
