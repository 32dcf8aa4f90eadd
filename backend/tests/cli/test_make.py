from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from app.cli import make

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said

    Shell = Callable[..., Said]

pytestmark = pytest.mark.long(20)

SMALL = ("--size", "96", "--fps", "5")


class TestOneSticker:
    def test_a_file(self, shell: Shell, astronaut: Path) -> None:
        said = shell("make", astronaut, "-t", "wink", "-o", "deep/wink.gif", *SMALL)
        assert (said.code, said.err) == (0, "")
        line, total = said.out.splitlines()
        assert line.startswith("deep/wink.gif  96×96  9 帧  1.80 秒  ")
        assert total.startswith("共 1 个，用时 ")
        with Image.open("deep/wink.gif") as made:
            assert (made.format, made.size, getattr(made, "n_frames", 1)) == ("GIF", (96, 96), 9)
        assert list(Path("deep").iterdir()) == [Path("deep/wink.gif")]

    def test_it_is_written_over(self, shell: Shell, astronaut: Path) -> None:
        Path("a.webp").write_text("old")
        assert shell("make", astronaut, "-t", "wink", "-o", "a.webp", *SMALL).code == 0
        with Image.open("a.webp") as made:
            assert made.format == "WEBP"

    def test_options_reach_the_engine(self, shell: Shell, astronaut: Path) -> None:
        options = ("--background", "#10c020", "--no-caption", "--format", "apng", "--face", "1", "--lang", "en")
        said = shell("make", astronaut, "-t", "wink", "-o", "out", *options, *SMALL)
        assert (said.code, said.err) == (0, "")
        assert "9 frames" in said.out
        with Image.open("out/wink.png") as made:
            pixels = np.asarray(made.convert("RGBA"))
        np.testing.assert_allclose(pixels[0, 0], (16, 192, 32, 255), atol=3)

    def test_the_words_follow_lang_only_when_it_is_given(
        self, shell: Shell, astronaut: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LANG", "en_US.UTF-8")
        pictures = []
        for name, more in (("a.png", ()), ("b.png", ("--lang", "zh")), ("c.png", ("--lang", "en"))):
            assert shell("make", astronaut, "-t", "wink", "-o", name, *SMALL, *more).code == 0
            pictures.append(Path(name).read_bytes())
        assert pictures[0] == pictures[1]
        assert pictures[0] != pictures[2]


class TestSeveral:
    def test_side_by_side_with_a_sheet(self, shell: Shell, astronaut: Path) -> None:
        said = shell("make", astronaut, "-t", "wink,kiss", *SMALL)
        assert (said.code, said.err) == (0, "")
        folder = Path("stickers/astronaut")
        assert sorted(path.name for path in folder.iterdir()) == ["kiss.webp", "sheet.png", "wink.webp"]
        assert [line.split()[0] for line in said.out.splitlines()[:3]] == [
            str(folder / name) for name in ("wink.webp", "kiss.webp", "sheet.png")
        ]
        with Image.open(folder / "sheet.png") as sheet:
            assert sheet.format == "PNG"

    def test_one_that_fails_leaves_the_others(self, shell: Shell, astronaut: Path) -> None:
        Path("out/kiss.webp").mkdir(parents=True)
        said = shell("make", astronaut, "-t", "wink,kiss", "-o", "out/", *SMALL)
        assert said.code == 2
        assert said.err.startswith("亲亲：没做成。不能写入 out/kiss.webp")
        assert "1 个没做成" in said.err
        assert Path("out/wink.webp").is_file()


class TestRefusals:
    def test_a_photo_that_cannot_be_used(self, shell: Shell, tmp_path: Path, cat: Path) -> None:
        with Image.open(cat) as small:
            small.resize((902, 600)).save(tmp_path / "large cat.png")
        said = shell("make", tmp_path / "large cat.png")
        assert said.code == 2
        assert said.err.startswith("这张照片不能用：\n✗ 照片里没有找到人脸。\n  请换")
        assert not Path("stickers").exists()

    def test_a_face_that_is_not_there(self, shell: Shell, astronaut: Path) -> None:
        said = shell("make", astronaut, "--face", "3")
        assert said.code == 2
        assert "没有第 3 张脸" in said.err

    def test_a_file_that_is_no_picture(self, shell: Shell) -> None:
        Path("a.jpg").write_text("hello")
        said = shell("make", "a.jpg", "--lang", "en")
        assert said.code == 2
        assert said.err.startswith("This kind of picture is not supported.\n  JPEG, PNG")


@pytest.mark.parametrize("sign", [".*.part", "*.webp"], ids=["while the workers start", "in the middle"])
def test_interrupted_it_leaves_nothing_half(astronaut: Path, tmp_path: Path, sign: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "make", str(astronaut), "-t", "all", "-o", str(tmp_path / "out")],
        cwd=Path(make.__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while process.poll() is None and not list((tmp_path / "out").glob(sign)) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the parent and all workers
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert (out, err) == ("", "")
    assert all(path.suffix == ".webp" for path in (tmp_path / "out").iterdir())


def test_characters_that_the_font_lacks_are_named(shell: Shell, astronaut: Path) -> None:
    said = shell("make", astronaut, "-t", "wink", "-o", "w.webp", "--caption", "好\U0001f600", "--lang", "en", *SMALL)
    assert said.code == 0
    assert "lacks these characters: \U0001f600" in said.err
