"""Files that are right on one system and wrong on another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.ops.doctor.command import run
from app.ops.doctor.finding import Finding, Level, Words, listed, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ops.doctor.setup import Setup


def names_that_collide(setup: Setup) -> Iterator[Finding]:
    """D28: two names that only differ in capitals."""
    answer = run(["git", "ls-files", "-z"], environment=setup.environment, folder=setup.root)
    if not answer.good:
        return
    seen: dict[str, str] = {}
    for path in filter(None, answer.out.split("\0")):
        other = seen.setdefault(path.casefold(), path)
        if other != path:
            yield Finding(
                "D28",
                Level.WARN,
                Words(f"{other} 和 {path} 只差大小写", f"{other} and {path} differ in capitals only"),
                Words(
                    "macOS 的磁盘分不清它们，容器里的 Linux 分得清：import 会在一边失败。",
                    "A Mac's disk takes them for one file, Linux in the container does not: imports fail on one side.",
                ),
                same(f"git mv '{path}' '{path}.renamed'"),
            )


def script_line_ends(setup: Setup) -> Iterator[Finding]:
    """D29: scripts with Windows line ends do not start in a container."""
    places = [*(setup.root / "backend").glob("*.sh"), *(setup.root / "backend" / "scripts").glob("*.sh")]
    places += [path for path in (setup.root / "backend" / "Dockerfile", setup.root / "aipic") if path.is_file()]
    wrong = [str(path.relative_to(setup.root)) for path in places if b"\r\n" in path.read_bytes()]
    if wrong:
        yield Finding(
            "D29",
            Level.FAIL,
            Words(f"{listed(wrong).zh} 用了 Windows 换行", f"{listed(wrong).en} has Windows line ends"),
            Words(
                "容器里会报 no such file or directory，尽管文件就在那里。多半是 git 的 core.autocrlf 改的。",
                "A container says `no such file or directory` though the file is there; git's core.autocrlf does that.",
            ),
            same(f"perl -pi -e 's/\\r$//' {' '.join(wrong)}"),
        )
