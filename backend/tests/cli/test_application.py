from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.cli import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said

    Shell = Callable[..., Said]


class TestHelp:
    @pytest.mark.parametrize(
        "arguments", [("--help",), ("-h",), ("make", "--help"), ("check", "-h"), ("templates", "--help")]
    )
    def test_in_both_languages(self, shell: Shell, arguments: tuple[str, ...]) -> None:
        chinese, english = shell(*arguments), shell(*arguments, "--lang", "en") if len(arguments) > 1 else None
        assert chinese.code == 0
        assert "用法：./aipic" in chinese.out
        assert chinese.err == ""
        if english is not None:
            assert english.out.startswith("Usage: ./aipic")
            assert english.out.isascii()

    def test_follows_the_environment(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LANG", "en_US.UTF-8")
        assert "Commands" in shell("--help").out

    def test_lines_fit_a_terminal_of_80_columns(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        from rich.cells import cell_len

        monkeypatch.setenv("COLUMNS", "80")
        for lang in ("zh", "en"):
            assert max(map(cell_len, shell("make", "--help", "--lang", lang).out.splitlines())) <= 80

    def test_is_quick_because_nothing_heavy_is_loaded(self) -> None:
        script = (
            "import sys; from app.cli.application import run; run(['make', '--help']);"
            "sys.exit(bool({'cv2', 'numpy', 'PIL', 'av'} & set(sys.modules)))"
        )
        backend = Path(check.__file__).parents[2]
        subprocess.run([sys.executable, "-c", script], cwd=backend, check=True, stdout=subprocess.DEVNULL)


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("make",), "缺少：照片"),
            (("make", "--foo"), "没有这个选项：--foo"),
            (("make", "a.jpg", "b.jpg"), "多出来的内容"),
            (("make", "a.jpg", "--size"), "--size 后面要写一个值"),
            (("make", "a.jpg", "--size", "9"), "--size 要写一个数，64 到 1024"),
            (("make", "a.jpg", "--fps", "x"), "--fps 要写一个数，1 到 60"),
            (("make", "a.jpg", "--face", "0"), "--face 要写一个数"),
            (("make", "a.jpg", "--lang", "fr"), "--lang 只能是 zh 或 en"),
            (("make", "a.jpg", "-b", "blurple"), "--background 不认识"),
            (("make", "a.jpg", "--caption", "x", "--no-caption"), "只能用一个"),
            (("make", "a.jpg", "-t", "wnk"), "wink"),
            (("make", "a.jpg"), "找不到这个文件"),
            (("check", "a.jpg"), "找不到这个文件"),
            (("templates", "a.jpg"), "--sheet"),
            (("templates", "--validate", "a.yaml"), "a.yaml"),
            (("templates", "--sheet", "-o", "a.gif"), "总览图只能写成"),
            (("paint",), "没有这个命令：paint"),
        ],
    )
    def test_one_clear_line_and_exit_code_2(self, shell: Shell, arguments: tuple[str, ...], words: str) -> None:
        said = shell(*arguments)
        assert said.code == 2
        assert words in said.err
        assert said.out == ""
        assert len(said.err.splitlines()) <= 2
        english = shell(*arguments, *(() if "--lang" in arguments or "--size" in arguments[-1:] else ("--lang", "en")))
        assert english.code == 2

    def test_in_english(self, shell: Shell) -> None:
        assert shell("make", "--lang", "en").err.startswith("Missing: PHOTO")
        assert "There is no such file" in shell("check", "a.jpg", "--lang", "en").err

    def test_without_a_command_there_is_help(self, shell: Shell) -> None:
        said = shell()
        assert said.code in (0, 2)
        assert "templates" in said.out + said.err


class TestTheUnexpected:
    def test_our_mistakes_are_one_line_too(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise ZeroDivisionError("oh")

        monkeypatch.setattr("app.cli.inspection.inspect_photo", broken)
        said = shell("check", "a.jpg")
        assert said.code == 1
        assert said.err.startswith("程序出错了：ZeroDivisionError: oh")
        assert "Traceback" not in said.err
        monkeypatch.setenv("AIPIC_DEBUG", "1")
        assert "Traceback" in shell("check", "a.jpg").err

    def test_an_interrupt(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("app.cli.inspection.inspect_photo", interrupted)
        said = shell("check", "a.jpg")
        assert (said.code, said.out) == (130, "")
        assert "Traceback" not in said.err
