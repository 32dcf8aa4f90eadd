"""An engine for tests of everything but pictures: quick, and as bad as a test wants it.

What it does is told by the caption, so that a test steers it through the front door: ``fail``, ``fail-once``,
``crash``, ``memory``, ``hang``, ``slow``.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from app.engines.base import (
    Bilingual,
    EngineCrashed,
    EngineFailed,
    Generated,
    GeneratedFile,
    GenerateRequest,
    InputRefused,
    OutOfMemory,
    Prepared,
    PrepareRequest,
    Progress,
    Reason,
    TemplateCategory,
    TemplateInfo,
    TimedOut,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_CATEGORY = TemplateCategory("test", "测试", "Test")


class FakeEngine:
    """Copies the photo in place of a sticker. ``made`` lists the captions of finished stickers."""

    name = "fake"

    def __init__(self, seconds: float = 0.02) -> None:
        self.seconds = seconds
        self.made: list[str | None] = []
        self.started: list[str | None] = []
        self._counts: dict[str, itertools.count[int]] = {}

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def templates(self) -> Sequence[TemplateInfo]:
        return [
            TemplateInfo(name, Bilingual("眨眼", "Wink"), _CATEGORY, 2000, 25, Bilingual("嗯", "Hm"), position)
            for position, name in enumerate(("wink", "love", "angry"))
        ]

    async def prepare(self, request: PrepareRequest) -> Prepared:
        data = request.source.read_bytes()
        await asyncio.sleep(self.seconds)
        if b"refuse-me" in data:
            raise InputRefused("broken_file", Bilingual("图片坏了。", "The picture is broken."))
        passed = b"no-face" not in data
        target = request.target_dir / "photo.jpg"
        target.write_bytes(data)
        reasons = () if passed else (Reason("no_face", Bilingual("没有找到人脸。", "No face was found.")),)
        box = (10, 10, 400, 400) if passed else None
        return Prepared(target, "image/jpeg", len(data), 512, 512, passed, box, box, reasons)

    async def generate(self, request: GenerateRequest, on_progress: Progress) -> Generated:
        self.started.append(request.caption)
        await self._misbehave(request.caption or "")
        for step in range(1, 5):
            await asyncio.sleep(self.seconds / 4)
            on_progress(step / 4)
        photo = request.photo.read_bytes()
        files = {}
        for kind in request.formats:
            path = request.target_dir / f"sticker.{kind}"
            path.write_bytes(photo)
            files[kind] = GeneratedFile(path, f"image/{kind}", len(photo))
        poster = request.target_dir / "poster.webp"
        poster.write_bytes(photo)
        self.made.append(request.caption)
        return Generated(files, GeneratedFile(poster, "image/webp", len(photo)), request.size, request.size, 2000, 50)

    async def _misbehave(self, caption: str) -> None:
        match caption.partition(" ")[0]:
            case "fail":
                raise EngineFailed
            case "fail-once" if next(self._counts.setdefault(caption, itertools.count())) == 0:
                raise EngineCrashed
            case "crash":
                raise EngineCrashed
            case "memory":
                raise OutOfMemory
            case "timeout":
                raise TimedOut
            case "bug":
                raise ZeroDivisionError
            case "hang":
                await asyncio.sleep(3600)
            case "slow":
                await asyncio.sleep(1)
            case _:
                pass
