"""The files of the page, held in memory: some two megabytes, looked up by name, so that no path leads anywhere else.

An address carries the digest of the files it belongs to (``/assets/<digest>/js/main.js``), and what it leads to never
changes; so browsers keep it for a year, and modules that import each other by relative paths are always of one
version. The previews have a digest of their own, since they weigh most and change least.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STATIC: Final = Path(__file__).parent / "static"
PREVIEWS: Final = "previews/"
PAGE: Final = "index.html"
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
_COMPRESSED: Final = frozenset({".js", ".css", ".svg"})


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; ``packed`` is it in gzip where that is worth it."""

    content: bytes
    content_type: str
    etag: str
    packed: bytes | None


class Assets:
    """All files by their names below ``static``. Files of a suffix that is not known are not served."""

    def __init__(self, folder: Path) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in _TYPES)
        self._assets: Mapping[str, Asset] = {path.relative_to(folder).as_posix(): _read(path) for path in paths}
        self.page = (folder / PAGE).read_text("utf-8")
        self.digest = _digest(asset for name, asset in self._assets.items() if not name.startswith(PREVIEWS))
        self.previews_digest = _digest(asset for name, asset in self._assets.items() if name.startswith(PREVIEWS))

    def __contains__(self, name: str) -> bool:
        return name in self._assets

    @property
    def names(self) -> list[str]:
        """Of all files that are served."""
        return list(self._assets)

    def get_or_none(self, name: str) -> Asset | None:
        """The file of that name."""
        return self._assets.get(name)

    def digest_of(self, name: str) -> str:
        """The digest that the present address of a file carries."""
        return self.previews_digest if name.startswith(PREVIEWS) else self.digest

    def path(self, name: str) -> str:
        """The present address of a file."""
        return f"/assets/{self.digest_of(name)}/{name}"

    def preview_path_or_none(self, driven_id: str, *, still: bool = False) -> str | None:
        """Where the preview of a template lies; None for a template that has none, such as an operator's own."""
        name = f"{PREVIEWS}{driven_id}{'.still' if still else ''}.webp"
        return self.path(name) if name in self else None


@cache
def load_assets() -> Assets:
    """The page's own files, read once a process."""
    return Assets(STATIC)


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    packed = gzip.compress(content, 9, mtime=0) if path.suffix in _COMPRESSED else None
    return Asset(content, _TYPES[path.suffix], f'"{_digest_of(content)}"', packed)


def _digest(assets: Iterable[Asset]) -> str:
    return _digest_of("".join(asset.etag for asset in assets).encode())


def _digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
