"""Stickers through the whole engine: every format of one rendering, progress, and nothing left behind by failures."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image

from app.engines.base import EngineCrashed, EngineFailed, GenerateRequest, InputRefused, OutOfMemory, PrepareRequest
from app.engines.processes import ProcessPool
from app.engines.records import to_record
from tests.engines.processes.conftest import until

if TYPE_CHECKING:
    from pathlib import Path

    from app.engines.local_engine import LocalEngine

pytestmark = pytest.mark.anyio
SMALL = 128
WINK_FRAMES, WINK_MS = 45, 1800


def ignored(share: float) -> None:
    pass


class TestGenerated:
    async def test_every_format_of_one_rendering(self, local: LocalEngine, astronaut: Path, target: Path) -> None:
        told: list[float] = []
        request = GenerateRequest(astronaut, "wink", target, formats=("mp4", "gif", "webp"), size=SMALL)
        made = await local.generate(request, told.append)
        assert (made.width, made.height, made.frames, made.duration_ms) == (SMALL, SMALL, WINK_FRAMES, WINK_MS)
        assert sorted(target.iterdir()) == sorted([made.poster.path, *(file.path for file in made.files.values())])
        for file in (made.poster, *made.files.values()):
            assert file.bytes == file.path.stat().st_size > 500
        assert {name: file.content_type for name, file in made.files.items()} == {
            "mp4": "video/mp4",
            "gif": "image/gif",
            "webp": "image/webp",
        }
        for name in ("gif", "webp"):
            with Image.open(made.files[name].path) as picture:
                assert picture.size == (SMALL, SMALL)
                assert getattr(picture, "n_frames", 1) > 30
                assert picture.convert("RGBA").getpixel((1, 1))[3] == 0  # type: ignore[index]
        with av.open(str(made.files["mp4"].path)) as video:
            assert sum(1 for _ in video.decode(video=0)) == WINK_FRAMES
        with Image.open(made.poster.path) as poster:
            assert (poster.format, poster.size, poster.mode) == ("WEBP", (SMALL, SMALL), "RGBA")
        assert told[0] == 0.0
        assert told[-1] == 1.0
        assert told == sorted(told)
        assert max(later - sooner for sooner, later in itertools.pairwise(told)) < 0.6

    async def test_the_words_are_those_asked_for(self, local: LocalEngine, astronaut: Path, tmp_path: Path) -> None:
        posters = set()
        for number, (caption, lang) in enumerate([(None, "zh"), (None, "en"), ("", "zh")]):
            folder = tmp_path / str(number)
            folder.mkdir()
            request = GenerateRequest(
                astronaut,
                "wink",
                folder,
                caption,
                lang,  # type: ignore[arg-type]
                formats=(),
                size=SMALL,
            )
            made = await local.generate(request, ignored)
            posters.add(made.poster.path.read_bytes())
        assert len(posters) == 3

    async def test_from_a_prepared_photo(self, local: LocalEngine, astronaut: Path, target: Path) -> None:
        photo = await local.prepare(PrepareRequest(astronaut, target))
        made = await local.generate(
            GenerateRequest(photo.file, "mengwa_kaixin", target, formats=("webp",), size=SMALL), ignored
        )
        assert list(made.files) == ["webp"]
        assert photo.file.exists()


class TestRefused:
    @pytest.mark.parametrize("driven_id", ["nothing", "", "眨眼", "WINK", "../templates/wink.yaml", "wink.yaml"])
    async def test_a_template_that_is_not_on_the_list(
        self, driven_id: str, local: LocalEngine, astronaut: Path, target: Path
    ) -> None:
        with pytest.raises(EngineFailed) as caught:
            await local.generate(GenerateRequest(astronaut, driven_id, target), ignored)
        assert caught.value.code == "unknown_template"
        assert not caught.value.retryable

    async def test_a_photo_without_a_face(self, local: LocalEngine, cat: Path, target: Path, tmp_path: Path) -> None:
        photo = tmp_path / "cat.png"
        Image.open(cat).resize((902, 600)).save(photo)
        with pytest.raises(InputRefused) as caught:
            await local.generate(GenerateRequest(photo, "wink", target), ignored)
        assert caught.value.code == "no_face"
        assert list(target.iterdir()) == []

    async def test_a_broken_photo_and_a_missing_one(self, local: LocalEngine, target: Path, tmp_path: Path) -> None:
        broken = tmp_path / "photo.jpg"
        broken.write_bytes(b"\xff\xd8\xff" + bytes(100))
        with pytest.raises(InputRefused):
            await local.generate(GenerateRequest(broken, "wink", target), ignored)
        with pytest.raises(EngineFailed) as caught:
            await local.generate(GenerateRequest(tmp_path / "nothing.jpg", "wink", target), ignored)
        assert caught.value.retryable

    async def test_a_size_that_cannot_be_is_a_mistake_of_the_caller(
        self, local: LocalEngine, astronaut: Path, target: Path
    ) -> None:
        with pytest.raises(EngineFailed) as caught:
            await local.generate(GenerateRequest(astronaut, "wink", target, size=8), ignored)
        assert caught.value.code == "engine_failed"
        assert "size must be" in caught.value.__notes__[0]


class TestEnded:
    async def test_cancelled_half_way(self, local: LocalEngine, astronaut: Path, target: Path) -> None:
        told: list[float] = []
        run = asyncio.create_task(local.generate(GenerateRequest(astronaut, "wink", target), told.append))
        await until(lambda: told and told[-1] > 0.3, 20)
        assert list(target.iterdir())
        begun = time.monotonic()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert time.monotonic() - begun < 1
        assert list(target.iterdir()) == []

    async def test_killed_half_way(self, local: LocalEngine, astronaut: Path, target: Path) -> None:
        told: list[float] = []
        run = asyncio.create_task(local.generate(GenerateRequest(astronaut, "wink", target), told.append))
        await until(lambda: told and told[-1] > 0.3, 20)
        for pid in local._rendering.pids:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(EngineCrashed) as caught:
            await run
        assert caught.value.params == {"signal": "SIGKILL"}
        assert list(target.iterdir()) == []
        made = await local.generate(GenerateRequest(astronaut, "wink", target, formats=("mp4",), size=SMALL), ignored)
        assert made.frames == WINK_FRAMES

    async def test_short_of_memory(self, local: LocalEngine, astronaut: Path, target: Path) -> None:
        """Whichever library gets none, and each says so in its own way, it is told as what it is."""
        request = to_record(GenerateRequest(astronaut, "wink", target, formats=("mp4", "webp")))
        for megabytes in (88, 96, 104):
            pool = ProcessPool("tight", 1, local._server, memory_limit_bytes=megabytes * 2**20)
            with pytest.raises(OutOfMemory):
                await pool.run("app.engines.local.generating:generate", request, timeout=30)
            await pool.close()

    async def test_an_upload_does_not_wait_for_a_rendering(
        self, local: LocalEngine, astronaut: Path, target: Path, tmp_path: Path
    ) -> None:
        runs = [
            asyncio.create_task(local.generate(GenerateRequest(astronaut, "wink", target), ignored)) for _ in range(3)
        ]
        await asyncio.sleep(0.1)
        await local.prepare(PrepareRequest(astronaut, tmp_path))
        assert not any(run.done() for run in runs)
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)
        assert list(target.iterdir()) == []
