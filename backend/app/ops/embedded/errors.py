"""What can go wrong with an embedded server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class ServerFailed(Exception):
    """The server did not start, or ended; ``lines`` are the last ones that it wrote."""

    def __init__(self, server: str, reason: str, lines: list[str] | None = None) -> None:
        self.server = server
        self.reason = reason
        self.lines = lines or []
        super().__init__("\n".join([f"{server}: {reason}", *self.lines]))


class FolderInUse(ServerFailed):
    """Another living process runs a server on this folder."""

    def __init__(self, server: str, folder: Path) -> None:
        super().__init__(server, f"another process uses {folder}")
