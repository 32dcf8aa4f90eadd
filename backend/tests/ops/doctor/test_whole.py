"""The doctor as a whole: a process of its own, as the launcher starts it."""

from __future__ import annotations

import ast
import json
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.ops.doctor import checks
from app.ops.doctor.codes import CODES
from app.ops.doctor.finding import Finding, Level, Words, ok
from app.ops.doctor.hiding import cleaned, described
from app.ops.doctor.language import chosen_language
from app.ops.doctor.printing import Printer, as_json
from app.ops.doctor.runner import run_check
from tests.ops.doctor.conftest import PASSWORD, ROOT, config, run_environment
from tests.ops.doctor.fake_docker import FakeDocker

PACKAGE = Path(checks.__file__).parents[1]
SECRET = "very-secret-of-tests-42"


def doctor(root: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-m", "app.ops.doctor", "--root", str(root), *words],
        capture_output=True,
        text=True,
        env=run_environment(**more),
        check=False,
        timeout=30,
    )


@pytest.fixture
def broken(root: Path, docker: FakeDocker) -> Path:
    values = {"POSTGRES_SERVER": "localhost", "POSTGRES_PASSWORD": SECRET, "SECRET_KEY": "changethis-" + SECRET}
    docker.says("compose config", config(backend={"environment": values}))
    docker.says("compose ps", [{"ID": "1", "Service": "prestart", "State": "exited", "ExitCode": 1}])
    docker.says("inspect", [])
    docker.says("compose logs", f"cannot sign in with {SECRET} at postgresql://me:{PASSWORD}@host/db\x1b[31m\n")
    (root / ".env").write_text(f"POSTGRES_PASSWORD={SECRET}\r\nSECRET_KEY=changethis-{SECRET}\n")
    return root


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_for_people(broken: Path, docker: FakeDocker, lang: str) -> None:
    done = doctor(broken, "--lang", lang, PATH=str(docker.home))
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert {"D07", "D13", "D17", "D18", "D44"} <= set(re.findall(r"(?:FAIL|WARN) (D\d\d)", done.stdout))
    assert SECRET not in done.stdout
    assert PASSWORD not in done.stdout
    assert "postgresql://me:***@host/db" in done.stdout
    assert "\x1b" not in done.stdout
    guide = "troubleshooting.zh-CN.md#d44" if lang == "zh" else "troubleshooting.md#d44"
    assert guide in done.stdout


def test_for_programs(broken: Path, docker: FakeDocker) -> None:
    done = doctor(broken, "--json", PATH=str(docker.home))
    assert done.returncode == 1
    assert SECRET not in done.stdout
    assert PASSWORD not in done.stdout
    told = json.loads(done.stdout)
    assert told["version"] == 1
    assert told["ok"] is False
    assert sum(told["summary"].values()) == len(told["findings"])
    for row in told["findings"]:
        assert set(row) == {"code", "level", "what", "cause", "command", "lines", "guide"}
        assert row["code"] in CODES
        assert row["level"] in {"OK", "WARN", "FAIL"}
        for words in (row["what"], row["guide"], row["cause"], row["command"]):
            assert words is None or set(words) == {"zh", "en"}
        assert row["level"] == "OK" or row["command"]


def test_without_docker(root: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir(exist_ok=True)
    done = doctor(root, "--lang", "en", PATH=str(tmp_path / "bin"))
    assert done.returncode == 1
    assert done.stdout.count("FAIL D") == 1
    assert "./aipic up needs nothing but Python" in done.stdout
    assert "D05" in done.stdout  # the others go on


def test_colours_on_a_terminal_only(root: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-S", "-m", "app.ops.doctor", "--root", str(root)],
        stdout=theirs,
        env=run_environment(PATH="/nowhere", TERM="xterm"),
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 4096):
            seen += part
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
        process.wait()
    assert b"\x1b[31;1mFAIL\x1b[0m" in seen


def test_the_launcher_starts_it(root: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(ROOT / "aipic"), "doctor", "--root", str(root), "--lang", "zh", "--json"],
        capture_output=True,
        text=True,
        env={**run_environment(), "AIPIC_PYTHON": sys.executable},
        check=False,
        timeout=60,
    )
    assert json.loads(done.stdout)["version"] == 1, done.stderr


def test_a_broken_check_breaks_nothing() -> None:
    def breaks(_: object) -> Iterator[Finding]:
        yield ok("D01", "好", "fine")
        raise RuntimeError("with a secret")

    found = run_check(breaks, None)
    assert [(one.code, one.level) for one in found] == [("D01", Level.OK), ("D00", Level.WARN)]
    assert "secret" not in str(found)


def test_a_check_that_hangs_is_left() -> None:
    done = threading.Event()

    def hangs(_: object) -> Iterator[Finding]:
        done.wait(5)
        yield ok("D01", "好", "fine")

    begun = time.monotonic()
    (found,) = run_check(hangs, None, limit=0.1)
    done.set()
    assert time.monotonic() - begun < 3
    assert found.code == "D00"


@pytest.mark.parametrize(
    ("variables", "lang"),
    [
        ({}, "zh"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"AIPIC_LANG": "en", "LANG": "zh_CN"}, "en"),
    ],
)
def test_language(variables: dict[str, str], lang: str) -> None:
    assert chosen_language(variables) == lang


def test_how_secrets_are_spoken_of() -> None:
    assert described("short-one").en == "9 characters"
    assert described(PASSWORD).en == "24 characters, the last two are 34"
    assert cleaned("redis://:abc@h and abc", ["abc"]) == "redis://:***@h and ***"


def test_a_finding_has_all_its_lines() -> None:
    lines: list[str] = []
    finding = Finding("D44", Level.FAIL, Words("甲", "a"), Words("乙", "b"), Words("丙", "c"), ("\x1b[2Kx\x1by",))
    Printer(lines.append, "en").show(finding)
    assert [line.strip() for line in lines] == [
        *("FAIL D44  a", "Why: b", "It says:", "| xy", "Do: c"),
        "More: docs/development/troubleshooting.md#d44",
    ]
    assert json.loads(as_json([finding]))["findings"][0]["lines"] == ["xy"]


def test_needs_the_standard_library_only() -> None:
    for path in PACKAGE.rglob("*.py"):
        if "inside" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                ours = name.startswith("app.ops.doctor")
                assert ours or name.partition(".")[0] in sys.stdlib_module_names, f"{path}: {name}"


def test_probes_stand_alone() -> None:
    for path in (PACKAGE / "wire").glob("*.py"):
        assert "from app" not in path.read_text("utf-8")


@pytest.mark.parametrize("name", ["troubleshooting.md", "troubleshooting.zh-CN.md"])
def test_the_guide_explains_every_code(name: str) -> None:
    guide = (ROOT / "docs" / "development" / name).read_text("utf-8")
    explained = re.findall(r"^### (D\d\d)\n\n\*\*(.+)\*\*\n\n(.)", guide, re.MULTILINE)
    assert [code for code, *_ in explained] == list(CODES)
    titles = [words.said("zh" if "zh" in name else "en") for words in CODES.values()]
    assert [title for _, title, _ in explained] == titles


def test_no_code_is_made_up() -> None:
    used = {code for path in PACKAGE.rglob("*.py") for code in re.findall(r'"(D\d\d)"', path.read_text("utf-8"))}
    assert used == set(CODES)


def test_a_reader_that_leaves_early(root: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-S", "-m", "app.ops.doctor", "--root", str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=run_environment(PATH="/nowhere"),
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == b""
    process.wait()
