"""The engine, used once: a picture of nothing goes through the same process as an upload."""

from __future__ import annotations

import asyncio
import struct
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.engines.base import EngineFailure, InputRefused, PrepareRequest
from app.engines.registry import UnknownEngine, create_engine
from app.ops.doctor.finding import Words, same
from app.ops.worker import engine_options

if TYPE_CHECKING:
    from app.core.settings import Settings

_LIMIT_SECONDS: Final = 60.0
_SIDE: Final = 512
"""Large enough that the search for a face is made."""


def tiny_picture() -> bytes:
    """A grey PNG."""
    rows = (b"\0" + bytes([128]) * _SIDE) * _SIDE
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


async def use_engine(settings: Settings) -> tuple[int, Words | None]:
    """How many templates there are, and why it failed if it did."""
    try:
        engine = create_engine(settings.ENGINE, engine_options(settings))
    except UnknownEngine as error:
        return 0, same(str(error))
    try:
        async with asyncio.timeout(_LIMIT_SECONDS):
            await engine.start()
            with tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "tiny.png"
                source.write_bytes(tiny_picture())
                await engine.prepare(PrepareRequest(source, Path(folder)))
            return len(engine.templates()), None
    except InputRefused:  # it looked, and said so
        return len(engine.templates()), None
    except EngineFailure as failure:
        return 0, Words(failure.message.zh, failure.message.en)
    except (OSError, TimeoutError) as error:
        return 0, same(f"{type(error).__name__}: {error}".rstrip(": "))
    finally:
        await engine.close()
