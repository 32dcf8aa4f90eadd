"""``python -m app.ops.doctor``, which is what the launcher runs: exit code 1 only where something must be mended."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.ops.doctor.env_file import read_env_file
from app.ops.doctor.finding import Finding, Level, Words
from app.ops.doctor.fixing import changed_lines, mended, write_mended
from app.ops.doctor.hiding import secret_values
from app.ops.doctor.language import chosen_language
from app.ops.doctor.printing import Printer, as_json
from app.ops.doctor.runner import run_checks
from app.ops.doctor.setup import Setup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT: Final = Path(__file__).parents[4]
_MARKS: Final = (Path("/.dockerenv"), Path("/run/.containerenv"))
_USAGE: Final = 2
_INTERRUPTED: Final = 130


def main(arguments: Sequence[str]) -> int:
    """Check everything and print it."""
    lang = chosen_language(os.environ)
    if "--lang" in arguments[:-1]:
        lang = arguments[arguments.index("--lang") + 1]
    asked = _parser(lang).parse_args(arguments)
    lang = asked.lang or lang
    if asked.fix:
        return _fix(asked.root, lang, agreed=asked.yes)
    inside = asked.inside if asked.inside is not None else _in_our_container(ROOT)
    if inside:
        from app.ops.doctor.inside.checks import INSIDE_CHECKS  # noqa: PLC0415 - needs what the image has
        from app.ops.doctor.inside.place import Inside  # noqa: PLC0415

        return _report(run_checks(INSIDE_CHECKS, Inside()), secret_values(os.environ), lang, as_data=asked.json)
    from app.ops.doctor.registry import CHECKS  # noqa: PLC0415

    setup = Setup(asked.root, os.environ, network=asked.network)
    return _report(run_checks(CHECKS, setup), _secrets(setup), lang, as_data=asked.json)


def _in_our_container(root: Path) -> bool:
    """In the image there is the program but no launcher; a machine may itself be a container."""
    return any(mark.exists() for mark in _MARKS) and not (root / "aipic").exists()


def _secrets(setup: Setup) -> tuple[str, ...]:
    try:
        return setup.secrets
    except OSError:  # a `.env` that cannot be read has its own finding
        return secret_values(os.environ)


def _report(findings: Iterable[Finding], secrets: Sequence[str], lang: str, *, as_data: bool) -> int:
    found: list[Finding] = []
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    printer = Printer(sys.stdout.write, lang, colour=colour, secrets=secrets)
    for finding in findings:
        found.append(finding)
        if not as_data:
            printer.show(finding)
            sys.stdout.flush()
    if as_data:
        print(as_json(found, secrets))
    else:
        printer.summary(found)
    return int(any(finding.level is Level.FAIL for finding in found))


def _fix(root: Path, lang: str, *, agreed: bool) -> int:
    printer = Printer(sys.stdout.write, lang)
    file = read_env_file(root / ".env")
    if file is None:
        printer.say(
            Words(
                "没有 .env 文件，没有要改的。写一个：./aipic init", "There is no .env to mend. Make one: ./aipic init"
            )
        )
        return _USAGE
    after = mended(file.data)
    if after == file.data:
        printer.say(Words(".env 写法干净，没有要改的。", ".env is written cleanly; there is nothing to mend."))
        return 0
    numbers = ", ".join(map(str, changed_lines(file.data, after)[:20]))
    printer.say(
        Words(
            f"会改写 .env 的第 {numbers} 行：只改换行、空格、export 和引号，不改值。原文件会留一份备份。",
            f"This rewrites line {numbers} of .env: line ends, spaces, export, quotes; no values. The old one is kept.",
        )
    )
    if not agreed and not _agrees(lang):
        printer.say(Words("没有改动。", "Nothing was changed."))
        return _USAGE
    try:
        backup = write_mended(file.path, after)
    except OSError as error:
        printer.say(Words(f"没有写成功：{error.strerror}", f"Writing failed: {error.strerror}"))
        return 1
    printer.say(Words(f"改好了。备份：{backup.name}", f"Mended. The old file: {backup.name}"))
    return 0


def _agrees(lang: str) -> bool:
    if not sys.stdin.isatty():
        question = Words("没有终端可以确认；加上 --yes 就直接改。", "There is no terminal to ask; --yes goes ahead.")
        Printer(sys.stdout.write, lang).say(question)
        return False
    question = Words("现在改吗？[y/N] ", "Go ahead? [y/N] ")
    try:
        return input(question.said(lang)).strip().lower() in {"y", "yes", "是"}
    except EOFError:
        return False


def _parser(lang: str) -> argparse.ArgumentParser:
    def text(zh: str, en: str) -> str:
        return zh if lang == "zh" else en

    parser = argparse.ArgumentParser(
        prog="./aipic doctor",
        description=text(
            "检查这台电脑上的 Docker、.env、端口、PostgreSQL 和 Redis：哪里不对、为什么、用哪个命令改。",
            "Checks Docker, .env, ports, PostgreSQL and Redis: what is wrong, why, and the command that mends it.",
        ),
    )
    parser.add_argument(
        "--json", action="store_true", help=text("输出 JSON，两种语言都有", "print JSON, in both languages")
    )
    parser.add_argument(
        "--fix",
        action="store_true",
        help=text("改好 .env 的换行、空格和引号，先问一声", "mend line ends, spaces and quotes of .env; asks first"),
    )
    parser.add_argument("--yes", action="store_true", help=text("和 --fix 一起用：不再问", "with --fix: do not ask"))
    parser.add_argument(
        "--network",
        action="store_true",
        help=text("也试镜像仓库，每个最多 5 秒", "also try the registries, 5 s each at most"),
    )
    parser.add_argument("--lang", choices=("zh", "en"), help=text("用哪种语言", "which language"))
    parser.add_argument(
        "--inside",
        action=argparse.BooleanOptionalAction,
        help=text("当作在容器里（平时自己判断）", "as within a container (found out by itself)"),
    )
    parser.add_argument("--root", type=Path, default=ROOT, help=text("项目文件夹", "the project's folder"))
    return parser


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_INTERRUPTED)
