"""Keys, keyed hashes and tokens. One secret, and from it a key of its own for every purpose."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from uuid import UUID

import jwt

from app.core.clock import utc_now
from app.core.errors import Unauthorized

if TYPE_CHECKING:
    from app.core.settings import Settings

_ALGORITHM: Final = "HS256"
_AUDIENCE: Final = "ai-pic"
_LONGEST_TOKEN: Final = 2048
_REMEMBERED_TOKENS: Final = 4096


class Keyring:
    """Derives keys from SECRET_KEY, so that a value signed for one purpose never passes for another."""

    def __init__(self, settings: Settings) -> None:
        self._root = settings.SECRET_KEY.get_secret_value().encode()
        self._days = settings.ACCESS_TOKEN_DAYS
        # Clients come again and again with the same token; only those that hold are remembered.
        self._verified = lru_cache(maxsize=_REMEMBERED_TOKENS)(self._verify)
        self._tokens = self.key("access-token")

    def key(self, purpose: str) -> bytes:
        """The 32-byte key of ``purpose``."""
        return hmac.digest(self._root, f"ai-pic:{purpose}".encode(), hashlib.sha256)

    def keyed_hash(self, purpose: str, value: str) -> str:
        """A keyed SHA-256 of ``value``, 64 hexadecimal digits: what is stored in place of a secret."""
        return hmac.new(self.key(purpose), value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def issue_token(self, user_id: UUID) -> tuple[str, int]:
        """An access token for ``user_id`` and the seconds for which it holds."""
        now = utc_now()
        lasts = timedelta(days=self._days)
        claims = {"sub": str(user_id), "iat": now, "exp": now + lasts, "aud": _AUDIENCE}
        return jwt.encode(claims, self._tokens, algorithm=_ALGORITHM), int(lasts.total_seconds())

    def read_token(self, token: str) -> UUID:
        """Whose token it is. Raises Unauthorized for everything that is not ours, or whose time is over."""
        if len(token) > _LONGEST_TOKEN:
            raise Unauthorized
        user_id, expires = self._verified(token)
        if expires <= utc_now().timestamp():
            raise Unauthorized
        return user_id

    def _verify(self, token: str) -> tuple[UUID, float]:
        try:
            claims = jwt.decode(
                token,
                self._tokens,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["exp", "iat", "sub", "aud"]},
            )
            return UUID(claims["sub"]), float(claims["exp"])
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError):
            raise Unauthorized from None
