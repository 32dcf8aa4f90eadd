"""Writing a file so that it is either wholly there or not at all, without the engine's own way of it, which would load
the engine."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from app.cli.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def replacing(target: Path, *, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Give an empty file to write to; put it in the target's place when the block ends well.

    Whatever ends the block early leaves the target as it was and nothing beside it. Raises Failure where the system
    does not let us write.
    """
    draft = target.parent / f".{target.name}.{secrets.token_hex(4)}.part"
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Failure("output_unwritable", path=target, detail=error.strerror or error) from error
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
