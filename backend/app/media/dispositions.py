"""Names that browsers save files under."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote

_LONGEST: Final = 80
_FORBIDDEN: Final = re.compile(r'[\\/:*?"<>|%;=]')


def inline(key: str) -> str:
    """Shown in the page; saved under the last part of our own name."""
    return f'inline; filename="{key.rpartition("/")[2]}"'


def attachment(key: str, name: str) -> str:
    """Saved under ``name``, as far as that is one, always with our own suffix."""
    suffix = key.rpartition(".")[2]
    stem = _stem(name, suffix) or "sticker"
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().strip(" .") or "sticker"
    return f"attachment; filename=\"{plain}.{suffix}\"; filename*=UTF-8''{quote(f'{stem}.{suffix}', safe='')}"


def _stem(name: str, suffix: str) -> str:
    name = name.encode("utf-8", "ignore").decode()
    name = _FORBIDDEN.sub("_", name.removesuffix(f".{suffix}"))
    # Controls, and marks that turn the direction of writing, hide what a name really ends in.
    name = "".join(character for character in name if unicodedata.category(character)[0] != "C")
    return name.strip(" .")[:_LONGEST].strip(" .")
