"""Whether a caller has something already."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


def strong_etag(content: bytes) -> str:
    """An entity tag that stands for exactly these bytes."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Whether one of the tags of an ``If-None-Match`` header is ``etag``, so that 304 answers it."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)
