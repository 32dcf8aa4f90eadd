"""Links to stored files: signed, expiring, and recognised again when somebody sends one back.

A link names a key, the second in which it ends, and a signature over both. The end is rounded up, so that all links
to a file within an hour are the same text, and browsers find it in their cache. What a caller sends as ``image_url``
is compared with the exact text that we would have written: nothing is parsed leniently, nothing is ever fetched.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from uuid import UUID

from app.media.exceptions import ForeignUrl, LinkExpired, LinkInvalid
from app.media.keys import PHOTO_PATTERN, is_photo, is_served

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta

    from app.core.security import Keyring
    from app.media.storage import Storage

PATH: Final = "/api/v1/media/"
_WINDOW_SECONDS: Final = 3600
_LONGEST_URL: Final = 600
_REMEMBERED: Final = 4096
_EXPIRES: Final = re.compile(r"[0-9]{1,12}")
_SIGNATURE: Final = r"[A-Za-z0-9_-]{43}"
_PHOTO_LINK: Final = re.compile(
    rf"{PATH}(?P<key>{PHOTO_PATTERN})\?expires=(?P<expires>{_EXPIRES.pattern})&signature=(?P<signature>{_SIGNATURE})"
)
_ORIGIN: Final = re.compile(r"(?i:https?)://[A-Za-z0-9.:\[\]-]+")


class LinkSigner:
    """Makes and checks the signatures. ``lifetime`` is the least that a new link holds."""

    def __init__(self, keyring: Keyring, lifetime: timedelta) -> None:
        self.lifetime = lifetime
        self._key = keyring.key("media-link")
        # Whoever waits for a sticker, or leafs through theirs, asks for the same links again.
        self._signed = lru_cache(maxsize=_REMEMBERED)(self._sign)

    def sign(self, key: str, *, now: float | None = None) -> str:
        """Path and query of a link to ``key``."""
        moment = time.time() if now is None else now
        return self._signed(key, int(moment) // _WINDOW_SECONDS)

    def verify(self, key: str, expires: str, signature: str, *, now: float | None = None) -> int:
        """The seconds for which the link still holds. Raises LinkInvalid and LinkExpired."""
        if not is_served(key) or not _EXPIRES.fullmatch(expires):
            raise LinkInvalid
        expected = self._signature(key, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass")):
            raise LinkInvalid
        left = int(expires) - int(time.time() if now is None else now)
        if left <= 0:
            raise LinkExpired
        return left

    def photo_key_of(self, url: str, bases: Collection[str], *, now: float | None = None) -> str:
        """The key of the photo that one of our own links leads to. Raises ForeignUrl for everything else.

        ``bases`` are the addresses under which this service is known, without a slash at the end; a link may also be
        just the path.
        """
        if len(url) > _LONGEST_URL:
            raise ForeignUrl
        link = _PHOTO_LINK.fullmatch(_without_base(url, bases))
        if link is None:
            raise ForeignUrl
        try:
            self.verify(link["key"], link["expires"], link["signature"], now=now)
        except (LinkInvalid, LinkExpired) as error:
            raise ForeignUrl from error
        return link["key"]

    def _sign(self, key: str, window: int) -> str:
        if not is_served(key):
            raise ValueError(f"never handed out: {key!r}")
        expires = str((window + 1) * _WINDOW_SECONDS + int(self.lifetime.total_seconds()))
        return f"{PATH}{key}?expires={expires}&signature={self._signature(key, expires)}"

    def _signature(self, key: str, expires: str) -> str:
        digest = hmac.digest(self._key, f"{key}\n{expires}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Linker:
    """Links as a caller gets them: absolute, and to the object store itself where it signs its own."""

    def __init__(self, signer: LinkSigner, storage: Storage, *, base: str, bases: Collection[str]) -> None:
        self._signer = signer
        self._storage = storage
        self._base = base
        self._bases = bases

    async def link(self, key: str) -> str:
        """Where to fetch a file. Photos always have links of ours, since those can be sent back as ``image_url``."""
        if self._storage.signs and not is_photo(key):
            return await self._storage.sign(key, self._signer.lifetime)
        return self._base + self._signer.sign(key)

    def own_link(self, key: str) -> str:
        """A link of ours, whatever the storage; ``&download=name`` may be put behind it, to save under that name."""
        return self._base + self._signer.sign(key)

    def photo_id_of(self, url: str) -> UUID:
        """Which photo a link of ours leads to. Raises ForeignUrl for everything else."""
        key = self._signer.photo_key_of(url, self._bases)
        return UUID(key.partition("/")[2].partition(".")[0])


def _without_base(url: str, bases: Collection[str]) -> str:
    origin = _ORIGIN.match(url)
    if origin is None:
        return url
    # Some clients write schemes and hosts in capitals; nothing else may differ from what we wrote.
    url = origin[0].lower() + url[origin.end() :]
    for base in bases:
        if base and url.startswith(f"{base}/"):
            return url[len(base) :]
    raise ForeignUrl
