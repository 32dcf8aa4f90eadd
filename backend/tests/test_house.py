"""The house rules that no linter knows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
BACKEND = ROOT / "backend"
LONGEST = 400
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
NOT_OURS = {".venv", ".data", ".git", "stickers", "out", "node_modules"}
HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

code_files = sorted(
    path
    for pattern in ("*.py", "*.sh", "*.js", "*.css", "aipic")
    for path in ROOT.rglob(pattern)
    if path.is_file() and not any(part in NOT_OURS or part.endswith("_cache") for part in path.relative_to(ROOT).parts)
)
pages = sorted(
    path
    for path in [*(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").rglob("*.md"), *ROOT.glob("*.md")]
    if not path.name.endswith(".zh-CN.md") and path.name != "CHANGELOG.md"
)


def test_there_is_something_to_check() -> None:
    assert ROOT / "aipic" in code_files
    assert ROOT / "README.md" in pages


def test_no_file_is_too_long() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in code_files}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in code_files if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES] == []


def test_no_functions_with_such_names() -> None:
    pattern = re.compile(rf"^\s*(?:def|class) _?(?:{'|'.join(FORBIDDEN_NAMES)})\b", re.MULTILINE | re.IGNORECASE)
    assert [path for path in code_files if path.suffix == ".py" and pattern.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_has_its_chinese_twin(page: Path) -> None:
    twin = page.with_name(page.stem + ".zh-CN.md")
    assert twin.is_file(), f"{twin.name} is missing"
    english, chinese = page.read_text("utf-8"), twin.read_text("utf-8")
    assert len(FENCE.findall(english)) == len(FENCE.findall(chinese))
    prose = [FENCE.sub("", content) for content in (english, chinese)]
    levels = [[len(mark) for mark in HEADING.findall(content)] for content in prose]
    assert levels[0] == levels[1]


def test_every_chinese_page_has_its_english_twin() -> None:
    twins = [*(ROOT / "docs").rglob("*.zh-CN.md"), *(ROOT / "bench").rglob("*.zh-CN.md"), *ROOT.glob("*.zh-CN.md")]
    assert [twin for twin in twins if not twin.with_name(twin.name.replace(".zh-CN", "")).is_file()] == []


@pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_files_lead_somewhere(page: Path) -> None:
    for file in (page, page.with_name(page.stem + ".zh-CN.md")):
        content = FENCE.sub("", file.read_text("utf-8"))
        links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", content) + re.findall(r'src="([^"]+)"', content)
        local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
        assert [link for link in local if not (file.parent / link).exists()] == []


@pytest.mark.parametrize(("name", "most"), [("hero.webp", 1_500_000), ("engine-example.webp", 300_000)])
def test_pictures_of_the_docs_are_animated_and_light(name: str, most: int) -> None:
    path = ROOT / "docs" / "images" / name
    assert path.stat().st_size <= most
    with Image.open(path) as picture:
        assert getattr(picture, "is_animated", False)
        assert picture.info["loop"] == 0


class TestLocks:
    names = ("requirements.lock", "requirements-embedded.lock", "requirements-dev.lock", "requirements-uv.lock")

    @pytest.mark.parametrize("name", names)
    def test_names_no_host_and_pins_all_with_hashes(self, name: str) -> None:
        content = (BACKEND / name).read_text("utf-8")
        assert "//" not in content
        assert "index-url" not in content
        for requirement in re.split(r"\n(?=\S)", content.strip()):
            assert re.match(r"[a-z0-9-]+(\[[a-z,-]+\])?==\S+", requirement)
            assert "--hash=sha256:" in requirement

    def test_testing_uses_what_is_shipped(self) -> None:
        run, embedded, dev = (
            set(re.findall(r"^\S+==\S+", (BACKEND / name).read_text("utf-8"), re.MULTILINE)) for name in self.names[:3]
        )
        assert run
        assert run < embedded < dev


def test_the_licence_and_notices_are_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    notice = (ROOT / "NOTICE").read_text("utf-8")
    for model in (BACKEND / "app/engines/local/models").glob("*.tflite"):
        assert model.name in notice
    for photo in (BACKEND / "tests/fixtures").iterdir():
        assert photo.name in notice


SCRIPTS = [
    "aipic",
    ".ci/run",
    "backend/scripts/prestart.sh",
    *(f"scripts/{name}.sh" for name in ("build", "push", "deploy")),
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_executable_and_parse(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_bash_of_macos_can_read_it() -> None:
    """Version 3.2 has none of these."""
    script = (ROOT / "aipic").read_text("utf-8")
    for newer in ("declare -A", "readarray", "mapfile", ",,}", "^^}", "&>>", "|&", "local -n", "readlink -f <"):
        assert newer not in script
