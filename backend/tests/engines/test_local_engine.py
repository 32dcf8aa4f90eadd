from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from app.engines.base import Engine, EngineFailed, OutOfMemory
from app.engines.local.errors import EncodeFailed, PhotoRefused
from app.engines.local.failures import failures_told
from app.engines.local.recent_rigs import RecentRigs
from app.engines.local_engine import LocalEngine, LocalOptions, _taken
from app.engines.registry import ENGINES, UnknownEngine, create_engine
from tests.engines.processes.jobs import HERE

pytestmark = pytest.mark.anyio
BACKEND = Path(__file__).parents[2]


class TestTemplates:
    async def test_are_listed_in_display_order(self, local: LocalEngine) -> None:
        templates = local.templates()
        assert len(templates) == 50
        assert [each.position for each in templates] == list(range(50))
        assert len({each.driven_id for each in templates}) == 50
        wink = templates[4]
        assert (wink.driven_id, wink.name.as_dict()) == ("wink", {"zh": "眨眼", "en": "Wink"})
        assert (wink.duration_ms, wink.fps) == (1800, 25)
        assert wink.caption.said("zh") == "你懂的"
        assert (wink.category.id, wink.category.zh, wink.category.en) == ("love", "心动", "Love")

    async def test_the_clouds_have_the_clouds_names(self, local: LocalEngine) -> None:
        names = {each.driven_id for each in local.templates()}
        assert {"mengwa_kaixin", "dagong_zhuakuang", "jingdian_deyi_1"} <= names
        assert sum(name.startswith(("mengwa_", "dagong_", "jingdian_")) for name in names) == 20


class TestProcesses:
    async def test_the_engine_is_forked_from_a_process_with_one_thread(self, local: LocalEngine) -> None:
        seen = await local._rendering.run(f"{HERE}:ancestry", None, timeout=10)
        assert seen["parent"] == local._server.pid
        assert seen["threads"] == 1

    def test_the_service_itself_loads_no_pixel_code_and_stays_small(self) -> None:
        script = (
            "import asyncio, pathlib, sys\n"
            "from app.engines.registry import create_engine\n"
            "async def main():\n"
            "    engine = create_engine('local')\n"
            "    await engine.start()\n"
            "    await engine.close()\n"
            "asyncio.run(main())\n"
            "status = pathlib.Path('/proc/self/status')\n"
            "rows = status.read_text().splitlines() if status.exists() else ['VmHWM: 0']\n"
            "print([row.split()[1] for row in rows if 'VmHWM' in row][0], *sys.modules)"
        )
        run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=BACKEND)
        size, *modules = run.stdout.split()
        assert {name.partition(".")[0] for name in modules}.isdisjoint({"numpy", "cv2", "PIL", "av", "pillow_heif"})
        assert int(size) < 60 * 1024


class TestRegistry:
    def test_makes_engines_by_name(self) -> None:
        engine: Engine = create_engine("local", LocalOptions(render_processes=1))
        assert engine.name == "local"
        assert list(ENGINES) == ["local"]

    def test_an_unknown_name_is_told_with_those_there_are(self) -> None:
        with pytest.raises(UnknownEngine, match=r"'clould'.*local"):
            create_engine("clould")


class TestWhatAChildSays:
    def test_only_a_plain_file_in_its_own_folder_is_taken(self, tmp_path: Path) -> None:
        scratch, secret = tmp_path / "scratch", tmp_path / "secret"
        scratch.mkdir()
        secret.write_text("secret", "ascii")
        with pytest.raises(EngineFailed):
            _taken(secret, scratch, tmp_path)
        (scratch / "sticker.gif").symlink_to(secret)
        with pytest.raises(EngineFailed):
            _taken(scratch / "sticker.gif", scratch, tmp_path)
        (scratch / "poster.webp").write_bytes(b"12345")
        assert _taken(Path("/elsewhere/poster.webp"), scratch, tmp_path) == (tmp_path / "poster.webp", 5)


class TestRecentRigs:
    def test_a_photo_is_known_by_its_bytes(self, astronaut: Path, tmp_path: Path) -> None:
        copy = tmp_path / "copy.png"
        copy.write_bytes(astronaut.read_bytes())
        recent = RecentRigs()
        first = recent.look_up(astronaut, 512)
        assert not first.has_rig
        rig = first.rig()
        again = recent.look_up(copy, 512)
        assert again.has_rig
        assert again.rig() is rig
        assert not recent.look_up(copy, 640).has_rig

    def test_the_one_not_used_for_longest_goes(self, astronaut: Path) -> None:
        recent = RecentRigs(most=2)
        rig = recent.look_up(astronaut, 512).rig()
        keys = [(bytes([number]), 512) for number in range(3)]
        recent.keep(keys[0], rig)
        assert recent.look_up(astronaut, 512).rig() is rig  # used again
        recent.keep(keys[1], rig)
        assert recent.look_up(astronaut, 512).has_rig
        assert keys[0] not in recent
        assert keys[1] in recent


class TestFailures:
    @pytest.mark.parametrize(
        "error",
        [
            EncodeFailed("encode_disk_full", path="/secret/place"),
            OSError(errno.ENOSPC, "No space left on device", "/secret/place"),
        ],
    )
    def test_a_full_disk_passes_and_names_no_path(self, error: Exception) -> None:
        with pytest.raises(EngineFailed) as caught, failures_told():
            raise error
        assert caught.value.code in {"encode_disk_full", "disk_full"}
        assert caught.value.retryable
        assert "secret" not in caught.value.message.zh + caught.value.message.en + str(caught.value.params)
        assert "secret" in caught.value.__notes__[0]

    def test_what_is_wrong_with_the_installation_is_not_tried_again(self) -> None:
        with pytest.raises(EngineFailed) as caught, failures_told():
            raise EncodeFailed("encode_codec_failed", format="mp4", problem="?")
        assert not caught.value.retryable

    def test_a_photo_that_could_not_be_decoded_for_want_of_memory_is_not_called_broken(self) -> None:
        refusal = PhotoRefused("broken_file")
        refusal.__cause__ = MemoryError()
        with pytest.raises(OutOfMemory), failures_told():
            raise refusal

    def test_mistakes_of_ours_stay_what_they_are(self) -> None:
        with pytest.raises(ZeroDivisionError), failures_told():
            raise ZeroDivisionError
