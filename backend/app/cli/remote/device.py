"""Who we are to a service: a random id for each, kept in the user's own configuration. It is as good as a password."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.cli.failure import Failure
from app.cli.whole_file import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE: Final = "AIPIC_DEVICE_ID"
_FORM: Final = re.compile(r"[!-~]{16,128}")


def device_id(server: str) -> str:
    """Our id at a server, made at the first call. ``AIPIC_DEVICE_ID`` comes first, and is not kept.

    A file that cannot be read is never replaced: the ids in it open accounts that have points.
    """
    given = os.environ.get(VARIABLE)
    if given:
        if not _FORM.fullmatch(given):
            raise Failure("device_id_wrong", variable=VARIABLE)
        return given
    path = device_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(path.parent):
            known = _read(path)
            if server not in known:
                known[server] = secrets.token_urlsafe(32)
                with replacing(path, mode=0o600) as file:
                    file.write(json.dumps({"servers": known}, indent=2).encode())
            return known[server]
    except OSError as error:
        raise Failure("device_file", path=path, detail=error.strerror or error, variable=VARIABLE) from error


def device_file() -> Path:
    """Where the ids are kept: below ``XDG_CONFIG_HOME``, which is ``~/.config`` unless it is set."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    # A relative one is to be ignored, says the specification.
    folder = Path(base) if base.startswith("/") else Path(os.path.expanduser("~/.config"))  # noqa: PTH111 - no error
    return folder / "ai-pic" / "device.json"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two first calls at once must not make two ids, of which one account's points would be lost."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(path: Path) -> dict[str, str]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)  # copied from elsewhere, perhaps
    try:
        known = dict(json.loads(content)["servers"])
    except (ValueError, KeyError, TypeError):
        known = {"": ""}
    if not all(isinstance(value, str) and _FORM.fullmatch(value) for value in known.values()):
        raise Failure("device_file_broken", path=path)
    return known
