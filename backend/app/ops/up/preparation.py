"""Whether migrations and initial data can have changed since they were last brought in.

Asking Alembic and the engine takes two seconds, most of the time between the command and a service that is ready. Both
depend on the code, on the settings, and on the database, so those three are remembered as one word after a success.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

from app.ops.embedded import ServerFailed
from app.ops.up.configuration import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ops.embedded import PostgresServer
    from app.ops.up.configuration import Places

_OF_THE_SHELL: Final = {"_", "OLDPWD", "PWD", "SHLVL"}
_IDENTITY: Final = """
SELECT system_identifier, (SELECT string_agg(version_num, ',') FROM alembic_version) FROM pg_control_system()
"""


class Preparation:
    """Remembers the last success; only of an embedded database, as another one may be changed by anybody."""

    def __init__(self, places: Places, postgres: PostgresServer | None) -> None:
        self._places = places
        self._postgres = postgres
        self._note = places.data / "prepared"

    def needed(self) -> bool:
        """Whether anything may have changed."""
        try:
            known = self._note.read_text("utf-8")
        except OSError:
            return True
        return known != self._word()

    def forget(self) -> None:
        """Before an attempt: if it is broken off, the next one begins anew."""
        self._note.unlink(missing_ok=True)

    def succeeded(self) -> None:
        """After it."""
        if (word := self._word()) is not None:
            self._note.write_text(word, "utf-8")

    def _word(self) -> str | None:
        if self._postgres is None:
            return None
        try:
            database = self._postgres.execute(_IDENTITY, DATABASE)
        except ServerFailed:  # it has no tables yet
            return None
        word = hashlib.sha256(database.encode())
        for part in (*self._code(), *self._settings()):
            word.update(b"\0" + part)
        return word.hexdigest()

    def _code(self) -> Iterator[bytes]:
        backend = self._places.backend
        for folder in (backend / "app", backend / "migrations", backend / "requirements.lock"):
            for path in sorted([folder, *folder.rglob("*")]):
                if path.is_file() and path.parent.name != "__pycache__":
                    status = path.stat()
                    yield f"{path.relative_to(backend)}:{status.st_size}:{status.st_mtime_ns}".encode()

    def _settings(self) -> Iterator[bytes]:
        dotenv = self._places.root / ".env"
        yield dotenv.read_bytes() if dotenv.exists() else b""
        for name, value in sorted(os.environ.items()):
            if name not in _OF_THE_SHELL:
                yield os.fsencode(f"{name}={value}")
